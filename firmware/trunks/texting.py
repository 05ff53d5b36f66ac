"""Text messages of the box over its lines: stored before they leave the SIM, sent until the network has them.

Theory of operation
-------------------
    SmsReceived ─► store ─► sms_stored (the SIM may forget it) ─► listeners ─► handled

    send ─► QUEUED ──a line carries it──► SENT ─► (report) DELIVERED
               ▲                ├─► FAILED
               └── no report ── UNCERTAIN (the modem vanished in the middle)

Everything is in the store before it is acted upon, so a power cut anywhere repeats a step and loses none.
A message in doubt waits `REPORT_PATIENCE` for a delivery report and is sent again when none comes: doubled
at worst, never lost. Messages for a line that is away wait for it; those without a line go to the first that
carries messages.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from firmware.core.errors import DeviceError, UserError
from firmware.core.texts import OnText, OutgoingText, ReceivedText, TextState
from firmware.trunks.trunks import TextEvent, Trunks
from hal.line import (
    Line,
    LineError,
    MessagingLine,
    SmsDelivery,
    SmsOutcome,
    SmsPartSent,
    SmsReceived,
    SmsReport,
    SmsSendResult,
)

logger = logging.getLogger(__name__)

REPORT_PATIENCE = 600.0
"""Seconds a report may take to tell that a message in doubt was sent; mostly they come within a minute."""
RETRY_PAUSE = 30.0
"""Seconds between attempts to hand a message to a line, or to store one that came in."""
MAX_HANDED = 100
"""Messages in the lines' own queues; the rest waits in the store."""
MAX_BODY = 1500
"""Characters: ten parts of GSM7."""
_NUMBER = re.compile(r"\+?[0-9]{3,20}", re.ASCII)
_OUTCOMES = {
    SmsOutcome.SENT: TextState.SENT,
    SmsOutcome.REFUSED: TextState.FAILED,
    SmsOutcome.UNCERTAIN: TextState.UNCERTAIN,
}
_DELIVERIES = {
    SmsDelivery.DELIVERED: "delivered",
    SmsDelivery.TRYING: "trying",
    SmsDelivery.FAILED: "failed",
}


class Store(Protocol):
    """What is needed of `firmware.store.texts.TextStore`."""

    async def take(
        self, ident: str, line: str, number: str, body: str, sent: str | None, *, complete: bool
    ) -> ReceivedText | None: ...

    async def handled(self, seq: int) -> None: ...

    async def queue(self, number: str, body: str, purpose: str, author: str, line: str | None) -> str: ...

    async def part_sent(self, key: str, part: int, parts: int, reference: int) -> None: ...

    async def settle(self, key: str, state: TextState, detail: str = "") -> None: ...

    async def reported(self, number: str, reference: int, delivery: str) -> str | None: ...

    async def unhandled(self) -> list[ReceivedText]: ...

    async def waiting(self) -> list[OutgoingText]: ...

    async def get(self, key: str) -> OutgoingText | None: ...


