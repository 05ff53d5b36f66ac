"""A call on a phone line as a `Leg`.

Theory of operation
-------------------
    incoming   OFFERED ──answer: line answers, AudioReady, port open──► CONNECTED ──► ENDED
    outgoing   IDLE ──ring: line dials──► RINGING ──► ALERTING
                    ──CallConnected, AudioReady, port open──► CONNECTED ──► ENDED

The leg is CONNECTED only once its port is open in the media plane: a caller must not miss the beginning of
the greeting. A line that knows where its audio will be while it answers (AudioExpected) has its port opened
then, held: call control goes on as soon as the call stands, what it plays stands ready, and with AudioReady
it sounds. A modem may take a while from "connected" to audio; after `AUDIO_PATIENCE` the leg ends instead.

Digits come from the line (the modem's own detector); what the media plane hears on the port is the same keys
once more and is left out. An in-band line (`LineAudio.in_band`) can't hear: its port is opened as soon as it
has audio, also before the answer, and the keys and tones heard there are told to the line, which draws the
conclusions. Of the tones on other lines only a learned busy tone is listened for (`LearnedTone`), where an
exchange has one that the modem doesn't know: `BUSY_ROUNDS` of it end the call.

Hold is the media plane's business alone, and the party hears the box's music, until another call over the
same SIM needs the line's audio (sharing.py). Then the party is on hold with the network, which plays to it
what it likes, and the leg's port rests: it reads silence and takes everything, so that routes, players and
the recording stay as they are while the device is the other leg's. Of two calls that the network has joined
one leg's port has both voices, the other's rests: nobody hears anybody twice.

A port that fails while the call stands is opened again, `REOPENINGS` times: a sound card or a USB bridge may
hiccup; a modem that is gone is told by the line itself. A call for help the box never ends: its audio is
tried for as long as it stands, and silence is no hang-up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from firmware.core.causes import Cause, Side
from firmware.core.ids import PortId
from firmware.core.leg import AudioBegan, DigitPressed, Direction, Ending, Leg, LegState, Party
from firmware.core.media import (
    AnswerNoticed,
    DigitHeard,
    FellSilent,
    MediaError,
    MediaPlane,
    PortEvent,
    PortFailed,
    PortOptions,
    ToneNoticed,
)
from firmware.trunks.sharing import Sharing
from hal.line import (
    AudioExpected,
    AudioReady,
    CallConnected,
    CallEnded,
    CallsJoined,
    CallsSplit,
    CallsSwapped,
    DigitReceived,
    EndReason,
    HeldEnded,
    HoldingLine,
    InBandLine,
    KeysWanted,
    Line,
    LineAudio,
    LineError,
    LineEvent,
    RemoteAlerting,
    WaiterTaken,
)

logger = logging.getLogger(__name__)

AUDIO_PATIENCE = 15.0
"""Seconds from the connection to an open audio port. A driver gives up after 12 (reference A5) and can then
cure its modem, so it goes first."""
PORT_GRACE = 1.5
"""Seconds a failed port waits for the line to say that the modem is gone, which is the better reason."""

BUSY_ROUNDS = 3
"""Rounds of a learned busy tone that are a hang-up; two may be speech."""

REOPENINGS = 3
"""How often a failed port is opened anew in one call."""
REOPEN_PAUSE = 0.5

_CAUSES: dict[EndReason, tuple[Cause, Side]] = {
    EndReason.REMOTE_HANG_UP: (Cause.NORMAL, Side.THEM),
    EndReason.BUSY: (Cause.BUSY, Side.THEM),
    EndReason.NO_ANSWER: (Cause.NO_ANSWER, Side.THEM),
    EndReason.REJECTED: (Cause.REJECTED, Side.THEM),
    EndReason.NO_DIAL_TONE: (Cause.NO_CIRCUIT, Side.WIRE),
    EndReason.LOCAL: (Cause.NORMAL, Side.US),
    EndReason.DEVICE_LOST: (Cause.NETWORK_OUT_OF_ORDER, Side.WIRE),
    EndReason.DEVICE_FAULT: (Cause.TEMPORARY_FAILURE, Side.WIRE),
}
_VANISHED = "modem vanished"


class LineLeg(Leg):
    """One call on one line.

    Args:
        line: It rings, or will be dialled on.
        media: Opens the port.
        direction: Who rang whom.
        party: The caller, or whom to dial.
        kind: The line's technology, in a word.
        emergency: The call is tried even on a line without SIM or registration.
        country: ISO 3166 code of the country whose tones an in-band line hears.
        sharing: Shares the line with another leg, where it can hold calls.
    """

    def __init__(
        self,
        line: Line,
        media: MediaPlane,
        direction: Direction,
        party: Party,
        kind: str = "gsm",
        *,
        emergency: bool = False,
        country: str = "CN",
        sharing: Sharing | None = None,
    ) -> None:
        super().__init__(kind, direction, party, line.name)
        self.is_aside = False
        """Whoever listens to the party has put it on hold."""
        self.listeners_now: Sequence[Leg] = ()
        """Who listens to the party."""
        self.is_on_hold = False
        """Whether the network holds the party, or has joined it to the line's call."""
        self.on_wait: Callable[[str], None] | None = None
        """Told, once each time, why the party can't have the line's audio when it is wanted."""
        self.is_joined = False
        """Whether the network has joined the party to the line's call."""
        self._rests = False
        self._waits = False
        self._sharing = sharing
        self._line = line
        self._media = media
        self._emergency = emergency
        self._country = country
        self._line_connected = False
        self._opening = False
        self._ahead: asyncio.Task[None] | None = None
        """Opens the port before the audio is ready."""
        self._reopened = 0
        self._keys = ""
        """To be keyed once there is a port."""
        self._port: PortId | None = None
        loop = asyncio.get_running_loop()
        self._audio: asyncio.Future[LineAudio] = loop.create_future()
        self._audible: asyncio.Future[None] = loop.create_future()
        """Done when the port is open, or the leg has ended."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe = line.subscribe(self._on_line)
        if sharing is not None:
            sharing.add(self)

    @property
    def port(self) -> PortId | None:
        return self._port

    @property
    def is_taken(self) -> bool:
        return self._line_connected

    async def audible(self) -> None:
        """Wait until the leg's port is open, or the leg has ended."""
        await asyncio.shield(self._audible)

    async def settled(self) -> None:
        """Wait until nothing runs any more on the leg's behalf; after its end."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Two calls on one line

    @property
    def has_voice(self) -> bool:
        return self.ending is None and self._line_connected and not self.is_on_hold

    @property
    def wants_voice(self) -> bool:
        return self.ending is None and self.is_on_hold and not self.is_aside and not self.is_joined

    def talks_with(self, others: Sequence[Leg], *, on_hold: bool = False) -> None:
        # On hold it stays until somebody talks with it again, wherever it is led meanwhile.
        self.is_aside = on_hold or (self.is_aside and not others)
        self.listeners_now = tuple(others)
        if self.ending is None:
            self._reconsider()

    def has_to_wait(self, why: str) -> None:
        if self._waits:
            return
        self._waits = True
        logger.info("%s: waits for the audio of %s: %s", self.id, self.address, why)
        if self.on_wait is not None:
            self.on_wait(why)

    def _reconsider(self) -> None:
        if self._sharing is not None:
            self._sharing.consider()

    def _goes_on_hold(self) -> None:
        self.is_on_hold, self._waits = True, False
        if self._port is not None:
            self._rests = True
            self._media.rest_pcm(self._port)

    def _while_on_hold(self, event: LineEvent) -> None:
        """What the line says now concerns the other call, but for this."""
        match event:
            case CallsSwapped():
                self.is_on_hold = self.is_joined = False
            case CallsJoined():
                self.is_joined = True
            case CallsSplit():
                self.is_joined = False
            case HeldEnded(reason, detail):
                self._finish(self._ending(reason, detail))
            case _:
                return
        self._reconsider()

    # What call control wants

    async def _do_ring(self, caller: Party) -> None:
        # The network shows our own number to the called party; `caller` can't be sent.
        if self.party.number is None:
            self._finish(Ending(Cause.INVALID_NUMBER, Side.US, "no number to dial"))
            return
        try:
            await self._line.dial(self.party.number, emergency=self._emergency)
        except LineError as error:
            self._finish(Ending(Cause.NO_CIRCUIT, Side.WIRE, str(error)))

    async def _do_progress(self) -> None:
        """Nothing: the network plays ringback until we answer."""

    async def _do_answer(self) -> None:
        try:
            await self._line.answer()
        except LineError as error:
            # The line's own CallEnded, if there is one, came first and says it better.
            self._finish(Ending(Cause.TEMPORARY_FAILURE, Side.WIRE, str(error)))
            return
        await asyncio.shield(self._audible)

    async def _do_hang_up(self, cause: Cause, before: LegState) -> None:
        await self._hang_line_up()

    async def _do_hold(self, *, on: bool) -> None:
        """Nothing: see the theory of operation."""

    def _release(self) -> None:
        self._unsubscribe()
        if self._sharing is not None:
            self._sharing.remove(self)
        self._audio.cancel()
        if not self._audible.done():
            self._audible.set_result(None)
        if self._port is not None:
            self._media.close_port(self._port)
            self._port = None

    # What the line says

    def _on_line(self, event: LineEvent) -> None:
        if self.is_on_hold:
            self._while_on_hold(event)
            return
        match event:
            case WaiterTaken() | CallsSwapped():
                self._goes_on_hold()
                self._reconsider()
            case AudioReady() if self._rests:
                self._rests = False
                self._attend(self._open_again())
            case RemoteAlerting():
                if self.state is LegState.RINGING:
                    self._became(LegState.ALERTING)
            case CallConnected():
                self._line_connected = True
                if self._port is not None:
                    self._is_audible()
                self._begin_opening()
            case AudioExpected(audio):
                if self._ahead is None and not self._opening:
                    self._ahead = self._attend(self._open_ahead(audio))
            case AudioReady(audio):
                if not self._audio.done():
                    self._audio.set_result(audio)
                if audio.in_band:
                    self._begin_opening()
            case KeysWanted(digits):
                self._key(digits)
            case DigitReceived(digit):
                self._emit(DigitPressed(digit))
            case CallEnded(reason, detail):
                self._finish(self._ending(reason, detail))
            case _:
                pass

    def _ending(self, reason: EndReason, detail: str) -> Ending:
        cause, by = _CAUSES[reason]
        if reason is EndReason.DEVICE_LOST:
            detail = _VANISHED if "vanished" in detail else f"{_VANISHED}: {detail}"
        elif reason is EndReason.DEVICE_FAULT and not self._audio.done():
            cause = Cause.BEARER_NOT_AVAILABLE
        return Ending(cause, by, detail)

    async def _open_ahead(self, audio: LineAudio) -> None:
        """Open the port before the audio is ready; what can't be opened yet may be by then."""
        try:
            port = await self._media.open_pcm(audio.device, audio.sample_rate, held=True)
        except MediaError as error:
            logger.info("%s: the audio port can't be opened yet: %s", self.id, error)
            return
        self._take_port(port, audio)

    async def _open_port(self) -> None:
        """Wait for the line's audio, open it or begin with what is open, and connect the leg."""
        while (failure := await self._try_to_open()) is not None:
            if not self._emergency:
                await self._give_up(failure)
                return
            logger.warning("%s: a call for help goes on, %s", self.id, failure)
            await asyncio.sleep(REOPEN_PAUSE)

    async def _try_to_open(self) -> str | None:
        """Return why there is no port, if there is none."""
        try:
            async with asyncio.timeout(AUDIO_PATIENCE):
                audio = await asyncio.shield(self._audio)
                if self._ahead is not None:
                    await self._ahead
                if self._port is not None:
                    self._media.start_pcm(self._port, audio.settle_ms)
                    return None
                port = await self._media.open_pcm(audio.device, audio.sample_rate, settle_ms=audio.settle_ms)
        except (TimeoutError, MediaError) as error:
            return f"no audio from the modem: {error}" if str(error) else "no audio from the modem"
        self._take_port(port, audio)
        return None

    def _take_port(self, port: PortId, audio: LineAudio) -> None:
        """The port is open: use it."""
        if self.ending is not None:
            self._media.close_port(port)
            return
        self._port = port
        self._media.listen(port, self._on_port)
        if audio.in_band:
            self._media.configure(
                port,
                PortOptions(
                    echo_canceller=True,
                    detect_digits=True,
                    tones_of=self._country,
                    detect_answer=self.direction is Direction.OUTGOING,
                ),
            )
        if self._keys:
            keys, self._keys = self._keys, ""
            self._media.send_digits(port, keys)
        if self._line_connected:
            self._is_audible()
        elif self.direction is Direction.OUTGOING:
            self._emit(AudioBegan())

    def _begin_opening(self) -> None:
        if not self._opening:
            self._opening = True
            self._attend(self._open_port())

    def _is_audible(self) -> None:
        """The call stands and its port is open."""
        if self.direction is Direction.OUTGOING and self.ending is None:
            self._became(LegState.CONNECTED)
        if not self._audible.done():
            self._audible.set_result(None)

    def _key(self, digits: str) -> None:
        if self._port is None:
            self._keys += digits
        else:
            self._media.send_digits(self._port, digits)

    def _on_port(self, event: PortEvent) -> None:
        if self.ending is not None:
            return
        match event:
            case PortFailed(reason) if not self._rests:
                self._attend(self._port_failed(reason))
            case DigitHeard(digit) if isinstance(self._line, InBandLine):
                self._line.key_heard(digit)
            case ToneNoticed(name, cycles) if isinstance(self._line, InBandLine):
                self._line.tone_heard(name, cycles)
            case AnswerNoticed() if isinstance(self._line, InBandLine):
                self._line.answer_heard()
            case FellSilent() if not self._emergency:
                self._attend(self._far_hung_up("silence"))
            case ToneNoticed("busy", cycles) if cycles >= BUSY_ROUNDS:
                self._attend(self._far_hung_up("busy tone"))
            case _:
                pass

    async def _port_failed(self, reason: str) -> None:
        """Open it again, unless the line says within a moment why the audio went away; else end the leg."""
        try:
            async with asyncio.timeout(PORT_GRACE):
                await self.ended()
                return
        except TimeoutError:
            pass
        if not self._audio.done():
            await self._give_up(f"the modem's audio failed: {reason}")
            return
        self._reopened += not self._emergency
        if await self._reopen():
            logger.warning("%s: the audio port failed (%s) and was opened anew", self.id, reason)
        else:
            await self._give_up(f"the modem's audio failed: {reason}")

    async def _open_again(self) -> None:
        """The line's audio is this leg's again."""
        if not await self._reopen():
            await self._give_up("the modem's audio didn't come back")

    async def _reopen(self) -> bool:
        """Give the port its device again; return whether it has it, or needs it no more."""
        audio = self._audio.result()
        tries = 0
        while self._port is not None and not self._rests and self._reopened + tries <= REOPENINGS:
            tries += not self._emergency
            try:
                await self._media.reopen_pcm(self._port, audio.device, audio.sample_rate)
            except MediaError as error:
                logger.warning("%s: the audio port stays away: %s", self.id, error)
                await asyncio.sleep(REOPEN_PAUSE)
            else:
                return True
        return self._port is None or self._rests

    async def _far_hung_up(self, sign: str) -> None:
        if self.ending is None:
            self._finish(Ending(Cause.NORMAL, Side.THEM, sign))
            await self._hang_line_up()

    async def _give_up(self, detail: str) -> None:
        if self.ending is None:
            self._finish(Ending(Cause.BEARER_NOT_AVAILABLE, Side.WIRE, detail))
            await self._hang_line_up()

    async def _hang_line_up(self) -> None:
        try:
            if self.is_on_hold and isinstance(self._line, HoldingLine):
                await self._line.hang_up_held()
            else:
                await self._line.hang_up()
        except LineError as error:
            logger.warning("%s: the line doesn't hang up: %s", self.id, error)

    def _attend(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something on the leg's behalf; `settled` waits for it."""
        task = asyncio.create_task(work, name=f"{self.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
