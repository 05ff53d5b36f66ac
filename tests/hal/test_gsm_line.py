"""What only a GSM modem does in calls: late caller id, missing end lines, audio that is refused, oddities."""

from __future__ import annotations

import asyncio
import itertools
import logging

import pytest

from hal.fake.quirks import Quirks
from hal.fake.sim_card import SimCard
from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    EndReason,
    IncomingCall,
    LineState,
    NetworkTime,
    SmsOutcome,
    SmsSendResult,
    StateChanged,
)
from hal.modems.model import load_model
from tests.contracts.line_contract import Heard, running
from tests.hal.bench import WIRES, Bench, GoodWire, talk

pytestmark = pytest.mark.looptime


# Incoming calls


async def test_the_caller_id_may_come_late() -> None:
    bench = Bench(quirks=Quirks(caller_id_seconds=2.5))
    async with running(bench) as heard:
        began = asyncio.get_running_loop().time()
        bench.call("13800138000")
        assert (await heard.next(IncomingCall)).number == "13800138000"
        assert asyncio.get_running_loop().time() - began < 3


async def test_a_caller_id_that_never_comes_does_not_hold_the_call_up() -> None:
    bench = Bench(quirks=Quirks(caller_id_seconds=-1))
    async with running(bench) as heard:
        began = asyncio.get_running_loop().time()
        bench.call("13800138000")
        assert await heard.next(IncomingCall) == IncomingCall(None, withheld=False)
        assert asyncio.get_running_loop().time() - began < 4


async def test_a_caller_who_gives_up_before_the_caller_id_is_still_told_of() -> None:
    bench = Bench(quirks=Quirks(caller_id_seconds=2.5))
    async with running(bench) as heard:
        bench.call("13800138000")
        await asyncio.sleep(0.5)
        bench.hang_up()
        await heard.next(CallEnded)
        kinds = [type(e) for e in heard.events if not isinstance(e, StateChanged | NetworkTime)]
        assert kinds == [IncomingCall, CallEnded]


async def test_many_rings_with_caller_id_are_one_call() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.call("13800138000")
        await asyncio.sleep(30)
        assert len(heard.all(IncomingCall)) == 1
        assert bench.line.state is LineState.IN_CALL


@pytest.mark.parametrize("wire", WIRES)
async def test_a_missing_end_line_is_found_out_by_asking(wire: str) -> None:
    bench = Bench(WIRES[wire](3), quirks=Quirks(end_line=False))
    async with running(bench) as heard:
        await talk(bench, heard)
        began = asyncio.get_running_loop().time()
        bench.hang_up()
        ended = await heard.next(CallEnded)
        assert ended.reason is EndReason.REMOTE_HANG_UP
        assert asyncio.get_running_loop().time() - began < 6
        await heard.state(bench.line, LineState.READY)


async def test_one_list_of_calls_that_noise_ate_ends_no_call() -> None:
    class HungryWire(GoodWire):
        eats = False

        def carry(self, data: bytes) -> list[tuple[float, bytes]]:
            if self.eats and b"+CLCC:" in data:
                self.eats = False
                data = b"\r\nOK\r\n"
            return [(0.0, data)]

    wire = HungryWire()
    bench = Bench(wire)
    async with running(bench) as heard:
        await talk(bench, heard)
        for _ in range(5):
            wire.eats = True
            await asyncio.sleep(10)
            assert not wire.eats
        assert heard.all(CallEnded) == []


async def test_a_caller_who_gives_up_without_an_end_line_stops_ringing() -> None:
    bench = Bench(quirks=Quirks(end_line=False))
    async with running(bench) as heard:
        bench.call("13800138000")
        await heard.next(IncomingCall)
        bench.hang_up()
        assert (await heard.next(CallEnded)).reason is EndReason.REMOTE_HANG_UP


async def test_hanging_up_works_without_an_end_line() -> None:
    bench = Bench(quirks=Quirks(end_line=False))
    async with running(bench) as heard:
        await talk(bench, heard)
        await bench.line.hang_up()
        assert [e.reason for e in heard.all(CallEnded)] == [EndReason.LOCAL]
        assert bench.is_free()


async def test_a_modem_that_does_not_know_chup_is_hung_up_by_ath() -> None:
    bench = Bench(quirks=Quirks(ignores_chup=True))
    async with running(bench) as heard:
        await talk(bench, heard)
        await bench.line.hang_up()
        assert bench.is_free()
        assert bench.commands("ATH") == ["ATH"]


async def test_a_data_call_is_no_call_of_ours() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.modem.say("+CRING: REL ASYNC", odd=True)
        bench.modem.say("+CLCC: 1,1,4,1,0")
        bench.flush()
        await asyncio.sleep(10)
        assert heard.all(IncomingCall) == []
        assert bench.line.state is LineState.READY


async def test_a_number_the_ring_could_not_tell_may_come_with_the_list_of_calls() -> None:
    bench = Bench(quirks=Quirks(caller_id_seconds=1.0))
    async with running(bench) as heard:
        bench.call("13800138000")
        bench.modem.say('+CLIP: "",128,"",0,"",2')
        bench.flush()
        assert (await heard.next(IncomingCall)).number == "13800138000"


# Audio


