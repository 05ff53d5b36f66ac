"""Before the number: an exchange line is dialled on once it gives dial tone, and given up without."""

from __future__ import annotations

import asyncio

import pytest

from hal.coprocessor.fxo_line import BLIND_UNHEARD, DIAL_TONE_PATIENCE
from hal.fake.analog import DialTone
from hal.fake.voice_modem import SPECIMENS
from hal.line import CallConnected, CallEnded, DialToneLine, EndReason, KeysWanted, LineError, LineState
from tests.contracts.line_contract import Heard, running
from tests.hal.bench import VoiceBench
from tests.hal.board_bench import ExchangeBench

pytestmark = pytest.mark.looptime
NUMBER, HELP = "13900139000", "120"


def dialled(bench: ExchangeBench | VoiceBench) -> list[str]:
    """Return the numbers that the exchange has understood."""
    return [happening.detail for happening in bench.network.history if happening.word == "dialling"]


def lost(bench: ExchangeBench) -> list[str]:
    """Return what was keyed while the exchange didn't listen."""
    return [happening.detail for happening in bench.network.history if happening.word == "lost keys"]


async def seconds_to_the_number(bench: ExchangeBench, heard: Heard) -> float:
    """Dial; return after how long the number is keyed."""
    bench.will_answer(NUMBER)
    began = asyncio.get_running_loop().time()
    await bench.line.dial(NUMBER)
    await heard.next(KeysWanted)
    return asyncio.get_running_loop().time() - began


@pytest.mark.parametrize("kind", [DialTone.STEADY, DialTone.SPECIAL, DialTone.STUTTER])
async def test_the_number_goes_out_as_soon_as_dial_tone_is_heard(kind: DialTone) -> None:
    bench = ExchangeBench(dial_tone=kind)
    async with running(bench) as heard:
        assert await seconds_to_the_number(bench, heard) < 2.5
        await heard.next(CallConnected)
        assert (dialled(bench), lost(bench)) == ([NUMBER], [])


@pytest.mark.parametrize("late", [2.0, 4.0])
async def test_a_busy_exchange_is_waited_for(late: float) -> None:
    bench = ExchangeBench(dial_tone_after=late)
    async with running(bench) as heard:
        assert late < await seconds_to_the_number(bench, heard) < DIAL_TONE_PATIENCE
        await heard.next(CallConnected)
        assert (dialled(bench), lost(bench)) == ([NUMBER], [])


async def test_pulses_wait_for_dial_tone_too() -> None:
    bench = ExchangeBench(pulse=True, dial_tone_after=3.0)
    async with running(bench) as heard:
        bench.will_answer("10086")
        await bench.line.dial("10086")
        await heard.next(CallConnected)
        assert dialled(bench) == ["10086"]


@pytest.mark.parametrize("kind", [DialTone.DEAD, DialTone.UNHEARD])
async def test_without_dial_tone_the_call_ends_before_a_number_went_out(kind: DialTone) -> None:
    bench = ExchangeBench(dial_tone=kind)
    async with running(bench) as heard:
        began = asyncio.get_running_loop().time()
        await bench.line.dial(NUMBER)
        ended = await heard.next(CallEnded)
        assert (ended.reason, ended.detail) == (EndReason.NO_DIAL_TONE, "no dial tone")
        assert asyncio.get_running_loop().time() - began < DIAL_TONE_PATIENCE + 1
        assert (heard.all(KeysWanted), dialled(bench)) == ([], [])
        await heard.state(bench.line, LineState.READY)
        assert not bench.exchange.hooked
        line = next(one for one in bench.line.checkup() if one.step == "line")
        assert line.fine is False and "no dial tone" in line.words.en and "没有拨号音" in line.words.zh
        bench.exchange.habits.dial_tone = DialTone.STEADY
        await seconds_to_the_number(bench, heard)
        line = next(one for one in bench.line.checkup() if one.step == "line")
        assert line.fine is True, "a call that had it clears the verdict"


