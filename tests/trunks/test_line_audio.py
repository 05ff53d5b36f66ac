"""The audio of a line's call: when it may be heard, what becomes of one whose device fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from firmware.core.causes import Cause, Side
from firmware.core.leg import DigitPressed, Direction, Ending, LegEnded, LegEvent, Party
from firmware.core.media import LearnedTone, PortOptions, ToneNoticed
from firmware.trunks.line_leg import REOPENINGS, LineLeg
from hal.fake.quirks import Quirks
from hal.line import CallConnected, LineListener, LineState, Verdict
from tests.media.fake_media import FakeMedia
from tests.trunks.one_line import office

pytestmark = pytest.mark.looptime


async def test_what_is_said_waits_until_the_caller_can_hear_us() -> None:
    async with office(Quirks(audio_refused_seconds=4.0)) as place:
        leg = await place.caller()
        await leg.answer()
        began = asyncio.get_running_loop().time()
        assert leg.port is not None
        assert place.media.ports[leg.port] == "/pcm"
        while place.media.held():
            await asyncio.sleep(0.01)
        assert 3.9 <= asyncio.get_running_loop().time() - began < 5.0


@pytest.mark.parametrize(
    # Counted from ATA's OK, 50 ms before the modem's word that the call stands.
    ("refused", "left"),
    [(0.0, range(130, 151)), (0.15, range(20, 51)), (0.4, range(1))],
)
async def test_the_greeting_waits_only_for_what_is_left_of_the_clipped_beginning(
    refused: float, left: range
) -> None:
    async with office(Quirks(audio_refused_seconds=refused)) as place:
        leg = await place.caller()
        await leg.answer()
        port = leg.port
        assert port is not None
        while place.media.settling[port] is None:
            await asyncio.sleep(0.01)
        assert place.media.settling[port] in left


async def test_what_greets_a_caller_stands_ready_before_the_modem_takes_audio() -> None:
    async with office(Quirks(audio_refused_seconds=0.4)) as place:
        leg = await place.caller()
        await leg.answer()
        assert leg.port is not None
        assert place.media.held() == [leg.port]
        await asyncio.sleep(0.5)
        assert place.media.held() == []


async def test_a_device_that_is_there_only_with_the_audio_is_opened_then() -> None:
    async with office(Quirks(audio_refused_seconds=0.4)) as place:
        leg = await place.caller()
        place.media.missing_devices.add("/pcm")
        answering = asyncio.create_task(leg.answer())
        await asyncio.sleep(0.3)
        assert place.media.ports == {}
        place.media.missing_devices.clear()
        await answering
        assert leg.port is not None
        assert place.media.settling[leg.port] == 0


async def test_a_learned_busy_tone_ends_the_call_and_two_rounds_of_it_do_not() -> None:
    async with office() as place:
        leg = await place.caller()
        await leg.answer()
        assert leg.port is not None
        place.media.configure(leg.port, PortOptions(learned_tones=(LearnedTone((425.0,), (200, 200)),)))
        place.media.notice(leg.port, ToneNoticed("ringback", 3))
        place.media.notice(leg.port, ToneNoticed("busy", 2))
        await asyncio.sleep(1)
        assert leg.ending is None
        place.media.notice(leg.port, ToneNoticed("busy", 3))
        assert await asyncio.wait_for(leg.ended(), 1) == Ending(Cause.NORMAL, Side.THEM, "busy tone")
        await asyncio.sleep(5)
        assert place.bench.is_free()


async def test_no_audio_from_the_modem_ends_the_call_as_a_failed_bearer() -> None:
    async with office(Quirks(audio_broken=True)) as place:
        leg = await place.caller()
        await leg.answer()
        ending = await leg.ended()
        assert (ending.cause, ending.by) == (Cause.BEARER_NOT_AVAILABLE, Side.WIRE)
        assert "audio" in ending.detail
        await asyncio.sleep(2)
        assert place.bench.is_free()
        assert place.bench.commands("AT+CRESET") == ["AT+CRESET"]


async def test_a_line_that_forgets_the_audio_does_not_hold_the_caller_for_ever() -> None:
    class ForgetfulLine:
        """Connects, and says nothing of audio ever."""

        name = "odd1"
        state = LineState.IN_CALL
        detail = ""
        refused_lines = 0

        def __init__(self) -> None:
            self.hung_up = False
            self._listeners: list[LineListener] = []

        def checkup(self) -> tuple[Verdict, ...]:
            return ()

        async def start(self) -> None: ...

        async def stop(self) -> None: ...

        def subscribe(self, listener: LineListener) -> Callable[[], None]:
            self._listeners.append(listener)
            return lambda: self._listeners.remove(listener)

        async def answer(self) -> None:
            for listener in self._listeners:
                listener(CallConnected())

        async def dial(self, number: str, *, emergency: bool = False) -> None: ...

        async def hang_up(self) -> None:
            self.hung_up = True

        async def send_digits(self, digits: str) -> None: ...

    line = ForgetfulLine()
    leg = LineLeg(line, FakeMedia(), Direction.INCOMING, Party("13800138000"))
    with pytest.raises(LegEnded) as told:
        await leg.answer()
    assert told.value.ending.cause is Cause.BEARER_NOT_AVAILABLE
    assert asyncio.get_running_loop().time() < 20
    await leg.settled()
    assert line.hung_up


async def test_an_audio_device_that_is_missing_ends_the_call_as_a_failed_bearer() -> None:
    async with office() as place:
        place.media.missing_devices.add("/pcm")
        leg = await place.caller()
        with pytest.raises(LegEnded) as told:
            await leg.answer()
        assert told.value.ending.cause is Cause.BEARER_NOT_AVAILABLE
        await asyncio.sleep(1)
        assert place.bench.is_free()


async def test_audio_that_fails_while_the_modem_lives_ends_the_call() -> None:
    async with office() as place:
        leg = await place.caller()
        await leg.answer()
        for _ in range(REOPENINGS + 1):
            assert leg.port is not None
            place.media.fail_port(leg.port, "Input/output error")
            await asyncio.sleep(3)
        ending = await asyncio.wait_for(leg.ended(), 10)
        assert (ending.cause, ending.by) == (Cause.BEARER_NOT_AVAILABLE, Side.WIRE)
        await asyncio.sleep(1)
        assert place.bench.is_free()


async def test_audio_that_fails_once_is_opened_again_and_the_call_goes_on() -> None:
    async with office() as place:
        leg = await place.caller()
        await leg.answer()
        port = leg.port
        assert port is not None
        place.media.fail_port(port, "Input/output error")
        await asyncio.sleep(3)
        assert (leg.ending, leg.port) == (None, port)
        assert place.media.reopened == [port]


async def test_keys_come_once_although_modem_and_media_both_hear_them() -> None:
    async with office() as place:
        leg = await place.caller()
        await leg.answer()
        events: list[LegEvent] = []
        leg.subscribe(events.append)
        assert leg.port is not None
        place.media.press(leg.port, "101")
        place.bench.press("101")
        await asyncio.sleep(2)
        assert [e.digit for e in events if isinstance(e, DigitPressed)] == ["1", "0", "1"]
