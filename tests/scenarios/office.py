"""A whole office on fakes, in virtual time: stories about calls are told in it.

office = Office(tmp_path)
caller = office.caller_rings_in()
await office.until(caller.is_answered)
"""

from __future__ import annotations

import asyncio
import datetime
import wave
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from extensions.dial import Code, dial
from extensions.dial import Office as Reachable
from extensions.directory import OfficeDirectory
from firmware.core.causes import Cause, Side
from firmware.core.clock import Instant
from firmware.core.ids import LegId, PortId
from firmware.core.leg import Ending, Leg
from firmware.core.media import PlayItem, PlayTone
from firmware.core.records import EntryKind, Journey
from firmware.core.trace import Said
from firmware.switch.call import Call, Script
from firmware.switch.destinations import Destination, Destinations
from firmware.switch.directory import Extension
from firmware.switch.exchange import Exchange
from firmware.switch.numbering import Numbering, NumberPlan
from firmware.switch.outbound.guard import Caps, Guard
from firmware.switch.outbound.outbound import Outbound, OutboundSettings
from ivr.menu import Answering, answer_with_menus, first_menus
from ivr.prompts import Prompts
from ivr.prompts.catalogue import CATALOGUE
from tests.media.fake_media import FakeMedia
from tests.switch.fake_leg import FakeLeg
from tests.switch.fake_lines import FakeLines

PROMPT_SECONDS = 2.0
RING_SECONDS = 25.0


