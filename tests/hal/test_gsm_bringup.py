"""A GSM modem is brought up and kept alive: SIM cards, registration, restarts, modems that fall silent."""

from __future__ import annotations

import asyncio
import random

import pytest

from hal.fake.modem import FakeModem
from hal.fake.network import FakeMobileNetwork
from hal.fake.quirks import Quirks
from hal.fake.schedule import Schedule
from hal.fake.sim_card import SimCard, SimState
from hal.line import (
    CallEnded,
    EndReason,
    IncomingCall,
    LineError,
    LineState,
)
from hal.modems.driver import GsmDriver
from hal.modems.model import load_model
from tests.contracts.line_contract import Heard, running
from tests.hal.bench import Bench, GoodWire, talk

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
    modem = FakeModem(FakeMobileNetwork(schedule), quirks=Quirks(answer_seconds=0.0))
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
        await talk(bench, heard)
        bench.modem.quirks.deaf = True
        assert (await heard.next(CallEnded)).reason is EndReason.DEVICE_LOST


async def test_a_modem_that_restarts_by_itself_ends_its_call_and_is_set_up_anew() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.modem.power_off()
        bench.modem.power_on()
        bench.flush()
        ended = await heard.next(CallEnded)
        assert (ended.reason, ended.detail) == (EndReason.DEVICE_LOST, "the modem restarted")
        await heard.state(bench.line, LineState.READY)
        await talk(bench, heard, 2)


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


async def _say_ok_into_the_next_command(bench: Bench) -> None:
    """Put a stray OK on the wire while the modem thinks about a command."""
    bench.modem.history.clear()
    while not bench.modem.history:
        await asyncio.sleep(0.01)
    bench.modem.say_raw(b"\r\nOK\r\n")
    bench.flush()