async def test_audio_refused_at_first_is_asked_for_again() -> None:
    bench = Bench(quirks=Quirks(audio_refused_seconds=3.2))
    async with running(bench) as heard:
        await talk(bench, heard)
        asked = [at for at, text in bench.modem.history if text == "AT+CPCMREG=1"]
        gaps = [later - sooner for sooner, later in itertools.pairwise(asked)]
        pause = load_model("sim7600").audio.retry_seconds
        assert len(gaps) >= 5
        assert all(pause - 0.01 < gap < pause + 0.1 for gap in gaps)


async def test_audio_is_asked_for_only_once_the_call_stands() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.call("13800138000")
        await asyncio.sleep(5)
        assert bench.commands("AT+CPCMREG=1") == []
        await bench.line.answer()
        await heard.next(AudioReady)


async def test_audio_is_switched_off_when_the_call_is_over() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.hang_up()
        await heard.next(CallEnded)
        await asyncio.sleep(0.1)
        assert bench.commands("AT+CPCMREG")[-1] == "AT+CPCMREG=0"


async def test_a_modem_that_refuses_audio_for_good_is_restarted() -> None:
    bench = Bench(quirks=Quirks(audio_broken=True))
    async with running(bench) as heard:
        bench.call("13800138000")
        await heard.next(IncomingCall)
        await bench.line.answer()
        connected = asyncio.get_running_loop().time()
        ended = await heard.next(CallEnded)
        assert ended.reason is EndReason.DEVICE_FAULT
        assert 12 <= asyncio.get_running_loop().time() - connected < 13
        assert ended.detail.startswith("no audio")
        assert bench.is_free()
        await heard.state(bench.line, LineState.DOWN)
        await heard.state(bench.line, LineState.READY)
        assert bench.commands("AT+CRESET") == ["AT+CRESET"]
        assert LineState.READY not in _states_between(heard, CallEnded, LineState.DOWN)
        await talk(bench, Heard(bench.line))


async def test_a_modem_that_only_pretends_to_restart_is_opened_anew() -> None:
    bench = Bench(quirks=Quirks(audio_broken=True))
    bench.modem.on_restart = None
    async with running(bench) as heard:
        bench.call("13800138000")
        await heard.next(IncomingCall)
        await bench.line.answer()
        await heard.next(CallEnded)
        ended = asyncio.get_running_loop().time()
        await heard.state(bench.line, LineState.DOWN)
        await heard.state(bench.line, LineState.READY)
        assert asyncio.get_running_loop().time() - ended < 60


async def test_audio_is_there_within_300_ms_of_the_answer() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.call("13800138000")
        await heard.next(IncomingCall)
        began = asyncio.get_running_loop().time()
        await bench.line.answer()
        await heard.next(AudioReady)
        assert asyncio.get_running_loop().time() - began <= 0.3


# Hostile and odd lines


async def test_a_line_of_ten_thousand_bytes_is_refused_counted_and_noticed_by_nobody() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        before = list(heard.events)
        bench.modem.say_raw(b"\r\n" + b"+CLIP: " + b"A" * 10_000 + b"\r\n")
        bench.flush()
        await asyncio.sleep(10)
        assert bench.line.refused_lines == 1
        assert heard.events == before
        bench.hang_up()
        assert (await heard.next(CallEnded)).reason is EndReason.REMOTE_HANG_UP


@pytest.mark.parametrize("wire", ["good", "one byte at a time", "late"])
async def test_a_modem_that_goes_on_echoing_is_understood(wire: str) -> None:
    bench = Bench(WIRES[wire](5), quirks=Quirks(keeps_echo=True), sim=SimCard("1234"), pin="1234")
    async with running(bench) as heard:
        await talk(bench, heard)
        await bench.line.send_digits("12#")
        assert bench.keys_heard() == "12#"
        await bench.line.hang_up()
        assert bench.is_free()
        await bench.line.send_sms("m1", "+8613800138000", "on my way")
        assert (await heard.next(SmsSendResult)).outcome is SmsOutcome.SENT
        bench.will_answer("13900139000")
        await bench.line.dial("13900139000")
        await heard.next(AudioReady, 2)


async def test_notifications_between_a_command_and_its_result_belong_to_neither() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.call("13800138000")
        await heard.next(IncomingCall)
        bench.modem.slip_in('+CREG: 1,"1A2B","01C3D4E5",7', "+CSQ: 10,99", '+CMTI: "SM",3', "BUSY SIGNAL")
        await bench.line.answer()
        await heard.next(CallConnected)
        assert heard.all(CallEnded) == []


async def test_numbers_and_pins_stay_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bench = Bench(sim=SimCard("4711"), pin="4711")
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.hang_up()
        await heard.next(CallEnded)
        bench.will_answer("13900139000")
        await bench.line.dial("13900139000")
        await asyncio.sleep(1)
    assert "4711" not in caplog.text
    assert "13800138000" not in caplog.text
    assert "13900139000" not in caplog.text
    assert "860000000000001" not in caplog.text


def _states_between(heard: Heard, kind: type[object], end: LineState) -> list[LineState]:
    """Return the states said after the first event of a kind, up to and without `end`."""
    first = next(i for i, event in enumerate(heard.events) if isinstance(event, kind))
    states = [event.state for event in heard.events[first:] if isinstance(event, StateChanged)]
    return states[: states.index(end)]