class LoopClock:
    """The event loop's time, which looptime makes virtual."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> Instant:
        now_ms = int(self.monotonic() * 1000)
        return Instant(wall_ms=1_795_000_000_000 + now_ms, mono_ms=now_ms, boot_id="test", clock_set=True)


class MemoryStore:
    """Keeps journeys in the order they were closed."""

    def __init__(self) -> None:
        self.begun: list[Journey] = []
        self.closed: list[Journey] = []

    def begin(self, journey: Journey) -> None:
        self.begun.append(journey)

    def update(self, journey: Journey) -> None:
        assert journey in self.begun

    async def close(self, journey: Journey) -> None:
        self.closed.append(journey)


class Words:
    """Speaks sentences as tones of a second whose frequencies stand for nothing.

    Args:
        said: Keeps their keys.
        languages: Keeps the language of each, "" for the office's.
        language: Of this one's sentences.
    """

    def __init__(
        self, said: list[str] | None = None, languages: list[str] | None = None, language: str = ""
    ) -> None:
        self.said: list[str] = [] if said is None else said
        self.languages: list[str] = [] if languages is None else languages
        self._language = language

    def in_language(self, language: str) -> Words:
        return Words(self.said, self.languages, language)

    def say(self, *keys: str) -> list[PlayItem]:
        self.said += keys
        self.languages += [self._language] * len(keys)
        return [PlayTone((700.0,), (), duration_ms=1000) for _ in keys]

    def number(self, value: int) -> list[PlayItem]:
        return self.say(str(value))

    def digits(self, text: str) -> list[PlayItem]:
        return self.say(text)


class Office:
    """Extensions 101, 102 and 103; 102 is the operator. Every prompt lasts two seconds."""

    _open: ClassVar[list[Office]] = []

    def __init__(self, folder: Path, *, recorded: bool = True) -> None:
        _make_prompts(folder / "prompts" / "en")
        self.media = FakeMedia()
        self.store = MemoryStore()
        self.legs: list[FakeLeg] = []
        """Every leg rung so far, oldest first."""
        self.next_legs: list[FakeLeg] = []
        """Legs to hand out instead of plain ones, first come first served."""
        self._ports: dict[LegId, PortId] = {}
        self.prompts = Prompts(folder / "prompts", "en")
        people = [Extension("101", "Li"), Extension("102", "Front desk"), Extension("103", "Wang")]
        self.directory = OfficeDirectory(people, "102", self._leg_to)
        self.exchange = Exchange(self.store, LoopClock(), self.media, self.directory)
        self.exchange.recordings = folder / "recordings" if recorded else None
        self.words = Words()
        self.alarms: list[str] = []
        self.local_time = datetime.datetime(2026, 11, 23, 10, 0, tzinfo=datetime.UTC)
        """A Monday morning; stories that need another hour set it."""
        self.lines = FakeLines(self.media, "gsm1", "gsm2")
        self.outbound = Outbound(
            NumberPlan("CN", Numbering(area="010", outside_prefix="9")),
            OutboundSettings(),
            self.lines,
            Guard(Caps(), alarm=self._alarm),
            self.words,
            lambda: self.local_time,
            self._alarm,
        )
        self.destinations = Destinations()
        self.numbers: dict[str, Destination] = {}
        self.code: Code | None = None
        self._open.append(self)

    @classmethod
    async def close_all(cls) -> None:
        """Stop the switch of every office opened since the last time."""
        while cls._open:
            await cls._open.pop().exchange.stop()

    def _alarm(self, words: Said) -> None:
        self.alarms.append(str(words))

    def caller_rings_in(self, number: str | None = "13800138000") -> FakeLeg:
        """Have somebody call the office from outside."""
        caller = FakeLeg.incoming("gsm1", number, media=self.media)
        self.exchange.take(caller, self.reception)
        return caller

    async def reception(self, call: Call) -> None:
        """Have a caller meet the first menus."""
        await answer_with_menus(call, Answering(first_menus(), self.prompts, ring_seconds=RING_SECONDS))

    def phone_dials(self, own_number: str, dialled: str) -> FakeLeg:
        """Have one of the office's phones dial."""
        phone = FakeLeg.incoming(own_number, own_number, media=self.media)
        reachable = Reachable(
            self.outbound, self.destinations, self.numbers, self.code, ring_seconds=RING_SECONDS
        )
        vital = self.outbound.plan.emergency.match(dialled) is not None
        self.exchange.take(
            phone, partial(dial, dialled=dialled, office=reachable), called=dialled, vital=vital
        )
        return phone

    def somebody_rings_in(
        self, script: Script, number: str | None = "13800138000", line: str = "gsm1"
    ) -> FakeLeg:
        """Have somebody call from outside and meet another script than the reception."""
        caller = FakeLeg.incoming(line, number, media=self.media)
        self.lines.on_it[line] = caller
        self.exchange.take(caller, script)
        return caller

    async def line_dials(self, digits: str) -> FakeLeg:
        """Wait until somebody is dialled on an outside line and return the leg."""
        await self.until(lambda: any(leg.party.number == digits for leg in self._dialled()))
        return next(leg for leg in self._dialled() if leg.party.number == digits)

    async def talking(self, one: FakeLeg, other: FakeLeg) -> None:
        """Wait until two parties hear each other."""
        await self.until(lambda: self.are_talking(one, other))

    def are_talking(self, one: FakeLeg, other: FakeLeg) -> bool:
        """Tell whether two parties hear each other."""
        return one.port is not None and other.port is not None and self.media.bridged(one.port, other.port)

    def nobody_registered_at(self, number: str) -> None:
        """Have the next ring of an extension find no phone."""
        ending = Ending(Cause.SUBSCRIBER_ABSENT, Side.WIRE, "not registered")
        self.next_legs.append(FakeLeg.outgoing(number, media=self.media, ring_ends=ending))

    async def phone_rings(self, number: str) -> FakeLeg:
        """Wait until an extension's phone rings and return its leg."""
        await self.until(lambda: any(leg.address == number and leg.history for leg in self._unanswered()))
        return next(leg for leg in self._unanswered() if leg.address == number)

    async def journey(self) -> Journey:
        """Wait for the next journey to be closed and return it."""
        already = len(self.store.closed)
        await self.until(lambda: len(self.store.closed) > already)
        return self.store.closed[-1]

    async def hears(self, leg: FakeLeg, prompt: str) -> None:
        """Wait until a prompt is the last thing that was started to a leg."""
        await self.until(lambda: self.has_heard(leg)[-1:] == [prompt])

    def has_heard(self, leg: FakeLeg) -> list[str]:
        """Return the names of the prompts played to a leg, in order; the leg may have ended."""
        if leg.port is not None:
            self._ports[leg.id] = leg.port
        if leg.id not in self._ports:
            return []
        return [name.removesuffix(".wav") for name in self.media.files_played(self._ports[leg.id])]

    async def until(self, condition: Callable[[], bool], seconds: float = 120.0) -> None:
        """Wait, in virtual time, until a condition holds."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)

    def _dialled(self) -> list[FakeLeg]:
        return [leg for leg in self.lines.legs if leg.ending is None and leg.state in ("ringing", "alerting")]

    def _unanswered(self) -> list[FakeLeg]:
        return [leg for leg in self.legs if leg.ending is None and leg.state in ("ringing", "alerting")]

    def _leg_to(self, number: str) -> Leg:
        leg = next((leg for leg in self.next_legs if leg.address == number), None)
        if leg is not None:
            self.next_legs.remove(leg)
        else:
            leg = FakeLeg.outgoing(number, media=self.media)
        self.legs.append(leg)
        return leg


def trace(journey: Journey) -> list[str]:
    """Return the routing decisions of a journey, as the admin reads them."""
    return [entry.text for entry in journey.timeline if entry.kind is EntryKind.ROUTE]


def _make_prompts(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for key in CATALOGUE:
        with wave.open(str(folder / f"{key}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(int(PROMPT_SECONDS * 8000) * 2))