class Texting:
    """Carries the box's messages. Fulfils `firmware.core.texts.TextSender`.

    Args:
        trunks: Their lines carry them; its `on_text` is taken over.
        store: Keeps them.
    """

    def __init__(self, trunks: Trunks, store: Store) -> None:
        self.on_other: Callable[[Line, TextEvent], None] | None = None
        """Told of what isn't a message: service codes, the network's time."""
        self._trunks = trunks
        self._store = store
        self._listeners: list[OnText] = []
        self._handed: set[str] = set()
        """Keys that a line has in its queue."""
        self._told: set[int] = set()
        """Messages listeners have had, since the start."""
        self._doubtful: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: dict[str, asyncio.Lock] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        trunks.on_text = self._on_text

    def start(self) -> None:
        """Begin to send what waits, also from before the last power cut."""
        self._keeper = asyncio.create_task(self._keep_sending(), name="texting")

    async def stop(self) -> None:
        """Finish what is being written; what isn't sent yet waits for the next start."""
        for timer in self._doubtful.values():
            timer.cancel()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def carries(self) -> bool:
        """Whether any line of the box carries messages."""
        return self._trunks.messaging() is not None

    async def send(
        self, number: str, body: str, *, purpose: str = "", author: str = "", line: str | None = None
    ) -> str:
        """See `firmware.core.texts.TextSender`."""
        bare = re.sub(r"[ ().-]", "", number)
        if not _NUMBER.fullmatch(bare):
            raise UserError(f"{number} can't take messages: write 3 to 20 digits")
        if not body.strip():
            raise UserError("the message is empty")
        if len(body) > MAX_BODY:
            raise UserError(f"the message is longer than {MAX_BODY} characters")
        if self._trunks.messaging(line) is None:
            raise UserError(
                "no line of this box carries messages" if line is None else f"{line} carries none"
            )
        key = await self._store.queue(bare, body, purpose, author, line)
        self._wake.set()
        return key

    def listen(self, listener: OnText) -> Callable[[], None]:
        """See `firmware.core.texts.TextSender`."""
        self._listeners.append(listener)
        self._attend(self._catch_up())
        return lambda: self._listeners.remove(listener)

    # What the lines say

    def _on_text(self, line: Line, event: TextEvent) -> None:
        match event:
            case SmsReceived():
                self._attend(self._take(line, event))
            case SmsPartSent(key, part, parts, reference):
                self._attend(self._in_turn(key, self._store.part_sent(key, part, parts, reference)))
            case SmsSendResult(key, outcome, detail):
                self._attend(self._in_turn(key, self._settle(key, outcome, detail)))
            case SmsReport(number, reference, delivery):
                self._attend(self._reported(number, reference, delivery))
            case _:
                if self.on_other is not None:
                    self.on_other(line, event)

    async def _take(self, line: Line, event: SmsReceived) -> None:
        sent = event.sent.isoformat() if event.sent is not None else None
        try:
            text = await self._store.take(
                event.ident, line.name, event.number, event.text, sent, complete=event.complete
            )
        except DeviceError as error:
            # The SIM keeps it, and the line tells of it again.
            logger.warning("%s: a message that came in waits for the disk: %s", line.name, error)
            return
        if isinstance(line, MessagingLine):
            await line.sms_stored(event.ident)
        if text is not None:
            logger.info("%s: a message came in, %d characters", line.name, len(text.body))
            await self._tell(text)

    async def _tell(self, text: ReceivedText) -> None:
        if not self._listeners or text.seq in self._told:
            return
        self._told.add(text.seq)
        for listener in list(self._listeners):
            try:
                listener(text)
            except Exception:
                logger.exception("a listener to messages failed")
        await self._written(self._store.handled(text.seq))

    async def _catch_up(self) -> None:
        for text in await self._store.unhandled():
            await self._tell(text)

    async def _settle(self, key: str, outcome: SmsOutcome, detail: str) -> None:
        self._handed.discard(key)
        await self._store.settle(key, _OUTCOMES[outcome], detail)
        if outcome is SmsOutcome.UNCERTAIN:
            self._doubt(key)
        elif outcome is SmsOutcome.REFUSED:
            logger.warning("a message couldn't be sent: %s", detail)

    async def _reported(self, number: str, reference: int, delivery: SmsDelivery) -> None:
        # A part is noted before the report on it can come; the turn of its message keeps that order.
        await asyncio.gather(*(self._in_turn(key, _nothing()) for key in list(self._turns)))
        report = self._store.reported(number, reference, _DELIVERIES[delivery])
        key = await self._written(report)
        if key is None or delivery is SmsDelivery.FAILED:
            return
        # It speaks for the part in doubt, which was sent: go on after it.
        timer = self._doubtful.pop(key, None)
        if timer is not None:
            timer.cancel()
        text = await self._store.get(key)
        if text is not None:
            await self._written(self._store.part_sent(key, text.parts_done + 1, 0, reference))
            await self._written(self._store.settle(key, TextState.QUEUED))
            await self._written(self._store.reported(number, reference, _DELIVERIES[delivery]))
        self._wake.set()

    def _doubt(self, key: str) -> None:
        def again() -> None:
            self._doubtful.pop(key, None)
            self._wake.set()

        self._doubtful[key] = asyncio.get_running_loop().call_later(REPORT_PATIENCE, again)

    # Sending

    async def _keep_sending(self) -> None:
        for text in await self._store.waiting():
            if text.state is TextState.UNCERTAIN:
                self._doubt(text.key)
        while True:
            self._wake.clear()
            try:
                for text in await self._store.waiting():
                    if text.key not in self._handed and text.key not in self._doubtful:
                        await self._hand_over(text)
            except DeviceError as error:
                logger.warning("messages to be sent can't be read: %s", error)
            try:
                async with asyncio.timeout(RETRY_PAUSE):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _hand_over(self, text: OutgoingText) -> None:
        line = self._trunks.messaging(text.line)
        if line is None or len(self._handed) >= MAX_HANDED:
            return
        self._handed.add(text.key)
        try:
            await line.send_sms(text.key, text.number, text.body, text.parts_done)
        except LineError as error:
            self._handed.discard(text.key)
            await self._store.settle(text.key, TextState.FAILED, str(error))

    # Inside

    async def _in_turn(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        """Do the work on one message in the order in which its events came."""
        lock = self._turns.setdefault(key, asyncio.Lock())
        async with lock:
            await self._written(work)
        if not lock.locked():
            self._turns.pop(key, None)

    async def _written(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do work on the store, again until the disk takes it."""
        try:
            return await work
        except DeviceError as error:
            logger.error("what became of a message can't be written: %s", error)
            return None

    def _attend(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _nothing() -> None:
    return
