"""What differs between modem models, calls for help, and the doctor."""

from __future__ import annotations

import asyncio

import pytest

from hal.fake.dialects import DIALECTS
from hal.fake.quirks import Quirks
from hal.fake.sim_card import SimCard
from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    DigitReceived,
    EndReason,
    IncomingCall,
    LineError,
    LineState,
    SmsReceived,
    UssdReply,
)
from hal.modems.model import known_models, load_model
from tests.contracts.line_contract import Heard, running
from tests.hal.bench import Bench, talk

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("model", known_models())
async def test_audio_is_on_while_a_call_stands_both_ways(model: str) -> None:
    bench = Bench(model=model)
    async with running(bench) as heard:
        bench.far.call("13800138000")
        await heard.next(IncomingCall)
        await bench.line.answer()
        await heard.next(AudioReady)
        assert bench.modem.audio_on
        await bench.line.hang_up()
        await heard.state(bench.line, LineState.READY)
        bench.far.will_answer("13900139000")
        await bench.line.dial("13900139000")
        await heard.next(AudioReady, 2)
        assert bench.modem.audio_on


@pytest.mark.parametrize("model", known_models())
async def test_messages_and_service_codes_work_on_every_model(model: str) -> None:
    bench = Bench(model=model)
    async with running(bench) as heard:
        bench.text("10086", "hello")
        await heard.next(SmsReceived)
        await bench.line.send_ussd("*100#")
        assert (await heard.next(UssdReply)).text.startswith("Balance")


@pytest.mark.parametrize("model", known_models())
async def test_a_pin_is_entered_and_its_tries_are_counted_on_every_model(model: str) -> None:
    bench = Bench(sim=SimCard("1234"), pin="1234", model=model)
    async with running(bench):
        assert bench.modem.sim.pin_tries == 3
    bench = Bench(sim=SimCard("1234"), pin="9999", model=model)
    bench.modem.sim.pin_tries = 1
    await bench.begin()
    try:
        await Heard(bench.line).state(bench.line, LineState.STARTING)
        await Heard(bench.line).until(lambda: "too few" in bench.line.detail, "reason")
        assert bench.modem.sim.pin_tries == 1
    finally:
        await bench.end()


async def test_a_quectel_is_told_to_give_audio_before_it_answers() -> None:
    bench = Bench(model="ec25")
    async with running(bench) as heard:
        bench.far.call("13800138000")
        await heard.next(IncomingCall)
        await bench.line.answer()
        commands = bench.commands()
        assert commands.index("AT+QPCMV=1,0") < commands.index("ATA")


async def test_a_quectel_that_refuses_audio_does_not_answer_into_silence() -> None:
    bench = Bench(model="ec25", quirks=Quirks(audio_broken=True))
    async with running(bench) as heard:
        bench.far.call("13800138000")
        await heard.next(IncomingCall)
        with pytest.raises(LineError, match="no audio"):
            await bench.line.answer()
        assert heard.all(CallConnected) == []
        assert bench.line.checkup()[5].fine is False


async def test_a_huawei_is_never_asked_for_one_call_of_several() -> None:
    """CHLD=1x before ^CONF crashes it (telephony-reference H8)."""
    bench = Bench(model="huawei-e1xx")
    async with running(bench) as heard:
        bench.far.will_be_busy("13900139001")
        await bench.line.dial("13900139001")
        assert (await heard.next(CallEnded)).reason is EndReason.BUSY
        bench.far.will_not_answer("13900139002")
        await heard.state(bench.line, LineState.READY)
        await bench.line.dial("13900139002")
        await bench.line.hang_up()
        assert bench.commands("AT+CHLD") == []


async def test_a_quectel_tells_keys_by_their_ascii_numbers() -> None:
    bench = Bench(model="ec25")
    async with running(bench) as heard:
        bench.far.call("13800138000")
        await heard.next(IncomingCall)
        await bench.line.answer()
        bench.far.press("0#*")
        assert [(await heard.next(DigitReceived, n)).digit for n in (1, 2, 3)] == ["0", "#", "*"]


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_model_knows_its_own_name_and_no_other_makers(name: str) -> None:
    model, others = load_model(name), {d.maker: d.model for d in DIALECTS.values()}
    others.pop(DIALECTS[name].maker)
    assert model.is_called(f"{DIALECTS[name].maker}, {DIALECTS[name].model}")
    assert model.is_called(""), "one that doesn't tell may be any"
    assert not model.called or not any(model.is_called(other) for other in others.values())


# Calls for help


