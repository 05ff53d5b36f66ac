"""A second caller while a call stands: kept waiting until the line is free, or told busy."""

from __future__ import annotations

import asyncio

import pytest

from hal.fake.network import CallState, FakeCall, PartyScript
from hal.fake.quirks import Quirks
from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    CallerWaits,
    EndReason,
    IncomingCall,
    LineState,
    WaitingOver,
)
from tests.contracts.line_contract import running
from tests.hal.bench import WIRES, Bench, talk

pytestmark = pytest.mark.looptime
FIRST, SECOND = "13800138000", "13900139000"
KEEPING = ("sim7600", "a7670", "sim800", "ec25", "ec200")


def another(bench: Bench, number: str | None = SECOND, *, withheld: bool = False) -> FakeCall:
    calls: list[FakeCall] = []
    bench.act(lambda: calls.append(bench.network.call(PartyScript(number, withheld))))
    return calls[0]


def first(bench: Bench) -> FakeCall:
    return next(iter(bench.network.calls.values()))


@pytest.mark.parametrize("model", KEEPING)
@pytest.mark.parametrize("wire", [wire for wire in WIRES if wire != "lossy"])
async def test_the_second_caller_is_told_of_and_rings_when_the_first_has_gone(model: str, wire: str) -> None:
    bench = Bench(WIRES[wire](7), model=model)
    async with running(bench) as heard:
        await talk(bench, heard)
        another(bench)
        assert await heard.next(CallerWaits) == CallerWaits(SECOND, withheld=False)
        await asyncio.sleep(10)
        assert heard.all(CallEnded) == []
        assert bench.line.detail.endswith("another caller waits")
        bench.act(lambda: bench.network.party_hangs_up(first(bench)))
        assert (await heard.next(CallEnded)).reason is EndReason.REMOTE_HANG_UP
        assert await heard.next(IncomingCall, 2) == IncomingCall(SECOND, withheld=False)
        await bench.line.answer()
        await heard.next(CallConnected, 2)
        await heard.next(AudioReady, 2)
        await bench.line.hang_up()
        assert bench.is_free()


async def test_a_waiting_caller_whose_announcement_was_lost_is_found_by_asking() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.modem.quirks.deaf = True
        another(bench)
        bench.modem.quirks.deaf = False
        assert (await heard.next(CallerWaits)).number == SECOND


@pytest.mark.parametrize("model", KEEPING)
async def test_a_second_caller_who_gives_up_leaves_the_standing_call_alone(model: str) -> None:
    bench = Bench(model=model)
    async with running(bench) as heard:
        await talk(bench, heard)
        second = another(bench)
        await heard.next(CallerWaits)
        bench.act(lambda: bench.network.party_hangs_up(second))
        assert (await heard.next(WaitingOver)).reason is EndReason.REMOTE_HANG_UP
        await asyncio.sleep(10)
        assert bench.is_talking()
        assert heard.all(CallEnded) == []


async def test_our_own_hang_up_ends_the_first_call_alone() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        second = another(bench)
        await heard.next(CallerWaits)
        await bench.line.hang_up()
        assert (await heard.next(CallEnded)).reason is EndReason.LOCAL
        assert (await heard.next(IncomingCall, 2)).number == SECOND
        assert second.state is CallState.RINGING


async def test_a_second_caller_who_withholds_the_number_is_told_so() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        another(bench, None, withheld=True)
        assert await heard.next(CallerWaits) == CallerWaits(None, withheld=True)
        bench.act(lambda: bench.network.party_hangs_up(first(bench)))
        assert await heard.next(IncomingCall, 2) == IncomingCall(None, withheld=True)


async def test_a_model_that_cannot_keep_two_apart_has_the_second_told_busy() -> None:
    bench = Bench(model="huawei-e1xx")
    async with running(bench) as heard:
        await talk(bench, heard)
        second = another(bench)
        assert (await heard.next(CallerWaits)).number == SECOND
        assert (await heard.next(WaitingOver)).reason is EndReason.LOCAL
        assert bench.network.history[-1].detail == "busy"
        assert second.state is CallState.ENDED
        await asyncio.sleep(10)
        assert bench.is_talking()
        assert heard.all(CallEnded) == []
        assert bench.commands("AT+CHLD") == ["AT+CHLD=0"]


async def test_a_third_caller_finds_the_line_busy() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        another(bench)
        await heard.next(CallerWaits)
        assert another(bench, "13700137000").state is CallState.ENDED


async def test_a_modem_that_vanishes_takes_both_with_it() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        another(bench)
        await heard.next(CallerWaits)
        bench.vanish()
        await heard.next(WaitingOver)
        assert (await heard.next(CallEnded)).reason is EndReason.DEVICE_LOST
        bench.come_back()
        await heard.state(bench.line, LineState.READY)
        assert len(heard.all(IncomingCall)) == 1


async def test_late_audio_is_not_cured_while_somebody_waits() -> None:
    bench = Bench(quirks=Quirks(audio_refused_seconds=6.0))
    async with running(bench) as heard:
        await talk(bench, heard)
        another(bench)
        await heard.next(CallerWaits)
        bench.act(lambda: bench.network.party_hangs_up(first(bench)))
        await heard.next(IncomingCall, 2)
        await asyncio.sleep(2)
        assert bench.commands("AT+CRESET") == []