async def test_busy_tone_in_place_of_dial_tone_is_named() -> None:
    bench = ExchangeBench(dial_tone=DialTone.DEAD)
    async with running(bench) as heard:
        await bench.line.dial(NUMBER)
        for rounds in (1, 2):
            bench.line.tone_heard("congestion", rounds)
        assert heard.all(CallEnded) == []
        bench.line.tone_heard("congestion", 3)
        ended = await heard.next(CallEnded)
        assert (ended.reason, ended.detail) == (
            EndReason.NO_DIAL_TONE,
            "congestion tone in place of dial tone",
        )


async def test_speech_on_the_seized_line_is_no_answer() -> None:
    bench = ExchangeBench(turns_polarity=False, dial_tone=DialTone.DEAD)
    async with running(bench) as heard:
        await bench.line.dial(NUMBER)
        bench.line.answer_heard()
        assert (await heard.next(CallEnded)).reason is EndReason.NO_DIAL_TONE
        assert heard.all(CallConnected) == []


async def test_a_line_that_has_no_dial_tone_is_dialled_on_without() -> None:
    bench = ExchangeBench(dial_tone=DialTone.UNHEARD)
    bench.line.expects_dial_tone = False
    async with running(bench) as heard:
        assert await seconds_to_the_number(bench, heard) < 2.5
        await heard.next(CallConnected)
        assert (dialled(bench), lost(bench)) == ([NUMBER], [])
        assert next(one for one in bench.line.checkup() if one.step == "line").fine


async def test_a_call_for_help_is_dialled_without_dial_tone() -> None:
    bench = ExchangeBench(dial_tone=DialTone.UNHEARD)
    async with running(bench) as heard:
        bench.will_answer(HELP)
        await bench.line.dial(HELP, emergency=True)
        await heard.next(CallConnected)
        assert dialled(bench) == [HELP]
        await asyncio.sleep(2 * BLIND_UNHEARD)
        assert heard.all(CallEnded) == [], "what was heard is an answer, and nothing else ends it"


async def test_busy_tone_before_the_number_does_not_end_a_call_for_help() -> None:
    bench = ExchangeBench(dial_tone=DialTone.UNHEARD)
    async with running(bench) as heard:
        bench.will_answer(HELP)
        await bench.line.dial(HELP, emergency=True)
        bench.line.tone_heard("busy", 3)
        await heard.next(CallConnected)
        assert dialled(bench) == [HELP]


async def test_the_number_for_help_is_keyed_again_when_dial_tone_comes_after_it() -> None:
    bench = ExchangeBench(dial_tone_after=9.0)
    async with running(bench) as heard:
        bench.will_answer(HELP)
        await bench.line.dial(HELP, emergency=True)
        await heard.next(CallConnected)
        assert (lost(bench), dialled(bench)) == ([HELP], [HELP])
        assert len(heard.all(KeysWanted)) == 2


async def test_a_dead_line_gives_a_call_for_help_back_to_other_lines() -> None:
    bench = ExchangeBench(dial_tone=DialTone.DEAD)
    async with running(bench) as heard:
        began = asyncio.get_running_loop().time()
        await bench.line.dial(HELP, emergency=True)
        ended = await heard.next(CallEnded)
        assert ended.reason is EndReason.NO_DIAL_TONE
        assert lost(bench) == [HELP], "it was tried"
        lasted = asyncio.get_running_loop().time() - began
        assert BLIND_UNHEARD < lasted < DIAL_TONE_PATIENCE + BLIND_UNHEARD + 2


async def test_a_call_for_help_waits_until_the_exchange_has_noticed_the_call_before() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        bench.will_answer(NUMBER)
        bench.will_answer(HELP)
        await bench.line.dial(NUMBER)
        await heard.next(CallConnected)
        await bench.line.hang_up()
        with pytest.raises(LineError, match="ready"):
            await bench.line.dial(NUMBER)
        await bench.line.dial(HELP, emergency=True)
        await heard.next(CallConnected, 2)
        assert dialled(bench) == [NUMBER, HELP]


