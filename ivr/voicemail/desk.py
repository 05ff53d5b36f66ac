"""The office's voicemail: keeps messages and mailboxes, tells whoever shows or forwards them.

Theory of operation
-------------------
    begin ─► BEING_LEFT, a row and a growing file ─┬─ deliver ─► NEW ─► heard to the end ─► SAVED ─┐
                 │ power, kill -9                  └─ discard, nothing said ─► gone                 │
                 └─ next start: what reached the card is delivered                   DELETED ◄──────┘
                                                                      days later ─► row and file gone

The row is durable before the first word, so no message is ever without its row; what can't be finished (the
disk is full) stays BEING_LEFT and is tried again every minute. Everything that changes a mailbox passes here,
so that its counts, kept in memory, are right and every lamp is told.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from firmware.core.clock import Clock
from firmware.core.errors import DeviceError, UserError
from firmware.core.ids import new_call_id
from firmware.core.media import PlayTone
from firmware.core.messages import Counts, Message, MessageState, MessageStore
from ivr.voicemail import sound
from ivr.voicemail.door import Door
from ivr.voicemail.model import Mailboxes, Resolved, VoicemailSettings

logger = logging.getLogger(__name__)

_BYTES_PER_SECOND = 32_000
"""Of the recorder: stereo, 16 bit, 8000 Hz."""
_SPARE_BYTES = 20 * 1024 * 1024
"""Left to the records and the settings, however many messages come."""
_ROUND_SECONDS = 60.0
_DAY_MS = 86_400_000

Changed = Callable[[str], None]
Told = Callable[[Message, Resolved], Awaitable[None]]


class NoRoom(DeviceError):
    """No message can be taken: the mailbox or the disk is full."""


class Take(msgspec.Struct):
    """A message while it is being left."""

    message: Message
    file: Path
    tones: tuple[PlayTone, ...]
    """What the caller's line sounds like when the caller has gone."""
    cut_seconds: float = 0.0
    urgent: bool = False
    complete: bool = True


