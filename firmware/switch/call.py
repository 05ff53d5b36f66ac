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
from firmware.core.leg import DigitPressed, Leg, LegEnded, LegEvent, LegState, StateChanged
from firmware.core.media import MediaError, MediaPlane, Playback, PlayItem
from firmware.core.records import EntryKind, Journey
from firmware.core.tones import ToneSet
from firmware.switch.bridge import Bridge
from firmware.switch.directory import Directory, Extension
from firmware.switch.journey import JourneyWriter

logger = logging.getLogger(__name__)

# Type-ahead beyond this is noise or an attack; the longest thing to key is a card number.
MAX_TYPED_AHEAD = 32
# How long the caller hears the tone that says "this failed" before we hang up.
APOLOGY_SECONDS = 3.0

Script = Callable[["Call"], Awaitable[None]]


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
    """

    def __init__(
        self,
        caller: Leg,
        journey: JourneyWriter,
        media: MediaPlane,
        directory: Directory,
        tones: ToneSet,
        recordings: Path | None,
    ) -> None:
        self.caller = caller
        self.journey = journey
        self.directory = directory
        self._media = media
        self._tones = tones
        self._recordings = recordings
        self._legs: list[Leg] = [caller]
        self._playback: Playback | None = None
        self._digits: asyncio.Queue[str] = asyncio.Queue(MAX_TYPED_AHEAD)
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
            self.journey.note(EntryKind.FAULT, "the switchboard failed this call; see the log")
        finally:
            journey = await self._wind_up(failed)
        return journey

    # What a script may do

    async def answer(self) -> None:
        """Answer the caller; audio flows when this returns.

        Raises:
            LegEnded: The caller was gone before.
        """
        await self.caller.answer()

    async def refuse(self, cause: Cause) -> None:
        """End the caller's leg with a cause it can show; unanswered callers are refused."""
        await self.caller.hang_up(cause)

    async def play(self, what: str, items: Sequence[PlayItem]) -> None:
        """Play items to the caller to their end.

        Args:
            what: What it is, for the timeline: "greeting".
            items: Played without gaps.
        """
        playback = self._start_playing(what, items)
        await self._until_played(what, playback)

    async def collect(
        self,
        what: str,
        items: Sequence[PlayItem],
        *,
        is_complete: Callable[[str], bool],
        first_seconds: float,
        next_seconds: float,
    ) -> str:
        """Play items and return what the caller keys; the first key stops the playing.

        Args:
            what: What is asked, for the timeline.
            items: The question.
            is_complete: Told the digits so far; true ends the wait at once. `#` always does.
            first_seconds: How long to wait for the first key after the question's end.
            next_seconds: How long to wait for each further key.

        Returns:
            The digits without the closing `#`; empty when the caller keyed nothing.
        """
        playback = self._start_playing(what, items)
        question = asyncio.create_task(self._until_played(what, playback))
        digits = ""
        try:
            first = await self._first_digit(question, first_seconds)
            if first is None:
                return ""
            playback.stop()
            digit = first
            while digit != "#":
                digits += digit
                if is_complete(digits):
                    break
                try:
                    async with asyncio.timeout(next_seconds):
                        digit = await self._digits.get()
                except TimeoutError:
                    break
            self.journey.note(EntryKind.KEYED, f"keyed {digits or '#'}", self.caller)
            return digits
        finally:
            playback.stop()
            question.cancel()
            with suppress(asyncio.CancelledError):
                await question

    def forget_digits(self) -> None:
        """Drop what was typed ahead, after a mistake the caller has to hear about first."""
        while not self._digits.empty():
            self._digits.get_nowait()

    async def ring(self, extension: Extension, seconds: float) -> Ring:
        """Ring an extension; the caller hears ringing meanwhile.

        Args:
            extension: Whom to ring.
            seconds: How long at most.
        """
        leg = self.directory.leg_to(extension)
        self._legs.append(leg)
        self.journey.add_leg(leg)
        ringback: Playback | None = None
        if self.caller.state is LegState.CONNECTED:
            ringback = self._start_playing("ringing tone", [self._tones.ringback])
        relay = asyncio.create_task(self._relay_alerting(leg))
        try:
            await leg.ring(self.caller.party)
            async with asyncio.timeout(seconds):
                await leg.answered()
        except TimeoutError:
            await leg.hang_up(Cause.NO_ANSWER)
            return Ring(extension, None, Cause.NO_ANSWER)
        except LegEnded as ended:
            return Ring(extension, None, ended.ending.cause)
        finally:
            relay.cancel()
            if ringback is not None:
                ringback.stop()
        return Ring(extension, leg, Cause.NORMAL)

    async def bridge(self, leg: Leg) -> None:
        """Let caller and `leg` talk, recorded if so configured, until that leg ends."""
        async with Bridge(
            self._media, self.journey, self.caller, leg, self._tones, self._recordings
        ) as bridge:
            await bridge.until_over()

    # The caller's side

    def _on_caller(self, event: LegEvent) -> None:
        if isinstance(event, DigitPressed) and not self._digits.full():
            self._digits.put_nowait(event.digit)

    async def _watch_caller(self) -> None:
        await self.caller.ended()
        raise CallerGone

    def _start_playing(self, what: str, items: Sequence[PlayItem]) -> Playback:
        port = self.caller.port
        if port is None:
            raise MediaError(f"nothing can be played to {self.caller.address}: it has no audio")
        self.journey.note(EntryKind.HEARD, what, self.caller)
        self._playback = self._media.play(port, items)
        return self._playback

    async def _until_played(self, what: str, playback: Playback) -> None:
        """Wait for the end of a playback. A prompt that can't be played must not end the call."""
        try:
            await playback.finished()
        except MediaError as error:
            self.journey.note(EntryKind.FAULT, f"could not play {what}: {error}", self.caller)

    async def _first_digit(self, question: asyncio.Task[None], seconds: float) -> str | None:
        """Return the first key, pressed while the question plays or within `seconds` of its end."""
        key = asyncio.create_task(self._digits.get())
        try:
            await asyncio.wait({key, question}, return_when=asyncio.FIRST_COMPLETED)
            if not key.done():
                await asyncio.wait({key}, timeout=seconds)
            return key.result() if key.done() else None
        finally:
            key.cancel()

    async def _relay_alerting(self, leg: Leg) -> None:
        """Let a caller we haven't answered, whose own phone makes the tone, know that it rings there."""
        alerting = asyncio.Event()

        def on_event(event: LegEvent) -> None:
            if isinstance(event, StateChanged) and event.after is LegState.ALERTING:
                alerting.set()

        unsubscribe = leg.subscribe(on_event)
        try:
            await alerting.wait()
            await self.caller.progress()
        finally:
            unsubscribe()

    async def _wind_up(self, failed: bool) -> Journey:
        if failed and self.caller.state is LegState.CONNECTED and self.caller.port is not None:
            self._media.play(self.caller.port, [self._tones.congestion])
            with suppress(TimeoutError):
                async with asyncio.timeout(APOLOGY_SECONDS):
                    await self.caller.ended()
        if self._playback is not None:
            self._playback.stop()
        self._unsubscribe()
        for leg in reversed(self._legs):
            await leg.hang_up(Cause.TEMPORARY_FAILURE if failed else Cause.NORMAL)
        return await self.journey.close(failed)
