"""One call: what a call script may do, and what happens when the caller hangs up.

Theory of operation
-------------------
A call is one asyncio task. It runs a script, a coroutine that reads like the call, beside a watcher that
raises `CallerGone` the moment the caller's leg ends; the task group then cancels the script wherever it
stands. Whatever way it ends, `_wind_up` stops the music, closes the recording, hangs up every leg and
writes the journey. An error in the script ends this call with a tone the caller understands, and no other.

    Exchange.take ─► Call.run ─┬─ script(call)   answer, play, collect, ring, bridge
                               └─ watcher        caller hung up → cancel the script
                        finally └─ _wind_up      players, recording, legs, journey

The caller is whoever the journey belongs to now: when a phone that called hands the other party on and
leaves, that party is the caller from then on (`hand_over`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from firmware.core.causes import Cause
from firmware.core.errors import ZongjiError
from firmware.core.ids import PortId
from firmware.core.leg import DigitPressed, Leg, LegEnded, LegEvent, LegState
from firmware.core.media import MediaError, MediaPlane, Playback, PlayItem
from firmware.core.records import EntryKind, Journey
from firmware.core.tones import ToneSet
from firmware.core.trace import Text
from firmware.core.trace.calls import Calls, Heard
from firmware.switch.conversation import Conversation, Features, converse
from firmware.switch.directory import Directory, Extension
from firmware.switch.hold_music import melody
from firmware.switch.journey import JourneyWriter
from firmware.switch.keys import Keys
from firmware.switch.ringing import Attempt, Race, Rung

logger = logging.getLogger(__name__)

# How long the caller hears the tone that says "this failed" before we hang up.
APOLOGY_SECONDS = 3.0
# How many ticks of 20 ms to wait for a closed port's figures. Ports that have none (a modem's) cost the wait.
QUALITY_TICKS = 5

Script = Callable[["Call"], Awaitable[None]]
Reach = Callable[["Call", Extension, float], Awaitable[Rung]]
"""How an extension is reached: its own phones, or whatever its forwarding says."""


class CallerGone(ZongjiError):
    """The caller's leg has ended; the script has nobody to talk to."""


class Ring(msgspec.Struct, frozen=True):
    """What came of ringing somebody."""

    extension: Extension
    leg: Leg | None
    """The connected leg; None when nobody took the call."""
    cause: Cause
    """Why not; `NORMAL` when somebody did."""