async def _dials_112(bench: Bench) -> Heard:
    await bench.begin()
    heard = Heard(bench.line)
    await heard.state(bench.line, LineState.STARTING)
    await heard.until(lambda: "AT+CPIN?" in bench.commands(), "bring-up")
    bench.far.will_answer("112")
    with pytest.raises(LineError, match="ready"):
        await bench.line.dial("112")
    await bench.line.dial("112", emergency=True)
    return heard


@pytest.mark.parametrize(
    "sim",
    [SimCard(present=False), SimCard("1234")],
    ids=["no SIM card", "a SIM card with a PIN nobody knows"],
)
async def test_help_is_called_without_a_usable_sim(sim: SimCard) -> None:
    bench = Bench(sim=sim)
    heard = await _dials_112(bench)
    await heard.next(CallConnected)
    await heard.next(AudioReady)
    bench.far.hang_up()
    await heard.next(CallEnded)
    await bench.end()


async def test_help_is_called_though_the_modem_refuses_its_audio() -> None:
    bench = Bench(model="ec25", quirks=Quirks(audio_broken=True))
    bench.network.registration = 8
    heard = await _dials_112(bench)
    await heard.next(CallConnected)
    await bench.end()


async def test_help_is_called_when_the_network_takes_emergency_calls_only() -> None:
    bench = Bench()
    bench.network.registration = 8
    heard = await _dials_112(bench)
    await heard.next(AudioReady)
    await bench.end()


# The doctor


def _verdicts(bench: Bench) -> list[tuple[str, bool | None]]:
    return [(verdict.step, verdict.fine) for verdict in bench.line.checkup()]


async def test_a_healthy_modem_gets_a_clean_bill_after_a_call() -> None:
    bench = Bench()
    async with running(bench) as heard:
        assert _verdicts(bench)[:4] == [
            ("power", True), ("sim", True), ("signal", True), ("registration", True)
        ]  # fmt: skip
        assert _verdicts(bench)[4:] == [("caller_id", None), ("audio", None), ("hang_up", None)]
        bench.far.call("13800138000")
        await heard.next(IncomingCall)
        await bench.line.answer()
        await heard.next(AudioReady)
        bench.far.hang_up()
        await heard.next(CallEnded)
        assert all(verdict.fine and verdict.words.zh for verdict in bench.line.checkup())


async def test_a_network_that_never_tells_who_calls_is_found_out() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.far.call(None)
        await heard.next(IncomingCall)
        bench.far.hang_up()
        await heard.next(CallEnded)
        caller_id, _, hang_up = bench.line.checkup()[4:]
        assert (caller_id.fine, caller_id.words.en) == (False, "0 of 1 callers had a number")
        assert caller_id.remedy.zh
        assert hang_up.fine


async def test_each_step_is_named_where_it_fails_and_later_ones_are_left_out() -> None:
    bench = Bench()
    await bench.line.start()
    assert _verdicts(bench)[:2] == [("power", False), ("sim", None)]
    await bench.end()
    bench = Bench(sim=SimCard(present=False))
    await bench.begin()
    heard = Heard(bench.line)
    await heard.until(lambda: "no SIM" in bench.line.detail, "reason")
    sim = bench.line.checkup()[1]
    assert (sim.fine, sim.words.zh, bool(sim.remedy.zh)) == (False, "没有 SIM 卡", True)
    await bench.end()


async def test_a_weak_signal_is_a_warning_and_the_rest_is_judged_all_the_same() -> None:
    bench = Bench()
    bench.network.rssi = 3
    async with running(bench) as heard:
        await heard.until(lambda: "-107 dBm" in bench.line.detail, "signal")
        assert _verdicts(bench)[2:4] == [("signal", False), ("registration", True)]


async def test_audio_that_comes_late_is_a_sign_of_decay_and_cured_once_the_call_is_over() -> None:
    """The first sign of SIM7600 audio decay (telephony-reference H1)."""
    bench = Bench(quirks=Quirks(audio_refused_seconds=6.0))
    async with running(bench) as heard:
        bench.far.call("13800138000")
        await heard.next(IncomingCall)
        await bench.line.answer()
        await heard.next(AudioReady)
        assert _verdicts(bench)[5] == ("audio", False)
        assert bench.commands("AT+CRESET") == []
        bench.far.hang_up()
        await heard.next(CallEnded)
        await asyncio.sleep(10)
        assert bench.commands("AT+CRESET") == ["AT+CRESET"]
        await heard.state(bench.line, LineState.READY)


async def test_of_a_modem_that_went_away_nothing_else_is_said_to_be_in_order() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.hang_up()
        await heard.next(CallEnded)
        await heard.state(bench.line, LineState.READY)
        assert dict(_verdicts(bench))["hang_up"] is True
        bench.vanish()
        await heard.state(bench.line, LineState.DOWN)
        assert [fine for _, fine in _verdicts(bench)] == [False, *[None] * 6]
