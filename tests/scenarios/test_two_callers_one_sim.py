"""Two callers over the office's one SIM: held, swapped, joined, by a phone's own keys. Who hears whom is told
by the network (who is on the modem's audio) and by the media plane (whose port has it, who is routed to it).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from extensions.conference import RoomSettings
from firmware.app.outbound import TrunkLines
from firmware.core.leg import LegState
from firmware.core.records import Outcome
from firmware.switch.destinations import ToExtension, ToReception
from firmware.switch.inbound import InboundPlan
from hal.fake.network import CallState, FakeCall
from hal.line import LineState
from tests.scenarios.office import trace
from tests.scenarios.test_call_waiting import FIRST, SECOND, OneSim, one_sim
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


class Desk:
    """Two callers and the phone of 101 with a call of each."""

    def __init__(self, sim: OneSim) -> None:
        self.sim = sim
        self._calls: dict[str, FakeCall] = {}
        self.phones: list[FakeLeg] = []

    async def first_talks(self) -> None:
        await self.sim.first_talks()
        self._calls[FIRST] = next(iter(self.sim.bench.network.calls.values()))
        self.phones = [self.sim.office.legs[-1]]

    async def second_knocks(self) -> FakeLeg:
        """Have the second caller call; return the phone's second call, which rings."""
        self._calls[SECOND] = self.sim.calls(SECOND)
        rung = len(self.sim.office.legs)
        await self.sim.office.until(lambda: len(self.sim.office.legs) > rung, 5)
        self.phones.append(self.sim.office.legs[-1])
        return self.phones[-1]

    def leaves(self, number: str) -> None:
        """Have a caller hang up."""
        self.sim.bench.act(lambda: self.sim.bench.network.party_hangs_up(self._calls[number]))

    def state(self, number: str) -> CallState:
        """Return how the network sees a caller's call."""
        return self._calls[number].state

    def on_air(self) -> set[str | None]:
        """Return the numbers of who hears the modem's audio and is heard in it."""
        modem = self.sim.bench.modem
        calls = (modem.call, modem.held) if modem.joined else (modem.call,)
        return {call.number for call in calls if call is not None and modem.audio_on}

    def hears(self, number: str) -> set[str]:
        """Return the addresses of the phones a caller hears, and that hear the caller; "music" for music.

        What is routed to the one port that has the device is heard by all who are on the modem's audio.
        """
        media = self.sim.office.media
        if number not in self.on_air():
            return set()
        owners = [port for port, device in media.ports.items() if device == "/pcm"]
        assert len(owners) <= 1, "one device, one port"
        if not owners:
            # On its way from one port to the other.
            return set()
        heard: set[str] = set()
        for phone in self.phones:
            # A phone that holds sends nothing.
            if phone.port is None or phone.state is LegState.HELD:
                continue
            if media.bridged(owners[0], phone.port):
                heard.add(phone.id)
        playing = media.playing(owners[0])
        if playing is not None and playing.music:
            heard.add("music")
        return heard

    async def until_talking(self, number: str, phone: FakeLeg) -> None:
        await self.sim.office.until(lambda: self.hears(number) == {phone.id}, 20)

    async def until_on_air(self, *numbers: str) -> None:
        await self.sim.office.until(lambda: self.on_air() == set(numbers), 20)


@contextlib.asynccontextmanager
async def first_talks(tmp_path: Path) -> AsyncIterator[Desk]:
    """An office whose 101 talks with the first caller."""
    async with one_sim(tmp_path) as sim:
        desk = Desk(sim)
        await desk.first_talks()
        yield desk


@contextlib.asynccontextmanager
async def second_talks(tmp_path: Path) -> AsyncIterator[tuple[Desk, FakeLeg, FakeLeg]]:
    """An office whose 101 holds the first caller and talks with the second; its calls, in that order."""
    async with first_talks(tmp_path) as desk:
        line_one, line_two = desk.phones[0], await desk.second_knocks()
        line_one.far.holds()
        line_two.far.answers()
        await desk.until_talking(SECOND, line_two)
        yield desk, line_one, line_two


