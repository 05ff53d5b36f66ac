"""What only a GSM modem does: SIM cards, registration, late caller id, audio that is refused, oddities."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random

import pytest

from hal.fake.modem import FakeModem, Quirks
from hal.fake.network import FakeMobileNetwork
from hal.fake.schedule import Schedule
from hal.fake.sim_card import SimCard, SimState
from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    EndReason,
    IncomingCall,
    LineError,
    LineState,
    NetworkTime,
    StateChanged,
)
from hal.modems.driver import GsmDriver
from hal.modems.model import load_model
from tests.contracts.line_contract import Heard, running
from tests.hal.bench import WIRES, Bench, GoodWire

pytestmark = pytest.mark.looptime


# Bring-up


async def test_a_ready_line_tells_network_and_signal() -> None:
    bench = Bench()
    async with running(bench):
        await asyncio.sleep(2)
        assert bench.line.detail == "ZONGJI TEST NET, -67 dBm"


async def test_echo_is_switched_off_before_anything_else_is_asked() -> None:
    bench = Bench()
    async with running(bench):
        assert next(c for c in bench.commands() if c != "AT") == "ATE0"


async def test_without_a_modem_the_line_is_down_and_says_so() -> None:
    bench = Bench()
    await bench.line.start()
    await asyncio.sleep(1)
    assert (bench.line.state, bench.line.detail) == (LineState.DOWN, "no modem is plugged in")
    await bench.end()


async def test_a_port_somebody_else_holds_is_tried_again() -> None:
    bench = Bench()
    bench.busy_port = True
    await bench.begin()
    await asyncio.sleep(1)
    assert bench.line.detail == "the modem's port can't be opened"
    bench.busy_port = False
    await asyncio.sleep(5)
    assert bench.line.state is LineState.READY
    await bench.end()


async def test_a_missing_sim_card_is_named_and_found_once_it_is_put_in() -> None:
    bench = Bench(sim=SimCard(present=False))
    await bench.begin()
    await asyncio.sleep(3)
    assert (bench.line.state, bench.line.detail) == (LineState.STARTING, "no SIM card in the modem")
    with pytest.raises(LineError, match="ready"):
        await bench.line.dial("13900139000")
    bench.modem.sim.present = True
    await asyncio.sleep(7)
    assert bench.line.state is LineState.READY
    await bench.end()


async def test_a_sim_with_a_pin_is_opened_by_the_profiles_pin() -> None:
    bench = Bench(sim=SimCard("1234"), pin="1234")
    async with running(bench):
        assert len(bench.commands("AT+CPIN=")) == 1


async def test_a_sim_with_a_pin_is_opened_again_after_the_modem_was_replugged() -> None:
    bench = Bench(sim=SimCard("1234"), pin="1234")
    async with running(bench) as heard:
        bench.vanish()
        await heard.state(bench.line, LineState.DOWN)
        bench.come_back()
        await heard.state(bench.line, LineState.READY)
        assert len(bench.commands("AT+CPIN=")) == 2


async def test_a_right_pin_whose_answer_got_lost_serves_again_after_a_replug() -> None:
    class ForgetfulWire(GoodWire):
        def carry(self, data: bytes) -> list[tuple[float, bytes]]:
            pin_taken = data.startswith(b"\r\nOK") and b"+CPIN: READY" in data
            return [] if pin_taken else [(0.0, data)]

    bench = Bench(ForgetfulWire(), sim=SimCard("1234"), pin="1234", quirks=Quirks(sim_seconds=0.1))
    async with running(bench) as heard:
        bench.vanish()
        await heard.state(bench.line, LineState.DOWN)
        bench.come_back()
        await heard.state(bench.line, LineState.READY)
        assert len(bench.commands("AT+CPIN=")) == 2


async def test_a_sim_with_a_pin_nobody_gave_us() -> None:
    bench = Bench(sim=SimCard("1234"))
    await bench.begin()
    await asyncio.sleep(60)
    assert bench.line.state is LineState.STARTING
    assert bench.line.detail.startswith("SIM asks for its PIN, 3 tries left")
    assert bench.commands("AT+CPIN=") == []
    await bench.end()


async def test_a_wrong_pin_is_tried_once_however_often_the_modem_restarts() -> None:
    bench = Bench(sim=SimCard("1234"), pin="9999")
    await bench.begin()
    await asyncio.sleep(30)
    assert bench.line.detail.startswith("SIM asks for its PIN, 2 tries left")
    for _ in range(3):
        bench.vanish()
        await asyncio.sleep(3)
        bench.come_back()
        await asyncio.sleep(30)
    assert bench.modem.sim.pin_tries == 2
    assert "wrong" in bench.line.detail
    await bench.end()


async def test_the_last_attempt_is_left_to_a_person() -> None:
    sim = SimCard("1234")
    sim.pin_tries = 1
    bench = Bench(sim=sim, pin="9999")
    await bench.begin()
    await asyncio.sleep(30)
    assert sim.pin_tries == 1
    assert bench.line.detail.startswith("SIM asks for its PIN, 1 try left")
    await bench.end()


async def test_a_pin_is_not_risked_when_the_modem_cannot_count_the_tries() -> None:
    bench = Bench(sim=SimCard("1234"), pin="1234", quirks=Quirks(tells_tries=False))
    await bench.begin()
    await asyncio.sleep(30)
    assert bench.commands("AT+CPIN=") == []
    assert bench.line.detail.startswith("SIM asks for its PIN")
    await bench.end()


async def test_a_blocked_sim_asks_for_its_puk() -> None:
    sim = SimCard("1234")
    sim.pin_tries = 0
    bench = Bench(sim=sim, pin="1234")
    await bench.begin()
    await asyncio.sleep(30)
    assert "PUK, 10 tries left" in bench.line.detail
    assert bench.commands("AT+CPIN=") == []
    await bench.end()


async def test_a_dead_sim_is_named() -> None:
    sim = SimCard("1234")
    sim.puk_tries = 0
    bench = Bench(sim=sim)
    assert sim.state is SimState.DEAD
    await bench.begin()
    await asyncio.sleep(10)
    assert bench.line.detail == "the SIM card doesn't work"
    await bench.end()


@pytest.mark.parametrize(
    ("stat", "words"),
    [
        (2, "searching for a mobile network"),
        (3, "the mobile network refuses this SIM"),
        (8, "the network allows emergency calls only"),
        (6, "the network allows messages only, no calls"),
    ],
)
async def test_a_line_without_registration_is_not_ready_and_says_why(stat: int, words: str) -> None:
    bench = Bench()
    bench.network.registration = stat
    await bench.begin()
    await asyncio.sleep(20)
    assert (bench.line.state, bench.line.detail) == (LineState.STARTING, words)
    await bench.end()


async def test_registration_that_comes_and_goes_is_followed() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.modem.set_registration(2)
        bench.flush()
        await heard.state(bench.line, LineState.STARTING)
        bench.modem.set_registration(5)
        bench.flush()
        await heard.state(bench.line, LineState.READY)


async def test_registration_is_found_by_polling_when_its_notification_was_lost() -> None:
    bench = Bench()
    bench.network.registration = 2
    await bench.begin()
    await asyncio.sleep(10)
    bench.network.set_registration(1)
    await asyncio.sleep(7)
    assert bench.line.state is LineState.READY
    await bench.end()


@pytest.mark.parametrize("seed", range(5))
async def test_a_wire_that_loses_bytes_still_brings_the_line_up(seed: int) -> None:
    class LosingWire(GoodWire):
        def carry(self, data: bytes) -> list[tuple[float, bytes]]:
            return [(0.0, bytes(b for b in data if self.random.random() > 0.02))]

    bench = Bench(LosingWire(seed))
    async with running(bench):
        assert bench.line.state is LineState.READY


async def test_a_slow_modem_comes_up_too() -> None:
    async with running(Bench(quirks=Quirks(answer_seconds=0.9, boot_seconds=8.0, sim_seconds=6.0))):
        pass


async def test_a_sim_card_pulled_out_of_a_ready_modem_is_noticed() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.modem.sim.present = False
        bench.modem.say("+CPIN: NOT READY")
        bench.flush()
        await asyncio.sleep(5)
        assert (bench.line.state, bench.line.detail) == (LineState.STARTING, "no SIM card in the modem")
        bench.modem.sim.present = True
        await heard.state(bench.line, LineState.READY)


async def test_an_answer_left_over_from_before_is_not_taken_for_ours() -> None:
    bench = Bench(quirks=Quirks(answer_seconds=0.15))
    bench.come_back()
    await asyncio.sleep(2)
    await bench.line.start()
    await _say_ok_into_the_next_command(bench)
    await asyncio.sleep(8)
    assert bench.line.detail == "ZONGJI TEST NET, -67 dBm"
    assert len(bench.commands("ATE0")) == 1
    assert len(bench.commands("AT+CPIN?")) == 1
    await bench.end()


async def test_answers_that_got_out_of_step_are_brought_back() -> None:
    bench = Bench(quirks=Quirks(answer_seconds=0.15))
    async with running(bench):
        await asyncio.sleep(3)
        await _say_ok_into_the_next_command(bench)
        bench.network.operator = "OTHER NET"
        await asyncio.sleep(100)
        assert bench.line.detail == "OTHER NET, -67 dBm"


@pytest.mark.parametrize("begin", [random.Random(seed).uniform(0, 1e6) for seed in range(20)])
def test_whatever_the_clock_reads_the_next_timer_is_later_than_now(begin: float) -> None:
    driver = GsmDriver("gsm1", load_model("sim7600"), "/pcm")
    schedule = Schedule()
    schedule.now = begin
    modem = FakeModem(FakeMobileNetwork(schedule))
    modem.power_on()
    schedule.handle_timer(begin + 5)
    modem.data_to_send()
    driver.opened(begin + 5)
    for _ in range(300):
        while data := driver.data_to_send():
            modem.receive_data(data)
            driver.receive_data(modem.data_to_send(), schedule.now)
        when = driver.get_timer()
        assert when is not None
        assert when > schedule.now
        schedule.handle_timer(when)
        driver.handle_timer(when)
    assert driver.state is LineState.READY


# Keeping it alive


async def test_an_idle_modem_is_asked_whether_it_lives() -> None:
    bench = Bench()
    async with running(bench):
        bench.modem.history.clear()
        await asyncio.sleep(29)
        assert len([c for c in bench.commands() if c == "AT"]) >= 1
        assert len(bench.commands()) <= 12


async def test_a_modem_that_stops_answering_is_given_up_and_its_port_reopened() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.modem.quirks.deaf = True
        await heard.state(bench.line, LineState.DOWN)
        assert asyncio.get_running_loop().time() < 60
        bench.modem.quirks.deaf = False
        await heard.state(bench.line, LineState.READY)


async def test_a_modem_that_falls_silent_in_mid_call_ends_the_call() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await _talk(bench, heard)
        bench.modem.quirks.deaf = True
        assert (await heard.next(CallEnded)).reason is EndReason.DEVICE_LOST


async def test_a_modem_that_restarts_by_itself_ends_its_call_and_is_set_up_anew() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await _talk(bench, heard)
        bench.modem.power_off()
        bench.modem.power_on()
        bench.flush()
        ended = await heard.next(CallEnded)
        assert (ended.reason, ended.detail) == (EndReason.DEVICE_LOST, "the modem restarted")
        await heard.state(bench.line, LineState.READY)
        await _talk(bench, heard, 2)


async def test_a_call_left_over_from_before_our_start_is_hung_up() -> None:
    bench = Bench()
    bench.come_back()
    await asyncio.sleep(2)
    bench.call("13800138000")
    bench.to_modem(b"ATA\r")
    assert bench.is_talking()
    await bench.line.start()
    await Heard(bench.line).state(bench.line, LineState.READY)
    assert bench.is_free()
    await bench.end()


async def test_a_call_that_is_answered_while_the_modem_is_still_set_up_is_not_taken_for_a_leftover() -> None:
    bench = Bench(quirks=Quirks(answer_seconds=0.4))
    await bench.begin()
    heard = Heard(bench.line)
    while not bench.commands("AT+CLIP=1"):
        await asyncio.sleep(0.1)
    bench.call("13800138000")
    await heard.next(IncomingCall)
    await bench.line.answer()
    await asyncio.sleep(30)
    assert bench.is_talking()
    assert heard.all(CallEnded) == []
    await bench.end()


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
        await _talk(bench, heard)
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
        await _talk(bench, heard)
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
        await _talk(bench, heard)
        await bench.line.hang_up()
        assert [e.reason for e in heard.all(CallEnded)] == [EndReason.LOCAL]
        assert bench.is_free()


async def test_a_modem_that_does_not_know_chup_is_hung_up_by_ath() -> None:
    bench = Bench(quirks=Quirks(ignores_chup=True))
    async with running(bench) as heard:
        await _talk(bench, heard)
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
        await _talk(bench, heard)
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
        await _talk(bench, heard)
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
        await _talk(bench, Heard(bench.line))


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


# Hostile and odd lines


async def test_a_line_of_ten_thousand_bytes_is_refused_counted_and_noticed_by_nobody() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await _talk(bench, heard)
        before = list(heard.events)
        bench.modem.say_raw(b"\r\n" + b"+CLIP: " + b"A" * 10_000 + b"\r\n")
        bench.flush()
        await asyncio.sleep(10)
        assert bench.line.refused_lines == 1
        assert heard.events == before
        bench.hang_up()
        assert (await heard.next(CallEnded)).reason is EndReason.REMOTE_HANG_UP


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
        await _talk(bench, heard)
        bench.hang_up()
        await heard.next(CallEnded)
        bench.will_answer("13900139000")
        await bench.line.dial("13900139000")
        await asyncio.sleep(1)
    assert "4711" not in caplog.text
    assert "13800138000" not in caplog.text
    assert "13900139000" not in caplog.text
    assert "860000000000001" not in caplog.text


async def _say_ok_into_the_next_command(bench: Bench) -> None:
    """Put a stray OK on the wire while the modem thinks about a command."""
    bench.modem.history.clear()
    while not bench.modem.history:
        await asyncio.sleep(0.01)
    bench.modem.say_raw(b"\r\nOK\r\n")
    bench.flush()


def _states_between(heard: Heard, kind: type[object], end: LineState) -> list[LineState]:
    """Return the states said after the first event of a kind, up to and without `end`."""
    first = next(i for i, event in enumerate(heard.events) if isinstance(event, kind))
    states = [event.state for event in heard.events[first:] if isinstance(event, StateChanged)]
    return states[: states.index(end)]


async def _talk(bench: Bench, heard: Heard, count: int = 1) -> None:
    bench.call("13800138000")
    await heard.next(IncomingCall, count)
    await bench.line.answer()
    await heard.next(AudioReady, count)


async def test_audio_is_there_within_300_ms_of_the_answer() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.call("13800138000")
        await heard.next(IncomingCall)
        began = asyncio.get_running_loop().time()
        await bench.line.answer()
        await heard.next(AudioReady)
        assert asyncio.get_running_loop().time() - began <= 0.3
