"""Two calls on one SIM: held, swapped, joined, one of them ends (3GPP TS 22.030, 6.5.5)."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from hal.fake.network import CallState, FakeCall, PartyScript
from hal.fake.quirks import Quirks
from hal.line import (
    AudioReady,
    CallEnded,
    CallerWaits,
    CallsJoined,
    CallsSplit,
    CallsSwapped,
    EndReason,
    HeldEnded,
    IncomingCall,
    LineError,
    LineState,
    WaiterTaken,
    WaitingOver,
)
from tests.contracts.line_contract import Heard, running
from tests.hal.bench import WIRES, Bench, GoodWire, talk

pytestmark = pytest.mark.looptime
SECOND, THIRD = "13900139000", "13700137000"
HOLDING = ("sim7600", "sim7600-wideband", "a7670", "sim800", "ec25", "ec25-uac")
TELLING_WIRES = [wire for wire in WIRES if wire != "lossy"]
"""A lost announcement costs the second caller seconds; that story is told apart."""


def another(bench: Bench, number: str = SECOND) -> FakeCall:
    calls: list[FakeCall] = []
    bench.act(lambda: calls.append(bench.network.call(PartyScript(number))))
    return calls[0]


async def two(bench: Bench, heard: Heard) -> tuple[FakeCall, FakeCall]:
    """Have a first caller on hold and a second one talking."""
    await talk(bench, heard)
    first = next(iter(bench.network.calls.values()))
    second = another(bench)
    await heard.next(CallerWaits)
    await bench.line.swap()
    await heard.next(WaiterTaken)
    await heard.next(AudioReady, 2)
    return first, second


def on_the_pcm_port(bench: Bench) -> list[FakeCall | None]:
    """Return whom the box hears and is heard by."""
    modem = bench.modem
    assert modem.audio_on
    return [modem.call, modem.held] if modem.joined else [modem.call]


@pytest.mark.parametrize("model", HOLDING)
@pytest.mark.parametrize("wire", TELLING_WIRES)
async def test_the_second_caller_is_taken_and_the_two_change_places(model: str, wire: str) -> None:
    bench = Bench(WIRES[wire](7), model=model)
    async with running(bench) as heard:
        first, second = await two(bench, heard)
        assert on_the_pcm_port(bench) == [second]
        assert first.state is CallState.ANSWERED
        assert bench.line.detail.endswith("another is on hold")
        await bench.line.swap()
        assert len(heard.all(CallsSwapped)) == 1
        assert on_the_pcm_port(bench) == [first]
        await asyncio.sleep(10)
        assert not heard.all(CallEnded) and not heard.all(HeldEnded)
        assert len(heard.all(IncomingCall)) == 1, "who is taken while waiting doesn't ring"
        await bench.line.hang_up_held()
        assert (await heard.next(HeldEnded)).reason is EndReason.LOCAL
        assert (first.state, second.state) == (CallState.ANSWERED, CallState.ENDED)
        await bench.line.hang_up()
        assert bench.is_free()
        await heard.state(bench.line, LineState.READY)


async def test_over_a_lossy_wire_nobody_is_lost_and_a_refusal_is_told() -> None:
    for seed in range(8):
        bench = Bench(WIRES["lossy"](seed))
        async with running(bench) as heard:
            await talk(bench, heard)
            first, second = next(iter(bench.network.calls.values())), another(bench)
            await heard.next(CallerWaits)
            await bench.line.swap()
            assert on_the_pcm_port(bench) == [second]
            await asyncio.sleep(30)
            assert (first.state, second.state) == (CallState.ANSWERED, CallState.ANSWERED)
            await bench.line.hang_up()
            assert (await heard.next(CallEnded)).reason is EndReason.LOCAL
            await heard.next(CallsSwapped)
            await heard.next(AudioReady, 3)
            assert on_the_pcm_port(bench) == [first]


@pytest.mark.parametrize("model", HOLDING)
@pytest.mark.parametrize("by_us", [False, True])
async def test_when_the_one_that_talks_ends_the_held_one_is_taken_back(model: str, by_us: bool) -> None:
    bench = Bench(model=model)
    async with running(bench) as heard:
        first, second = await two(bench, heard)
        if by_us:
            await bench.line.hang_up()
        else:
            bench.act(lambda: bench.network.party_hangs_up(second))
        ended = await heard.next(CallEnded)
        assert ended.reason is (EndReason.LOCAL if by_us else EndReason.REMOTE_HANG_UP)
        await heard.next(CallsSwapped)
        await heard.next(AudioReady, 3)
        assert on_the_pcm_port(bench) == [first]
        await bench.line.hang_up()
        assert bench.is_free()
        assert len(heard.all(CallEnded)) == 2


@pytest.mark.parametrize("model", HOLDING)
async def test_the_held_one_who_hangs_up_leaves_the_talk_alone(model: str) -> None:
    bench = Bench(model=model)
    async with running(bench) as heard:
        first, second = await two(bench, heard)
        bench.act(lambda: bench.network.party_hangs_up(first))
        assert (await heard.next(HeldEnded)).reason is EndReason.REMOTE_HANG_UP
        await asyncio.sleep(10)
        assert on_the_pcm_port(bench) == [second]
        assert heard.all(CallEnded) == []


@pytest.mark.parametrize("model", HOLDING)
@pytest.mark.parametrize("wire", TELLING_WIRES)
@pytest.mark.parametrize("leaves", ["first", "second"])
async def test_two_are_joined_and_one_hangs_up(model: str, wire: str, leaves: str) -> None:
    bench = Bench(WIRES[wire](3), model=model)
    async with running(bench) as heard:
        first, second = await two(bench, heard)
        await bench.line.join()
        await heard.next(CallsJoined)
        assert on_the_pcm_port(bench) == [second, first]
        await bench.line.join()
        assert bench.commands("AT+CHLD=3") == ["AT+CHLD=3"]
        await bench.line.split()
        await heard.next(CallsSplit)
        assert on_the_pcm_port(bench) == [second]
        await bench.line.split()
        await bench.line.join()
        assert on_the_pcm_port(bench) == [second, first]
        going, staying = (first, second) if leaves == "first" else (second, first)
        bench.act(lambda: bench.network.party_hangs_up(going))
        await heard.next(HeldEnded if going is first else CallEnded)
        await asyncio.sleep(10)
        assert on_the_pcm_port(bench) == [staying]
        assert staying.state is CallState.ANSWERED
        assert bench.commands().count("AT+CHLD=2") == 1, "who was joined need not be taken back"
        await bench.line.hang_up()
        assert bench.is_free()


@pytest.mark.parametrize("which", ["hang_up", "hang_up_held"])
async def test_we_end_one_of_two_joined(which: str) -> None:
    bench = Bench()
    async with running(bench) as heard:
        first, second = await two(bench, heard)
        await bench.line.join()
        await getattr(bench.line, which)()
        assert len(bench.network.calls) == 1
        staying = first if which == "hang_up" else second
        await asyncio.sleep(5)
        assert on_the_pcm_port(bench) == [staying]


@pytest.mark.parametrize("which", ["hang_up", "hang_up_held"])
async def test_who_is_hung_up_while_the_two_change_places_is_the_one_who_was_meant(which: str) -> None:
    bench = Bench()
    async with running(bench) as heard:
        first, second = await two(bench, heard)
        meant, other = (second, first) if which == "hang_up" else (first, second)
        swapping = asyncio.create_task(bench.line.swap())
        await asyncio.sleep(0.1)
        await asyncio.wait_for(getattr(bench.line, which)(), 10)
        await asyncio.gather(swapping, return_exceptions=True)
        await asyncio.sleep(5)
        assert (meant.state, other.state) == (CallState.ENDED, CallState.ANSWERED)
        assert on_the_pcm_port(bench) == [other]


async def test_the_held_one_who_is_being_hung_up_when_the_other_leaves_is_hung_up_all_the_same() -> None:
    bench = Bench()
    async with running(bench) as heard:
        _first, second = await two(bench, heard)
        bench.modem.moving = True  # The network is busy with something else and refuses.
        ending = asyncio.create_task(bench.line.hang_up_held())
        await asyncio.sleep(0.1)
        bench.act(lambda: bench.network.party_hangs_up(second))
        bench.modem.moving = False
        await ending
        await heard.next(CallEnded, 2)
        assert bench.is_free()


async def test_a_held_one_whom_the_network_did_not_let_go_can_be_hung_up_later() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await two(bench, heard)
        bench.modem.moving = True
        with pytest.raises(LineError, match="on hold"):
            await bench.line.hang_up_held()
        bench.modem.moving = False
        await bench.line.swap()
        await bench.line.hang_up()
        await heard.next(CallsSwapped, 2)
        await bench.line.hang_up()
        assert bench.is_free()


async def test_a_third_caller_who_could_not_be_told_busy_does_not_take_the_place_of_the_held_one() -> None:
    bench = Bench()
    async with running(bench) as heard:
        first, second = await two(bench, heard)
        bench.modem.moving = True
        third = another(bench, THIRD)

        def third_is_gone() -> bool:
            return third.state is CallState.ENDED

        await heard.next(CallerWaits, 2)
        await asyncio.sleep(1)
        assert not third_is_gone()
        bench.modem.moving = False
        bench.act(lambda: bench.network.party_hangs_up(second))
        await heard.next(CallsSwapped)
        await heard.next(AudioReady, 3)
        assert on_the_pcm_port(bench) == [first]
        assert third_is_gone()


async def test_a_third_caller_beside_two_is_told_busy() -> None:
    bench = Bench()
    async with running(bench) as heard:
        first, second = await two(bench, heard)
        third = another(bench, THIRD)
        assert (await heard.next(CallerWaits, 2)).number == THIRD
        assert (await heard.next(WaitingOver)).reason is EndReason.LOCAL
        assert third.state is CallState.ENDED
        assert (first.state, second.state) == (CallState.ANSWERED, CallState.ANSWERED)
        assert on_the_pcm_port(bench) == [second]


async def test_the_first_who_leaves_in_the_moment_of_the_change_does_not_cost_the_second() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        first = next(iter(bench.network.calls.values()))
        second = another(bench)
        await heard.next(CallerWaits)
        swapping = asyncio.create_task(bench.line.swap())
        await asyncio.sleep(0.1)
        bench.act(lambda: bench.network.party_hangs_up(first))
        with pytest.raises(LineError):
            await swapping
        await heard.next(IncomingCall, 2)
        await bench.line.answer()
        await heard.next(AudioReady, 2)
        assert on_the_pcm_port(bench) == [second]


async def test_who_is_connected_all_the_same_when_the_first_leaves_in_that_moment_is_answered() -> None:
    bench = Bench(quirks=Quirks(takes_waiter_left_alone=True))
    async with running(bench) as heard:
        await talk(bench, heard)
        first, second = next(iter(bench.network.calls.values())), another(bench)
        await heard.next(CallerWaits)
        swapping = asyncio.create_task(bench.line.swap())
        await asyncio.sleep(0.1)
        bench.act(lambda: bench.network.party_hangs_up(first))
        with pytest.raises(LineError):
            await swapping
        await heard.next(IncomingCall, 2)
        await asyncio.sleep(1)
        assert second.state is CallState.ANSWERED
        await bench.line.answer()
        await heard.next(AudioReady, 2)
        assert on_the_pcm_port(bench) == [second]
        assert bench.commands("ATA") == ["ATA"], "what the network has connected is not answered again"
        await bench.line.hang_up()
        assert bench.is_free()


async def test_what_is_listed_as_waiting_for_a_while_yet_is_no_third_caller() -> None:
    bench = Bench(quirks=Quirks(lists_waiting_seconds=8.0))
    async with running(bench) as heard:
        await talk(bench, heard)
        first = next(iter(bench.network.calls.values()))
        another(bench)
        await heard.next(CallerWaits)
        await asyncio.sleep(3)
        bench.act(lambda: bench.network.party_hangs_up(first))
        assert await heard.next(IncomingCall, 2) == IncomingCall(SECOND, withheld=False)
        await asyncio.sleep(15)
        assert len(heard.all(CallerWaits)) == 1
        assert heard.all(WaitingOver) == []
        await bench.line.answer()
        await heard.next(AudioReady, 2)


class GarbledList(GoodWire):
    """Makes the entries of some calls in the modem's list unreadable, while that is wanted."""

    garbled: tuple[int, ...] = ()

    def carry(self, data: bytes) -> list[tuple[float, bytes]]:
        for index in self.garbled:
            data = data.replace(f"+CLCC: {index},".encode(), b"+CLCC: \xf0,")
        return super().carry(data)