class Voicemail:
    """See the module's head.

    Args:
        store: Keeps messages and mailboxes.
        folder: Where their sound lies.
        mailboxes: Returns the office's mailboxes, as they are set now.
        settings: Returns what is set of them now.
        clock: Dates messages.
        keep_days: Returns how long heard messages are kept; None for as long as there is room.
        free_bytes: How much room the disk has.
    """

    def __init__(
        self,
        store: MessageStore,
        folder: Path,
        mailboxes: Callable[[], Mailboxes],
        settings: Callable[[], VoicemailSettings],
        clock: Clock,
        keep_days: Callable[[], int | None] = lambda: None,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.store = store
        self.folder = folder
        self.clock = clock
        self.door = Door(store, clock)
        self.on_changed: list[Changed] = []
        """Told the name of a mailbox that holds more or fewer messages than before."""
        self.on_delivered: list[Told] = []
        """Told of every new message; what they do is waited for when the box stops."""
        self.on_heard: list[Told] = []
        """Told of every message that is new no more."""
        self._mailboxes = mailboxes
        self._settings = settings
        self._keep_days = keep_days
        self._free_bytes = free_bytes
        self._counts: dict[str, Counts] = {}
        self._being_left: set[str] = set()
        """Messages that callers speak now."""
        self._telling: set[asyncio.Task[None]] = set()
        self._rounds: asyncio.Task[None] | None = None

    # Running

    async def start(self) -> None:
        """Deliver what a power cut broke off, and keep house from now on."""
        await self._round()
        self._rounds = asyncio.create_task(self._keep_house(), name="voicemail")

    async def stop(self) -> None:
        """End what runs; messages being left are delivered by their calls."""
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)
        await asyncio.gather(*self._telling, return_exceptions=True)

    # Mailboxes

    @property
    def settings(self) -> VoicemailSettings:
        return self._settings()

    def find(self, name: str) -> Resolved | None:
        """Return a mailbox by its name or the number keyed for it."""
        return self._mailboxes().find(name)

    def names(self) -> list[str]:
        return self._mailboxes().names()

    def takes_unanswered(self, extension: str) -> bool:
        """Tell whether callers whom an extension doesn't take come to its mailbox."""
        return self._settings().when_unanswered and self.find(extension) is not None

    def counts(self, name: str) -> Counts:
        """Return how many messages a mailbox holds."""
        return self._counts.get(name, Counts())

    def waiting(self, extension: str) -> Counts:
        """Return what waits for an extension: in its own mailbox and those it is a member of."""
        each = [self.counts(box.name) for box in self._mailboxes().of(extension)]
        return Counts(sum(c.new for c in each), sum(c.urgent for c in each), sum(c.saved for c in each))

    def greeting_file(self, name: str) -> Path:
        """Return where a mailbox's recorded greeting lies, there or not."""
        # A group's name may hold anything; a file name must not.
        return self.folder / "greetings" / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.wav"

    # Messages

    async def begin(
        self, box: Resolved, caller: str | None, name: str | None, journey: str, tones: tuple[PlayTone, ...]
    ) -> Take:
        """Begin a message: its row is durable on return, its file is the recorder's to write.

        Raises:
            NoRoom: The mailbox or the disk is full.
            DeviceError: The card refuses.
        """
        settings = self._settings()
        if self.counts(box.name).all >= settings.most_messages:
            raise NoRoom(f"mailbox {box.name} is full")
        needed = settings.longest_seconds * _BYTES_PER_SECOND + _SPARE_BYTES
        if self._free_bytes(self.folder) < needed:
            raise NoRoom("the disk is full")
        now = self.clock.now()
        ident = str(new_call_id())
        path = f"{ident[:4]}/{ident}.wav"
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        message = Message(
            ident,
            box.name,
            MessageState.BEING_LEFT,
            now,
            caller,
            path,
            name,
            journey,
            changed_wall_ms=now.wall_ms,
        )
        await self.store.add(message)
        self._being_left.add(ident)
        return Take(message, self.folder / path, tones)

    async def deliver(self, take: Take) -> Message | None:
        """Put what was said into the mailbox; None when nothing was said.

        Raises:
            DeviceError: It can't be finished now; it is tried again until it can.
        """
        message = msgspec.structs.replace(
            take.message, urgent=take.urgent, complete=take.complete and take.message.complete
        )
        try:
            return await self._deliver(message, take.tones, take.cut_seconds)
        finally:
            self._being_left.discard(message.id)

    async def audible(self, take: Take) -> Path:
        """Return a file of what was said so far, to be played to who said it.

        Raises:
            DeviceError: It can't be made.
        """
        try:
            await asyncio.to_thread(sound.finish, take.file, take.tones, take.cut_seconds)
        except OSError as error:
            raise DeviceError(f"message {take.message.id} can't be played: {error.strerror}") from error
        take.cut_seconds = 0.0
        return take.file

    async def discard(self, take: Take) -> None:
        """Forget a message that is being left."""
        self._being_left.discard(take.message.id)
        await self._remove(take.message)

    async def heard(self, message: Message) -> None:
        """A message was heard to its end: it is new no more."""
        await self._moved(message.id, [MessageState.NEW], MessageState.SAVED)

    async def save(self, message_id: str) -> bool:
        """Keep a message, deleted ones too; False when it is not there any more."""
        states = [MessageState.NEW, MessageState.DELETED]
        if await self._moved(message_id, states, MessageState.SAVED):
            return True
        message = await self.store.get(message_id)
        return message is not None and message.state is MessageState.SAVED

    async def unhear(self, message_id: str) -> bool:
        """Make a message new again; False when it is not there any more."""
        return await self._moved(message_id, [MessageState.SAVED, MessageState.DELETED], MessageState.NEW)

    async def delete(self, message_id: str) -> bool:
        """Delete a message, which can be had back for some days; False when somebody was quicker."""
        return await self._moved(message_id, [MessageState.NEW, MessageState.SAVED], MessageState.DELETED)

    async def forward(self, message: Message, to: Resolved) -> Message:
        """Put a copy into another mailbox, as new.

        Raises:
            UserError: The message is gone, or it is the same mailbox.
            NoRoom: That mailbox is full.
            DeviceError: The card refuses.
        """
        if to.name == message.mailbox:
            raise UserError("The message is in that mailbox already.")
        if self.counts(to.name).all >= self._settings().most_messages:
            raise NoRoom(f"mailbox {to.name} is full")
        ident = str(new_call_id())
        path = f"{ident[:4]}/{ident}.wav"
        target = self.folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Another name for the same sound: deleting one leaves the other.
            os.link(self.folder / message.path, target)
        except FileNotFoundError:
            raise UserError("The message is not there any more.") from None
        except OSError as error:
            raise DeviceError(f"the message can't be forwarded: {error.strerror}") from error
        copy = msgspec.structs.replace(
            message,
            id=ident,
            mailbox=to.name,
            state=MessageState.NEW,
            path=path,
            forwarded_by=message.mailbox,
            changed_wall_ms=self.clock.now().wall_ms,
        )
        await self.store.add(copy)
        await self._recount(to.name)
        self._tell(self.on_delivered, copy)
        return copy

    # Behind

    async def _deliver(self, message: Message, tones: tuple[PlayTone, ...], cut: float) -> Message | None:
        file = self.folder / message.path
        try:
            kept = await asyncio.to_thread(sound.finish, file, tones, cut)
        except FileNotFoundError:
            kept = sound.Sound(0, 0)
        except OSError as error:
            raise DeviceError(f"message {message.id} can't be finished: {error.strerror}") from error
        if kept.spoken_ms < self._settings().shortest_seconds * 1000:
            await self._remove(message)
            return None
        now = self.clock.now().wall_ms
        delivered = msgspec.structs.replace(
            message, state=MessageState.NEW, duration_ms=kept.duration_ms, changed_wall_ms=now
        )
        await self.store.replace(delivered)
        await self._recount(message.mailbox)
        self._tell(self.on_delivered, delivered)
        return delivered

    async def _moved(self, message_id: str, states: list[MessageState], to: MessageState) -> bool:
        moved = await self.store.move(message_id, states, to)
        if moved is None:
            return False
        await self._recount(moved.mailbox)
        if to is not MessageState.NEW:
            self._tell(self.on_heard, moved)
        return True

    async def _remove(self, message: Message) -> None:
        # The row first: sound without a row is only untidy, a row without sound a riddle.
        if await self.store.remove(message.id):
            await asyncio.to_thread((self.folder / message.path).unlink, missing_ok=True)

    async def _recount(self, name: str) -> None:
        self._counts = await self.store.counts()
        for tell in self.on_changed:
            tell(name)

    def _tell(self, whom: list[Told], message: Message) -> None:
        box = self.find(message.mailbox)
        if box is None:
            return
        for tell in whom:
            task = asyncio.create_task(_told(tell, message, box), name=f"news of message {message.id}")
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_ROUND_SECONDS)
            await self._round()

    async def _round(self) -> None:
        """Do what is due; while the card refuses, it is due again in a minute."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._counts = await self.store.counts()
            await self._finish_left_over()
            await self.clear_away()
        except (DeviceError, OSError) as error:
            logger.warning("voicemail: %s", error)

    async def _finish_left_over(self) -> None:
        """Deliver messages whose caller is gone and that were not finished."""
        for message in await self.store.in_state(MessageState.BEING_LEFT, 2**62):
            if message.id in self._being_left:
                continue
            try:
                broken_off = msgspec.structs.replace(message, complete=False)
                kept = await self._deliver(broken_off, (), 0.0)
                logger.warning("message %s was broken off: %s", message.id, "kept" if kept else "empty")
            except DeviceError as error:
                logger.warning("message %s: %s", message.id, error)

    async def clear_away(self) -> None:
        """Remove deleted messages and heard ones that are old enough.

        Never one that nobody has heard, or one under legal hold.

        Raises:
            DeviceError: The card refuses.
            OSError: The disk refuses.
        """
        now, kept = self.clock.now(), self._keep_days()
        if not now.clock_set:
            return
        days = {MessageState.DELETED: self._settings().deleted_days}
        if kept is not None:
            days[MessageState.SAVED] = kept
        for state, age in days.items():
            for message in await self.store.in_state(state, now.wall_ms - age * _DAY_MS):
                await self._remove(message)
                await self._recount(message.mailbox)


async def _told(tell: Told, message: Message, box: Resolved) -> None:
    try:
        await tell(message, box)
    except Exception:
        logger.exception("news of message %s could not be passed on", message.id)
