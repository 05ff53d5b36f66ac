"""All phone lines of the box: kept alive, listened to, and chosen for outgoing calls."""

from __future__ import annotations

import asyncio
import functools
import logging
import weakref
from collections.abc import Callable, Sequence

import msgspec

from firmware.core.leg import Direction, LegEvent, LegState, Party
from firmware.core.leg import StateChanged as LegStateChanged
from firmware.core.media import MediaPlane
from firmware.trunks.ear import CallerEar
from firmware.trunks.health import LineHealth
from firmware.trunks.line_leg import LineLeg
from firmware.trunks.sharing import Sharing
from firmware.trunks.waiting_leg import WaitingLeg
from hal.line import (
    CallerWaits,
    HandsetLike,
    HoldingLine,
    InBandLine,
    IncomingCall,
    Line,
    LineEvent,
    LineState,
    MessagingLine,
    NetworkTime,
    SmsPartSent,
    SmsReceived,
    SmsReport,
    SmsSendResult,
    StateChanged,
    UssdReply,
    Verdict,
    WaiterTaken,
    WaitingLine,
    WaitingOver,
)

logger = logging.getLogger(__name__)

TextEvent = SmsReceived | SmsPartSent | SmsSendResult | SmsReport | UssdReply | NetworkTime
OnIncoming = Callable[[LineLeg, Line], None]


class LineStatus(msgspec.Struct, frozen=True):
    """How a line is, fit for anybody's eyes: no numbers, no SIM data."""

    name: str
    state: str
    """down, starting, ready, in call."""
    detail: str
    """In an installer's words."""
    refused_lines: int = 0
    """How often the device said what can't be taken for its language."""