class Call:
    """A call in progress, as its script sees it.

    Args:
        caller: The incoming leg.
        journey: Writes down what happens.
        media: Where audio goes.
        directory: Whom the call may ring.
        tones: What this country's callers know.
        recordings: Folder for recordings; None when nothing is to be recorded.
        reach: How extensions are reached; None rings their phones and nothing else.
        features: What people may do while they talk; None for talking only.
    """

    def __init__(
        self,
        caller: Leg,
        journey: JourneyWriter,
        media: MediaPlane,
        directory: Directory,
        tones: ToneSet,
        recordings: Path | None,
        reach: Reach | None = None,
        features: Features | None = None,
    ) -> None:
        self.caller = caller
        self.journey = journey
        self.directory = directory
        self.media = media
        self.tones = tones
        self.recordings = recordings
        self.features = features
        self.conversation: Conversation | None = None
        """Who talks with the caller now; None while nobody does."""
        self.when_talking: Callable[[], None] | None = None
        """Called once, when the next conversation begins or the caller is where it was to be led."""
        self.language = ""
        """The language the caller has chosen to be spoken to in, "zh-CN" or "en"; "" for the office's."""
        self.told_of_recording = False
        """Whether the caller knows that the call may be recorded."""
        self.may_be_recorded = True
        """False once the caller has not agreed to be recorded: from then on nobody may begin to."""
        self.hold_music: Sequence[PlayItem] = melody()
        """What somebody hears who is on hold, waits or is parked."""
        self.steps = 0
        """To how many destinations the caller was led so far."""
        self._reach = reach
        self._legs: list[Leg] = [caller]
        self._ringing: dict[Leg, Attempt] = {}
        self._races: list[Race] = []
        self._playback: Playback | None = None
        self._keys = Keys()
        self._unsubscribe = caller.subscribe(self._on_caller)

    async def run(self, script: Script) -> Journey:
        """Run the script to its end or the caller's; return the journey as written."""
        failed = False
        try:
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(self._watch_caller())
                await script(self)
                watcher.cancel()
        except* CallerGone:
            pass
        except* LegEnded as gone:
            # The caller's leg ended inside a command (answer, hold) before the watcher was heard.
            if self.caller.ending is None:
                failed = True
                logger.error("%s: the script lost a leg it relied on", self.journey.id, exc_info=gone)
        except* Exception as errors:
            failed = True
            logger.error("%s: the script failed", self.journey.id, exc_info=errors)
            self.journey.note(EntryKind.FAULT, Calls.FAILED())
        finally:
            journey = await self._wind_up(failed)
        return journey

    # Who is in it

    def legs(self) -> list[Leg]:
        """Return the legs that have not ended."""
        return [leg for leg in self._legs if leg.ending is None]

    def ringing(self) -> list[str]:
        """Return the extensions that ring for this call now."""
        return [attempt.who for attempt in self._ringing.values()]

    def pick_up(self, leg: Leg) -> bool:
        """Have another phone, connected, take the call that rings; false when nothing rings any more.

        The leg belongs to this call from then on: it is hung up when this call ends.
        """
        if not any(race.pick_up(leg) for race in reversed(self._races)):
            return False
        self.take_leg(leg)
        return True

    def take_leg(self, leg: Leg) -> None:
        """Make a leg of another call one of this call's, in the journey too."""
        self._legs.append(leg)
        self.journey.add_leg(leg)

    def give_leg(self, leg: Leg) -> None:
        """Let go of a leg that goes on in another call: it won't be hung up with this one."""
        self._legs.remove(leg)

    def hand_over(self, leg: Leg) -> None:
        """Make `leg`, one of this call's, the caller; the one so far may leave without ending the call."""
        self._unsubscribe()
        self.caller = leg
        self._unsubscribe = leg.subscribe(self._on_caller)
        self.journey.goes_on_with(leg)
        self.forget_digits()

    # What a script may do

    async def answer(self) -> None:
        """Answer the caller, unless that was done; audio flows when this returns.

        Raises:
            LegEnded: The caller was gone before.
        """
        if self.caller.state in (LegState.CONNECTED, LegState.HELD):
            return
        await self.caller.answer()

    async def refuse(self, cause: Cause) -> None:
        """End the caller's leg with a cause it can show; unanswered callers are refused."""
        await self.caller.hang_up(cause)

    async def play(self, what: Text, items: Sequence[PlayItem]) -> None:
        """Play items to the caller to their end.

        Args:
            what: What it is, for the timeline: "greeting".
            items: Played without gaps.
        """
        playback = self._start_playing(what, items)
        await self._until_played(what, playback)

    def play_on(self, what: Text, items: Sequence[PlayItem], *, repeat: bool = True) -> Playback:
        """Begin to play items to the caller, over and over unless told otherwise; the script stops it."""
        return self._start_playing(what, items, repeat=repeat)

    def play_music(self, what: Text) -> Playback:
        """Begin to play the office's music to the caller, as all hear it who wait; the script stops it."""
        self._playback = self.media.play_music(self._heard_at(what), self.hold_music)
        return self._playback

    async def collect(
        self,
        what: Text,
        items: Sequence[PlayItem],
        *,
        is_complete: Callable[[str], bool],
        first_seconds: float,
        next_seconds: float,
        secret: bool = False,
    ) -> str:
        """Play items and return what the caller keys; the first key stops the playing.

        Args:
            what: What is asked, for the timeline.
            items: The question.
            is_complete: Told the digits so far; true ends the wait at once. `#` always does.
            first_seconds: How long to wait for the first key after the question's end.
            next_seconds: How long to wait for each further key.
            secret: The digits are a PIN and are not written down.

        Returns:
            The digits without the closing `#`; `#` when that was all; empty when the caller keyed nothing.
        """
        playback = self._start_playing(what, items, until_key=True)
        question = asyncio.create_task(self._until_played(what, playback))
        try:
            first = await self._keys.first(question, first_seconds)
            if first is None:
                return ""
            playback.stop()
            keyed = await self._keys.rest(first, is_complete, next_seconds)
            self.journey.note(
                EntryKind.KEYED, Calls.KEYED(keys=Calls.A_PIN() if secret else keyed), self.caller
            )
            return keyed
        finally:
            playback.stop()
            question.cancel()
            with suppress(asyncio.CancelledError):
                await question

    async def next_digit(self) -> str:
        """Wait for the caller's next key, while something else goes on."""
        return await self._keys.next()

    def forget_digits(self) -> None:
        """Drop what was typed ahead, after a mistake the caller has to hear about first."""
        self._keys.forget()

    async def ring(self, extension: Extension, seconds: float) -> Ring:
        """Reach an extension, by its forwarding where it has one; the caller hears ringing meanwhile.

        Args:
            extension: Whom to ring.
            seconds: How long at most, where its owner has not set another time.
        """
        if self._reach is not None:
            rung = await self._reach(self, extension, seconds)
        else:
            rung = await self.ring_any([self.attempt(extension, seconds)])
        return Ring(extension, rung.leg, rung.cause)

    def attempt(self, extension: Extension, seconds: float, *, delay_seconds: float = 0.0) -> Attempt:
        """Return the attempt to ring an extension's own phones."""
        return Attempt(
            extension.number,
            lambda: self.directory.leg_to(extension),
            seconds=seconds,
            delay_seconds=delay_seconds,
        )

    async def ring_any(self, attempts: Sequence[Attempt], hears: Sequence[PlayItem] | None = None) -> Rung:
        """Ring several parties; the first that takes the call has it, the others fall silent.

        Args:
            attempts: Whom to ring, for how long, after which delay.
            hears: What an answered caller hears meanwhile, over and over; None for the ringing tone.
                Empty leaves what plays already.
        """
        playback: Playback | None = None
        if self.caller.state is LegState.CONNECTED and (hears is None or hears):
            playback = self._start_playing(
                Heard.RINGING_TONE() if hears is None else Heard.MUSIC(),
                hears or [self.tones.ringback],
                repeat=True,
            )
        race = Race(self, self.media, attempts)
        self._races.append(race)
        try:
            return await race.run()
        finally:
            self._races.remove(race)
            if playback is not None:
                playback.stop()

    async def bridge(self, leg: Leg, *, record: bool = True) -> None:
        """Let caller and `leg` talk until that is over, through transfers, parking and who else joins.

        Args:
            leg: Connected.
            record: Whether to record, where calls are recorded at all.
        """
        await converse(self, leg, record=record)

    def began_to_talk(self, conversation: Conversation) -> None:
        """Note who talks with the caller now, and tell whoever wanted to know."""
        self.conversation = conversation
        self.arrived()

    def arrived(self) -> None:
        """Tell whoever handed the caller on that it is where it shall be, though nobody need answer there."""
        tell, self.when_talking = self.when_talking, None
        if tell is not None:
            tell()

    # What a race tells

    def ringing_began(self, leg: Leg, attempt: Attempt) -> None:
        self._legs.append(leg)
        self.journey.add_leg(leg)
        self.journey.ringing_began(leg, attempt.who, attempt.group)
        self._ringing[leg] = attempt

    def ringing_ended(self, leg: Leg, cause: Cause) -> None:
        self._ringing.pop(leg, None)
        self.journey.ringing_ended(leg, cause)

    # The caller's side

    def _on_caller(self, event: LegEvent) -> None:
        if isinstance(event, DigitPressed):
            self._keys.pressed(event.digit)

    async def _watch_caller(self) -> None:
        while True:
            caller = self.caller
            await caller.ended()
            if caller is self.caller:
                raise CallerGone

    def _start_playing(
        self, what: Text, items: Sequence[PlayItem], *, repeat: bool = False, until_key: bool = False
    ) -> Playback:
        self._playback = self.media.play(self._heard_at(what), items, repeat=repeat, until_key=until_key)
        return self._playback

    def _heard_at(self, what: Text) -> PortId:
        """Note what the caller is about to hear, and return at which port."""
        port = self.caller.port
        if port is None:
            raise MediaError(f"nothing can be played to {self.caller.address}: it has no audio")
        self.journey.note(EntryKind.HEARD, what, self.caller)
        return port

    async def _until_played(self, what: Text, playback: Playback) -> None:
        """Wait for the end of a playback. A prompt that can't be played must not end the call."""
        try:
            await playback.finished()
        except MediaError as error:
            self.journey.note(EntryKind.FAULT, Calls.NOT_PLAYED(what=what, why=str(error)), self.caller)

    async def _wind_up(self, failed: bool) -> Journey:
        if failed and self.caller.state is LegState.CONNECTED and self.caller.port is not None:
            self.media.play(self.caller.port, [self.tones.congestion])
            with suppress(TimeoutError):
                async with asyncio.timeout(APOLOGY_SECONDS):
                    await self.caller.ended()
        if self._playback is not None:
            self._playback.stop()
        self._unsubscribe()
        for leg in reversed(self._legs):
            await leg.hang_up(Cause.TEMPORARY_FAILURE if failed else Cause.NORMAL)
        await self._note_quality()
        return await self.journey.close(failed)

    async def _note_quality(self) -> None:
        """Note how well each leg was heard; the media plane's closing figures take a tick or two."""
        waiting = dict(self.journey.ports)
        for _ in range(QUALITY_TICKS):
            for leg_id, port in list(waiting.items()):
                quality = self.media.quality(port)
                if quality is not None:
                    self.journey.measured(leg_id, quality)
                    del waiting[leg_id]
            if not waiting:
                return
            await asyncio.sleep(0.02)