async def test_a_phone_takes_the_second_caller_and_swaps_between_the_two(tmp_path: Path) -> None:
    async with first_talks(tmp_path) as desk:
        sim = desk.sim
        line_one = desk.phones[0]
        line_two = await desk.second_knocks()
        await desk.until_talking(FIRST, line_one)
        line_one.far.holds()
        await sim.office.until(lambda: desk.hears(FIRST) == {"music"})
        line_two.far.answers()
        await desk.until_talking(SECOND, line_two)
        assert desk.on_air() == {SECOND}
        # The SIP hold of one, then the resumption of the other: what a phone's swap key does.
        line_two.far.holds()
        line_one.far.resumes()
        await desk.until_talking(FIRST, line_one)
        assert desk.on_air() == {FIRST}
        line_one.far.holds()
        line_two.far.resumes()
        await desk.until_talking(SECOND, line_two)
        await asyncio.sleep(30)
        assert desk.on_air() == {SECOND}
        # The second caller leaves; the first comes back at once, and hears the office's music.
        desk.leaves(SECOND)
        await sim.office.until(lambda: desk.hears(FIRST) == {"music"}, 20)
        line_one.far.resumes()
        await sim.office.until(lambda: desk.hears(FIRST) == {line_one.id}, 5)
        line_one.far.ends()
        await sim.office.until(lambda: sim.journey(FIRST) is not None)
        assert sim.bench.is_free()
    for number in (FIRST, SECOND):
        journey = sim.journey(number)
        assert journey is not None
        assert journey.outcome is Outcome.ANSWERED
        assert journey.talked_ms > 0


async def test_the_first_who_hangs_up_on_hold_leaves_the_second_alone(tmp_path: Path) -> None:
    async with second_talks(tmp_path) as (desk, _line_one, line_two):
        sim = desk.sim
        desk.leaves(FIRST)
        await sim.office.until(lambda: sim.journey(FIRST) is not None)
        await asyncio.sleep(10)
        assert desk.hears(SECOND) == {line_two.id}


async def test_the_office_ends_the_held_call_alone(tmp_path: Path) -> None:
    async with second_talks(tmp_path) as (desk, line_one, line_two):
        sim = desk.sim
        line_one.far.ends()
        await sim.office.until(lambda: sim.journey(FIRST) is not None)
        assert desk.state(FIRST) is CallState.ENDED
        assert desk.hears(SECOND) == {line_two.id}


async def test_who_answers_before_the_first_is_held_has_the_second_as_soon_as_the_first_is(
    tmp_path: Path,
) -> None:
    async with first_talks(tmp_path) as desk:
        sim = desk.sim
        line_two = await desk.second_knocks()
        line_two.far.answers()
        await asyncio.sleep(10)
        assert desk.hears(FIRST) == {desk.phones[0].id}, "nobody in a talk loses the line"
        assert desk.state(SECOND) is CallState.RINGING
        desk.phones[0].far.holds()
        await desk.until_talking(SECOND, line_two)
        line_two.far.ends()
        await sim.office.until(lambda: sim.journey(SECOND) is not None)
        second = sim.journey(SECOND)
        assert second is not None
        assert sum("waits for gsm1" in line for line in trace(second)) == 1
        assert second.outcome is Outcome.ANSWERED


async def test_who_resumes_the_first_while_the_second_is_talked_to_waits(tmp_path: Path) -> None:
    async with one_sim(tmp_path) as sim:
        await sim.office.change(inbound=InboundPlan(otherwise=(ToExtension("101"),)))
        desk = Desk(sim)
        await desk.first_talks()
        desk.phones[0].far.holds()
        await sim.office.change(inbound=InboundPlan(otherwise=(ToExtension("102"),)))
        line_two = await desk.second_knocks()
        assert line_two.address == "102"
        line_two.far.answers()
        await desk.until_talking(SECOND, line_two)
        desk.phones[0].far.resumes()
        await asyncio.sleep(10)
        assert desk.hears(SECOND) == {line_two.id}
        line_two.far.ends()
        await desk.until_talking(FIRST, desk.phones[0])