class Trunks:
    """The lines of the box.

    Args:
        lines: Built by the composition root, not started yet; in the order in which outgoing calls try them.
        media: Opens the audio ports.
        on_incoming: Told of every incoming call, within the event loop; must return at once.
    """

    def __init__(self, lines: Sequence[Line], media: MediaPlane, on_incoming: OnIncoming) -> None:
        self.lines = tuple(lines)
        self.on_change: Callable[[LineStatus], None] | None = None
        """Told when a line's state or detail is another one."""
        self.on_text: Callable[[Line, TextEvent], None] | None = None
        """Told of messages, service codes and the network's time; within the event loop, must return at
        once. Who
        stores a received message calls `sms_stored` on the line.
        """
        self.on_handset: Callable[[Line], None] | None = None
        """Told when the analog handset is lifted."""
        self.on_leg: Callable[[LineLeg], None] | None = None
        """Told of every leg that is made, before anything happens on it."""
        self.country = "CN"
        """ISO 3166 code of the country whose tones lines are listened to for."""
        self.health = LineHealth()
        """Which lines outgoing calls leave out."""
        self._media = media
        self._on_incoming = on_incoming
        self._ears = {line.name: CallerEar(line, media) for line in lines if isinstance(line, InBandLine)}
        self._sharing = {
            line.name: Sharing(line) for line in lines if isinstance(line, HoldingLine) and line.can_hold
        }
        """Of the lines that can hold a call."""
        self._waiting: dict[str, WaitingLeg] = {}
        """By line: who waits until it is free."""
        self._unsubscribe: list[Callable[[], None]] = []
        self._started = False
        self._legs: weakref.WeakSet[LineLeg] = weakref.WeakSet()

    async def start(self) -> None:
        """Begin to keep the lines alive; returns at once."""
        self._started = True
        for line in self.lines:
            self._unsubscribe.append(line.subscribe(functools.partial(self._on_line, line)))
            await line.start()

    async def stop(self) -> None:
        """End all calls on lines and let go of the devices."""
        await asyncio.gather(*(line.stop() for line in self.lines))
        await asyncio.gather(*(leg.settled() for leg in self._legs))
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()

    def status(self) -> list[LineStatus]:
        """Return how each line is now."""
        return [self._status(line) for line in self.lines]

    def outgoing(self, number: str, line_name: str | None = None) -> LineLeg | None:
        """Return an idle leg to `number` on the first line that is ready; None when none is.

        Args:
            number: Digits, `*`, `#` and a leading `+`.
            line_name: Take this line and no other.
        """
        for line in self.lines:
            if line_name in (None, line.name) and line.state is LineState.READY and self.is_fit(line):
                return self._leg(line, Direction.OUTGOING, Party(number))
        return None

    def is_fit(self, line: Line) -> bool:
        """Whether outgoing calls may take the line: in service, not sick, no handset."""
        if isinstance(line, HandsetLike):
            return False
        return self.health.fit(line.name, asyncio.get_running_loop().time())

    def messaging(self, line_name: str | None = None) -> MessagingLine | None:
        """Return the first line that carries messages, or the one of that name; None when there is none."""
        lines = (line for line in self.lines if line_name in (None, line.name))
        return next((line for line in lines if isinstance(line, MessagingLine)), None)

    def lines_for_emergency(self) -> list[str]:
        """Return the lines to try, best first: ready ones, then those without SIM or registration, then
        those in a
        call (which the switch must end before).
        """
        order = (LineState.READY, LineState.STARTING, LineState.IN_CALL)
        outside = [line for line in self.lines if not isinstance(line, HandsetLike)]
        return [line.name for state in order for line in outside if line.state is state]

    def emergency(self, number: str, line_name: str) -> LineLeg:
        """Return an idle leg that calls for help on a line of `lines_for_emergency`.

        Raises:
            KeyError: There is no such line.
        """
        line = next((line for line in self.lines if line.name == line_name), None)
        if line is None:
            raise KeyError(line_name)
        return self._leg(line, Direction.OUTGOING, Party(number), emergency=True)

    def checkup(self) -> dict[str, tuple[Verdict, ...]]:
        """Return the doctor's verdicts on every line, by its name."""
        return {line.name: line.checkup() for line in self.lines}

    def _leg(self, line: Line, direction: Direction, party: Party, *, emergency: bool = False) -> LineLeg:
        return self._noted(
            LineLeg(
                line,
                self._media,
                direction,
                party,
                kind_of(line),
                emergency=emergency,
                country=self.country,
                sharing=self._sharing.get(line.name),
            )
        )

    def _noted(self, leg: LineLeg) -> LineLeg:
        self._legs.add(leg)
        self._watch(leg)
        if self.on_leg is not None:
            self.on_leg(leg)
        return leg

    def _watch(self, leg: LineLeg) -> None:
        """Note how the line does in this call."""
        talked = False

        def on_leg(event: LegEvent) -> None:
            nonlocal talked
            match event:
                case LegStateChanged(_, LegState.CONNECTED):
                    talked = True
                case LegStateChanged(_, LegState.ENDED) if leg.ending is not None:
                    now = asyncio.get_running_loop().time()
                    self.health.ended(leg.address, leg.ending, talked=talked, now=now)
                    if self.health.is_sick(leg.address, now):
                        logger.warning("%s is sick: %s", leg.address, leg.ending.detail)
                case _:
                    pass

        leg.subscribe(on_leg)

    def _on_line(self, line: Line, event: LineEvent) -> None:
        if (ear := self._ears.get(line.name)) is not None:
            ear.on_line(event)
        match event:
            case IncomingCall() if isinstance(line, HandsetLike):
                if self.on_handset is not None:
                    self.on_handset(line)
            case CallerWaits(number, withheld) if isinstance(line, WaitingLine):
                party = Party(number, withheld=withheld)
                sharing = self._sharing.get(line.name)
                waiting = WaitingLeg(line, self._media, party, kind_of(line), self.country, sharing)
                self._waiting[line.name] = waiting
                logger.info("%s: a second caller waits for %s", waiting.id, line.name)
                self._on_incoming(self._noted(waiting), line)
            case WaitingOver() | WaiterTaken():
                self._waiting.pop(line.name, None)
            case IncomingCall() if self._waiting.pop(line.name, None) is not None:
                # The leg has heard it itself: its turn has come.
                pass
            case IncomingCall(number, withheld):
                leg = self._leg(line, Direction.INCOMING, Party(number, withheld=withheld))
                logger.info("%s: a call comes in on %s", leg.id, line.name)
                self._on_incoming(leg, line)
            case StateChanged():
                if self.on_change is not None:
                    self.on_change(self._status(line))
            case SmsReceived() | SmsPartSent() | SmsSendResult() | SmsReport() | UssdReply() | NetworkTime():
                if self.on_text is not None:
                    self.on_text(line, event)
            case _:
                pass

    def _status(self, line: Line) -> LineStatus:
        detail = line.detail
        if line.name in self.health.out_of_service:
            detail = f"out of service by hand; {detail}"
        elif self._started and self.health.is_sick(line.name, asyncio.get_running_loop().time()):
            detail = f"sick, no calls out for a while; {detail}"
        elif self.health.is_silent(line.name):
            detail = f"no sound comes in, restarted once idle; {detail}"
        return LineStatus(line.name, line.state.value, detail, line.refused_lines)


def kind_of(line: Line) -> str:
    """Return the line's technology, in a word, for the record."""
    if isinstance(line, HandsetLike):
        return "handset"
    return "gsm" if isinstance(line, MessagingLine) else "pstn"
