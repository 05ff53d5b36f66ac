"""The exchange line's own stories, on the real board code: exchanges differ in what they tell, and how."""

from __future__ import annotations

import asyncio

import pytest

from hal.coprocessor.fxo_line import FxoLine
from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    DigitReceived,
    EndReason,
    IncomingCall,
    KeysWanted,
    LineError,
    LineState,
    RemoteAlerting,
)
from tests.contracts.line_contract import Heard, running
from tests.hal.board_bench import ExchangeBench

pytestmark = pytest.mark.looptime
CALLER = "13800138000"


async def _talk(bench: ExchangeBench, heard: Heard) -> FxoLine:
    bench.call(CALLER)
    await heard.next(IncomingCall)
    await bench.line.answer()
    await heard.next(AudioReady)
    return bench.line


async def test_a_caller_id_between_the_rings_is_told_with_the_first() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        began = asyncio.get_running_loop().time()
        bench.call(CALLER)
        assert await heard.next(IncomingCall) == IncomingCall(CALLER, withheld=False)
        assert asyncio.get_running_loop().time() - began < 3.5


async def test_who_hides_the_number_is_told_so() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        bench.call(CALLER, withheld=True)
        assert await heard.next(IncomingCall) == IncomingCall(None, withheld=True)


async def test_without_caller_id_the_call_is_told_before_the_second_ring_is_over() -> None:
    bench = ExchangeBench(caller_id=False)
    async with running(bench) as heard:
        began = asyncio.get_running_loop().time()
        bench.call(CALLER)
        assert await heard.next(IncomingCall) == IncomingCall(None, withheld=False)
        assert asyncio.get_running_loop().time() - began < 6.2


async def test_keys_are_heard_from_the_answer_on() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        await _talk(bench, heard)
        bench.press("8001#")
        await asyncio.sleep(3)
        assert "".join(event.digit for event in heard.all(DigitReceived)) == "8001#"


@pytest.mark.parametrize(
    ("opens_loop", "said"), [(True, "the exchange opened the loop"), (False, "busy tone")]
)
async def test_a_hang_up_is_an_open_loop_or_three_rounds_of_busy_tone(opens_loop: bool, said: str) -> None:
    bench = ExchangeBench(opens_loop=opens_loop, turns_polarity=False)
    async with running(bench) as heard:
        line = await _talk(bench, heard)
        # What a line does in its first 600 ms off hook is settling, and no message.
        await asyncio.sleep(1)
        bench.hang_up()
        ended = await heard.next(CallEnded)
        assert (ended.reason, ended.detail) == (EndReason.REMOTE_HANG_UP, said)
        await heard.state(line, LineState.READY)


async def test_two_rounds_of_busy_tone_may_be_speech_and_end_no_call() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        line = await _talk(bench, heard)
        for rounds in (1, 2):
            line.tone_heard("busy", rounds)
        line.tone_heard("ringback", 9)
        await asyncio.sleep(5)
        assert heard.all(CallEnded) == []


async def test_one_long_tone_is_the_callers_own_and_ends_no_call() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        line = await _talk(bench, heard)
        line.tone_heard("dial", 1)
        await asyncio.sleep(5)
        assert heard.all(CallEnded) == []


async def test_where_the_polarity_tells_no_sound_is_taken_for_the_answer() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        bench.will_answer("13900139000")
        await bench.line.dial("13900139000")
        await heard.next(RemoteAlerting)
        bench.line.answer_heard()
        assert heard.all(CallConnected) == []
        await heard.next(CallConnected)


async def test_where_nothing_tells_the_answer_is_heard() -> None:
    bench = ExchangeBench(turns_polarity=False)
    async with running(bench) as heard:
        bench.will_answer("13900139000")
        await bench.line.dial("13900139000")
        await heard.next(RemoteAlerting)
        await asyncio.sleep(2)
        assert heard.all(CallConnected) == []
        bench.line.answer_heard()
        assert len(heard.all(CallConnected)) == 1


async def test_a_number_goes_out_by_pulses_where_the_exchange_takes_no_tones() -> None:
    bench = ExchangeBench(pulse=True)
    async with running(bench) as heard:
        bench.will_answer("10086")
        await bench.line.dial("10086")
        await heard.next(CallConnected)
        dialled = [happening.detail for happening in bench.network.history if happening.word == "dialling"]
        assert dialled == ["10086"]
        assert heard.all(KeysWanted) == []
        await bench.line.hang_up()
        await heard.state(bench.line, LineState.READY)
        assert bench.network.calls == {}


async def test_a_relay_that_falls_ends_the_call_and_takes_no_other() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        line = await _talk(bench, heard)
        bench.board.guard.heartbeat = lambda now: None
        assert (await heard.next(CallEnded)).reason is EndReason.DEVICE_LOST
        with pytest.raises(LineError, match="ready"):
            await line.dial("13900139000")
        assert "tied together" in line.detail


async def test_a_line_that_is_not_plugged_in_is_named_and_no_call_is_placed_on_it() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        bench.exchange.plugged = False
        await heard.state(bench.line, LineState.STARTING)
        assert "plugged in" in bench.line.detail
        with pytest.raises(LineError, match="ready"):
            await bench.line.dial("13900139000")


async def test_after_a_call_the_line_rests_until_the_exchange_has_noticed() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        line = await _talk(bench, heard)
        await line.hang_up()
        with pytest.raises(LineError, match="ready"):
            await line.dial("13900139000")
        await heard.state(line, LineState.READY)
        assert not bench.exchange.hooked


async def test_a_board_that_stood_still_for_a_moment_serves_its_line_again() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        await _talk(bench, heard)
        await heard.next(CallConnected)
        bench.stands_still = True
        ended = await heard.next(CallEnded)
        assert (ended.reason, bench.line.state) == (EndReason.DEVICE_LOST, LineState.DOWN)
        bench.stands_still = False
        async with asyncio.timeout(10):
            while bench.line.state is not LineState.READY or not bench.is_free():
                await asyncio.sleep(0.1)
        bench.call(CALLER)
        await heard.next(IncomingCall)