async def test_a_phone_that_talks_with_both_at_once_has_them_joined_until_one_leaves(tmp_path: Path) -> None:
    async with second_talks(tmp_path) as (desk, line_one, line_two):
        # The phone's conference key: both of its calls are active, and it mixes them itself.
        line_one.far.resumes()
        await desk.until_on_air(FIRST, SECOND)
        assert desk.hears(FIRST) == desk.hears(SECOND) == {line_two.id}
        # Holding one of them parts the two; resuming joins them again.
        line_one.far.holds()
        await desk.until_on_air(SECOND)
        assert desk.hears(SECOND) == {line_two.id}
        line_two.far.holds()
        line_one.far.resumes()
        await desk.until_on_air(FIRST)
        await desk.until_talking(FIRST, line_one)
        line_two.far.resumes()
        await desk.until_on_air(FIRST, SECOND)
        desk.leaves(SECOND)
        await desk.until_talking(FIRST, line_one)
        assert desk.on_air() == {FIRST}


async def test_an_attended_transfer_joins_the_two_callers_and_frees_the_phone(tmp_path: Path) -> None:
    async with second_talks(tmp_path) as (desk, line_one, line_two):
        sim = desk.sim
        talks = [sim.office.exchange.call_with(phone) for phone in (line_one, line_two)]
        first, second = (talk.caller for talk in talks if talk is not None)
        line_two.far.holds()
        line_two.far.asks_transfer("", line_one)
        await desk.until_on_air(FIRST, SECOND)
        await sim.office.until(lambda: line_one.ending is not None and line_two.ending is not None)
        media = sim.office.media
        resting = [
            leg.port for leg in (first, second) if leg.port is not None and media.ports[leg.port] == ""
        ]
        assert len(resting) == 1, "one port has both voices, the other none: no echo"
        await asyncio.sleep(20)
        assert desk.on_air() == {FIRST, SECOND}
        desk.leaves(FIRST)
        await sim.office.until(lambda: sim.bench.is_free(), 20)


async def test_two_callers_led_into_one_room_are_joined_until_one_leaves(
    tmp_path: Path,
) -> None:
    async with second_talks(tmp_path) as (desk, line_one, line_two):
        sim = desk.sim
        await sim.office.change(rooms=(RoomSettings("team", "800"),))
        line_two.far.asks_transfer("800")
        await sim.office.until(lambda: sim.office.routing.conferences.members("team") == ["gsm1"])
        line_one.far.asks_transfer("800")
        await desk.until_on_air(FIRST, SECOND)
        assert sim.office.routing.conferences.members("team") == ["gsm1", "gsm1"]
        desk.leaves(FIRST)
        await sim.office.until(lambda: sim.office.routing.conferences.members("team") == ["gsm1"], 20)
        assert desk.on_air() == {SECOND}


async def test_one_of_two_joined_who_is_led_elsewhere_is_heard_by_the_other_no_more(tmp_path: Path) -> None:
    async with second_talks(tmp_path) as (desk, line_one, line_two):
        sim = desk.sim
        line_one.far.resumes()
        await desk.until_on_air(FIRST, SECOND)
        line_two.far.asks_transfer("103")
        await desk.until_on_air(SECOND)
        assert desk.state(FIRST) is CallState.ANSWERED
        third = await sim.office.phone_rings("103")
        desk.phones.append(third)
        third.far.answers()
        await desk.until_talking(SECOND, third)
        third.far.ends()
        await desk.until_talking(FIRST, line_one)


async def test_an_emergency_call_frees_the_line_of_both(tmp_path: Path) -> None:
    async with second_talks(tmp_path) as (desk, _line_one, _line_two):
        sim = desk.sim
        await TrunkLines(sim.trunks, lambda digits: digits == "110").free("gsm1")
        assert sim.bench.is_free()
        assert sim.bench.line.state is not LineState.IN_CALL


async def test_a_menu_does_not_take_the_line_while_a_talk_is_held_for_a_moment(tmp_path: Path) -> None:
    async with first_talks(tmp_path) as desk:
        sim = desk.sim
        sim.office.destinations.register(ToReception, sim.office._menu)
        await sim.office.change(inbound=InboundPlan(otherwise=(ToReception(),)))
        second = sim.calls(SECOND)
        await sim.office.until(lambda: len(sim.office.exchange.live()) == 2)
        desk.phones[0].far.holds()
        await asyncio.sleep(10)
        desk.phones[0].far.resumes()
        await asyncio.sleep(1)
        assert desk.hears(FIRST) == {desk.phones[0].id}
        assert second.state is CallState.RINGING
        desk.leaves(FIRST)
        await sim.office.until(lambda: second.state is CallState.ANSWERED, 10)