async def test_who_hangs_up_before_the_dial_tone_leaves_the_line_free_for_the_next() -> None:
    bench = ExchangeBench(dial_tone_after=2.0)
    async with running(bench) as heard:
        await bench.line.dial(NUMBER)
        await bench.line.hang_up()
        assert (await heard.next(CallEnded)).reason is EndReason.LOCAL
        await heard.state(bench.line, LineState.READY)
        await asyncio.sleep(10)
        assert heard.all(KeysWanted) == []
        await seconds_to_the_number(bench, heard)
        await heard.next(CallConnected)
        assert dialled(bench) == [NUMBER]


async def test_of_two_calls_that_wait_for_the_line_the_one_hung_up_gets_nothing_of_it() -> None:
    bench = ExchangeBench()
    async with running(bench) as heard:
        bench.will_answer(HELP)
        bench.exchange.plugged = False
        given_up = asyncio.create_task(bench.line.dial(NUMBER))
        await asyncio.sleep(0.1)
        await bench.line.hang_up()
        calling = asyncio.create_task(bench.line.dial(HELP, emergency=True))
        await asyncio.sleep(1)
        bench.exchange.plugged = True
        with pytest.raises(LineError, match="over"):
            await given_up
        await calling
        await heard.next(CallConnected)
        assert dialled(bench) == [HELP]


# A voice modem listens by itself


@pytest.mark.parametrize("model", list(SPECIMENS))
async def test_a_voice_modem_that_hears_none_says_so(model: str) -> None:
    quirks = SPECIMENS[model]()
    quirks.dial_tone = DialTone.DEAD
    bench = VoiceBench(quirks=quirks, model=model)
    async with running(bench) as heard:
        await bench.line.dial(NUMBER)
        ended = await heard.next(CallEnded)
        assert (ended.reason, ended.detail) == (EndReason.NO_DIAL_TONE, "NO DIALTONE")
        await heard.state(bench.line, LineState.READY)


async def test_a_voice_modem_on_a_line_without_dial_tone_dials_without_listening() -> None:
    quirks = SPECIMENS["cx93010"]()
    quirks.dial_tone = DialTone.UNHEARD
    bench = VoiceBench(quirks=quirks)
    async with running(bench) as heard:
        bench.will_answer(NUMBER)
        assert isinstance(bench.line, DialToneLine)
        bench.line.expects_dial_tone = False
        await bench.line.dial(NUMBER)
        await heard.next(CallConnected)
        await bench.line.hang_up()
        await heard.state(bench.line, LineState.READY)
        bench.line.expects_dial_tone = True
        await bench.line.dial(NUMBER)
        assert (await heard.next(CallEnded, 2)).reason is EndReason.NO_DIAL_TONE


async def test_a_voice_modem_dials_for_help_after_it_has_heard_none() -> None:
    quirks = SPECIMENS["cx93010"]()
    quirks.dial_tone = DialTone.UNHEARD
    bench = VoiceBench(quirks=quirks)
    async with running(bench) as heard:
        bench.will_answer(HELP)
        await bench.line.dial(HELP, emergency=True)
        await heard.next(CallConnected)
        assert dialled(bench) == [HELP]


async def test_who_hangs_up_while_the_modem_listens_is_not_dialled_for() -> None:
    quirks = SPECIMENS["cx93010"]()
    quirks.dial_tone = DialTone.UNHEARD
    bench = VoiceBench(quirks=quirks)
    async with running(bench) as heard:
        await bench.line.dial(HELP, emergency=True)
        await asyncio.sleep(2)
        await bench.line.hang_up()
        assert (await heard.next(CallEnded)).reason is EndReason.LOCAL
        await asyncio.sleep(20)
        assert dialled(bench) == []


async def test_who_hangs_up_before_the_number_was_sent_has_it_never_sent() -> None:
    quirks = SPECIMENS["cx93010"]()
    bench = VoiceBench(quirks=quirks)
    async with running(bench) as heard:
        quirks.answer_seconds = 0.5
        dialling = asyncio.create_task(bench.line.dial(NUMBER))
        await asyncio.sleep(0.7)
        await bench.line.hang_up()
        await asyncio.gather(dialling, return_exceptions=True)
        await heard.state(bench.line, LineState.READY)
        assert bench.commands("ATDT") == []