@pytest.mark.parametrize("garbled", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize("beside", ["waiting", "held", "alone"])
async def test_a_call_whose_entry_cannot_be_read_is_still_there(
    beside: str, garbled: tuple[int, ...]
) -> None:
    wire = GarbledList()
    bench = Bench(wire)
    async with running(bench) as heard:
        if beside == "held":
            first, second = await two(bench, heard)
        else:
            await talk(bench, heard)
            first = next(iter(bench.network.calls.values()))
        if beside == "waiting":
            second = another(bench)
            await heard.next(CallerWaits)
        wire.garbled = garbled
        await asyncio.sleep(20)
        assert (heard.all(CallEnded), heard.all(HeldEnded), heard.all(WaitingOver)) == ([], [], [])
        assert len(bench.network.calls) == (1 if beside == "alone" else 2)
        wire.garbled = ()
        bench.modem.quirks.end_line = False
        bench.act(lambda: bench.network.party_hangs_up(first))
        await heard.next(HeldEnded if beside == "held" else CallEnded)
        if beside == "held":
            assert on_the_pcm_port(bench) == [second]


@pytest.mark.parametrize("model", ["ec200", "huawei-e1xx"])
async def test_a_model_not_known_to_hold_says_so_and_is_never_asked(model: str) -> None:
    bench = Bench(model=model)
    async with running(bench) as heard:
        await talk(bench, heard)
        another(bench)
        await heard.next(CallerWaits)
        assert not bench.line.can_hold and not bench.line.can_join
        with pytest.raises(LineError, match="hold"):
            await bench.line.swap()
        with pytest.raises(LineError, match="join"):
            await bench.line.join()
        assert bench.is_talking()
        assert [c for c in bench.commands("AT+CHLD") if c != "AT+CHLD=0"] == []


async def test_a_network_that_refuses_changes_nothing() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        with pytest.raises(LineError, match="no other call"):
            await bench.line.swap()
        first, second = next(iter(bench.network.calls.values())), another(bench)
        await heard.next(CallerWaits)
        bench.modem.dialect = dataclasses.replace(bench.modem.dialect, holds=False)
        with pytest.raises(LineError):
            await bench.line.swap()
        assert on_the_pcm_port(bench) == [first]
        assert second.state is CallState.RINGING
        bench.act(lambda: bench.network.party_hangs_up(first))
        assert await heard.next(IncomingCall, 2) == IncomingCall(SECOND, withheld=False)


async def test_a_modem_that_vanishes_takes_both_with_it() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await two(bench, heard)
        bench.vanish()
        assert (await heard.next(HeldEnded)).reason is EndReason.DEVICE_LOST
        assert (await heard.next(CallEnded)).reason is EndReason.DEVICE_LOST
        bench.come_back()
        await heard.state(bench.line, LineState.READY)


async def test_who_is_given_up_while_being_taken_is_hung_up_and_the_first_comes_back() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        first = next(iter(bench.network.calls.values()))
        second = another(bench)
        await heard.next(CallerWaits)
        swapping = asyncio.create_task(bench.line.swap())
        await asyncio.sleep(0.1)
        await bench.line.refuse_waiting()
        await asyncio.gather(swapping, return_exceptions=True)
        await heard.next(CallsSwapped)
        await heard.next(AudioReady, 3)
        assert on_the_pcm_port(bench) == [first]
        assert second.state is CallState.ENDED
        assert bench.commands("AT+CHLD=0") == [], "it would end whoever is on hold"


async def test_who_is_given_up_while_a_refused_swap_is_under_way_is_told_busy() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        first, second = next(iter(bench.network.calls.values())), another(bench)
        await heard.next(CallerWaits)
        bench.modem.moving = True
        swapping = asyncio.create_task(bench.line.swap())
        await asyncio.sleep(0.1)
        bench.modem.moving = False
        await bench.line.refuse_waiting()
        with pytest.raises(LineError):
            await swapping
        assert (await heard.next(WaitingOver)).reason is EndReason.LOCAL
        assert second.state is CallState.ENDED
        assert on_the_pcm_port(bench) == [first]


async def test_a_line_that_is_stopped_leaves_nobody_on_hold() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await two(bench, heard)
        await bench.line.stop()
        assert bench.is_free()


async def test_calls_that_stood_before_we_came_are_ended_also_the_one_on_hold() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await two(bench, heard)
        bench.line._kept.give_up("the firmware is killed")
        await heard.state(bench.line, LineState.DOWN)
        await heard.state(bench.line, LineState.READY)
        assert bench.is_free()
