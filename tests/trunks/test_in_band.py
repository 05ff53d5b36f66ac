"""Lines that only sound: the exchange line and the handset as legs, with the media plane for their ears."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from firmware.core.causes import Cause, Side
from firmware.core.leg import DigitPressed, LegEvent, LegState, Party
from firmware.core.media import (
    AnswerNoticed,
    AnswerSign,
    CallerNoticed,
    DigitHeard,
    FellSilent,
    PortEvent,
    ToneNoticed,
)
from firmware.core.trace import in_language
from firmware.trunks.handset import Handset, HandsetLeg
from firmware.trunks.health import FAILURES
from firmware.trunks.line_leg import LineLeg
from firmware.trunks.trunks import Trunks
from hal.fake.analog import DialTone
from hal.line import Line, LineEvent, LineState
from tests.hal.board_bench import ExchangeBench, HandsetBench
from tests.media.fake_media import FakeMedia

pytestmark = pytest.mark.looptime


class Deaf(ExchangeBench):
    """An exchange whose sounds reach the box as sound only."""

    def __init__(self, media: FakeMedia, *, opens_loop: bool = True, turns_polarity: bool = True) -> None:
        super().__init__(opens_loop=opens_loop, turns_polarity=turns_polarity)
        self.media = media

    def on_line(self, event: LineEvent) -> None:
        return

    def _sounds(self, kind: str, what: str) -> None:
        self._rounds[what] = self._rounds.get(what, 0) + 1
        events: dict[str, PortEvent] = {
            "tone": ToneNoticed(what, self._rounds[what]),
            "key": DigitHeard(what),
            "caller": CallerNoticed(what, None, withheld=False),
            "withheld": CallerNoticed(None, None, withheld=True),
        }
        for port in list(self.media.ports):
            self.media.notice(port, events[kind])


@contextlib.asynccontextmanager
async def office(
    *, opens_loop: bool = True, turns_polarity: bool = True
) -> AsyncIterator[tuple[Deaf, Trunks, asyncio.Queue[LineLeg], FakeMedia]]:
    media = FakeMedia()
    bench = Deaf(media, opens_loop=opens_loop, turns_polarity=turns_polarity)
    offered: asyncio.Queue[LineLeg] = asyncio.Queue()
    trunks = Trunks([bench.line], media, lambda leg, line: offered.put_nowait(leg))
    await bench.begin()
    await trunks.start()
    while bench.line.state is not LineState.READY:
        await asyncio.sleep(0.1)
    try:
        yield bench, trunks, offered, media
    finally:
        await trunks.stop()
        await bench.end()


async def test_caller_id_keys_and_hang_up_are_heard_on_an_exchange_line() -> None:
    async with office() as (bench, _, offered, media):
        bench.call("13800138000")
        leg = await offered.get()
        assert leg.party == Party("13800138000", withheld=False)
        assert (leg.kind, media.ports) == ("pstn", {})
        pressed: list[str] = []

        def on_leg(event: LegEvent) -> None:
            if isinstance(event, DigitPressed):
                pressed.append(event.digit)

        leg.subscribe(on_leg)
        await leg.answer()
        assert leg.port is not None
        bench.press("105")
        await asyncio.sleep(2)
        assert "".join(pressed) == "105"
        bench.hang_up()
        ending = await asyncio.wait_for(leg.ended(), 30)
        assert (ending.cause, ending.by) == (Cause.NORMAL, Side.THEM)
        assert media.ports == {}


async def test_a_number_is_keyed_into_the_line_and_the_answer_is_seen() -> None:
    async with office() as (bench, trunks, _, media):
        bench.will_answer("13900139000")
        leg = trunks.outgoing("13900139000")
        assert leg is not None
        await leg.ring(Party("101"))
        await asyncio.sleep(3)
        assert leg.port is not None, "the network's own tones are heard before the answer"
        assert leg.state is LegState.RINGING
        bench.exchange.keyed("".join(digits for _, digits in media.digits_sent))
        await asyncio.wait_for(leg.answered(), 30)
        await leg.hang_up()
        await asyncio.sleep(2)
        assert bench.is_free()


async def test_a_line_without_dial_tone_is_the_wires_fault_so_that_another_may_take_the_call() -> None:
    async with office() as (bench, trunks, _, media):
        bench.exchange.habits.dial_tone = DialTone.DEAD
        for _ in range(FAILURES):
            leg = trunks.outgoing("13900139000")
            assert leg is not None
            await leg.ring(Party("101"))
            ending = await asyncio.wait_for(leg.ended(), 10)
            assert (ending.cause, ending.by) == (Cause.NO_CIRCUIT, Side.WIRE)
            assert in_language(ending.detail, "zh-CN") == "没有拨号音"
            await asyncio.sleep(2)
        assert media.digits_sent == []
        assert trunks.outgoing("13900139000") is None, "a dead line is left alone for a while"


async def test_the_handset_hears_dial_tone_and_dials() -> None:
    media = FakeMedia()
    bench = HandsetBench()
    dialled: asyncio.Queue[tuple[HandsetLeg, str]] = asyncio.Queue()
    trunks = Trunks([bench.line], media, lambda leg, line: None)
    handset = Handset(
        bench.line,
        media,
        "108",
        lambda digits: len(digits) == 3,
        lambda leg, digits: dialled.put_nowait((leg, digits)),
    )

    def lifted(_: Line) -> None:
        handset.lifted()

    trunks.on_handset = lifted
    await bench.begin()
    await trunks.start()
    while bench.line.state is not LineState.READY:
        await asyncio.sleep(0.1)
    assert trunks.outgoing("13800138000") is None, "a handset is no way to the outside"
    assert trunks.lines_for_emergency() == []
    bench.telephone.lift()
    await asyncio.sleep(1)
    assert media.played, "no dial tone"
    bench.telephone.pulse("105")
    leg, digits = await asyncio.wait_for(dialled.get(), 30)
    assert (digits, leg.state, leg.party.number) == ("105", LegState.OFFERED, "108")
    await leg.answer()
    assert leg.state is LegState.CONNECTED
    bench.telephone.put_back()
    assert (await asyncio.wait_for(leg.ended(), 10)).by is Side.THEM
    out = handset.leg_to("front desk")
    bench.will_answer("108")
    await out.ring(Party("13800138000"))
    await asyncio.wait_for(out.answered(), 30)
    await out.hang_up()
    await handset.stop()
    await trunks.stop()
    await bench.end()


@pytest.mark.parametrize("sign", list(AnswerSign))
async def test_where_the_exchange_does_not_tell_of_the_answer_what_sounds_does(sign: AnswerSign) -> None:
    async with office(turns_polarity=False) as (bench, trunks, _, media):
        bench.will_answer("13900139000")
        leg = trunks.outgoing("13900139000")
        assert leg is not None
        await leg.ring(Party("101"))
        await asyncio.sleep(5)
        assert leg.port is not None
        assert media.options_of(leg.port).detect_answer
        assert leg.state is LegState.RINGING, "the number is out, and nobody has answered"
        media.notice(leg.port, AnswerNoticed(sign))
        await asyncio.wait_for(leg.answered(), 1)
        await leg.hang_up()


async def test_an_answer_that_nothing_tells_of_is_taken_for_one_after_a_minute() -> None:
    async with office(turns_polarity=False) as (bench, trunks, _, media):
        bench.will_answer("13900139000")
        leg = trunks.outgoing("13900139000")
        assert leg is not None
        await leg.ring(Party("101"))
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(3)
        bench.exchange.keyed("".join(digits for _, digits in media.digits_sent))
        await asyncio.wait_for(leg.answered(), 100)
        assert 60 <= asyncio.get_running_loop().time() - began <= 65
        await leg.hang_up()


async def test_a_callers_voice_is_no_answer_and_busy_tone_is_the_end() -> None:
    async with office(opens_loop=False) as (bench, _, offered, media):
        bench.call("13800138000")
        leg = await offered.get()
        await leg.answer()
        assert leg.port is not None
        assert not media.options_of(leg.port).detect_answer
        bench.hang_up()
        ending = await asyncio.wait_for(leg.ended(), 30)
        assert (ending.cause, ending.by, ending.detail) == (Cause.NORMAL, Side.THEM, "busy tone")


async def test_silence_is_a_hang_up_where_the_installer_says_so() -> None:
    async with office(opens_loop=False) as (bench, _, offered, media):
        bench.call("13800138000")
        leg = await offered.get()
        await leg.answer()
        assert leg.port is not None
        media.notice(leg.port, FellSilent(60_000))
        ending = await asyncio.wait_for(leg.ended(), 5)
        assert (ending.cause, ending.by, ending.detail) == (Cause.NORMAL, Side.THEM, "silence")
        await asyncio.sleep(2)
        assert not bench.board.line.closed
