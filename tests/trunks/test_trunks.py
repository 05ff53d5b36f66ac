"""Phone lines as legs: what the contract of legs doesn't tell. Lines that fail, audio that doesn't come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from firmware.core.causes import Cause, Side
from firmware.core.leg import DigitPressed, Direction, Ending, LegEnded, LegEvent, LegState, Party
from firmware.core.media import LearnedTone, PortOptions, ToneNoticed
from firmware.trunks.health import FIRST_PAUSE
from firmware.trunks.line_leg import REOPENINGS, LineLeg
from firmware.trunks.trunks import LineStatus, Trunks
from hal.fake.quirks import Quirks
from hal.line import CallConnected, Line, LineListener, LineState, Verdict
from tests.hal.bench import Bench
from tests.media.fake_media import FakeMedia

pytestmark = pytest.mark.looptime

US = Party("101")


class Office:
    """One GSM line with its trunks."""

    def __init__(self, quirks: Quirks | None = None) -> None:
        self.bench = Bench(quirks=quirks)
        self.media = FakeMedia()
        self.offered: asyncio.Queue[LineLeg] = asyncio.Queue()
        self.trunks = Trunks([self.bench.line], self.media, self._take)

    def _take(self, leg: LineLeg, line: Line) -> None:
        assert line is self.bench.line
        self.offered.put_nowait(leg)

    async def ready(self) -> None:
        while self.bench.line.state is not LineState.READY:
            await asyncio.sleep(0.1)

    async def caller(self, number: str | None = "13800138000", *, withheld: bool = False) -> LineLeg:
        self.bench.call(number, withheld=withheld)
        return await self.offered.get()


@contextlib.asynccontextmanager
async def office(quirks: Quirks | None = None) -> AsyncIterator[Office]:
    place = Office(quirks)
    place.bench.come_back()
    await place.trunks.start()
    try:
        await place.ready()
        yield place
    finally:
        await place.trunks.stop()
        await place.bench.end()
        assert place.media.ports == {}


async def test_a_caller_is_offered_with_number_and_line() -> None:
    async with office() as place:
        leg = await place.caller("+8613800138000")
        assert leg.party == Party("+8613800138000")
        assert (leg.kind, leg.address, leg.port) == ("gsm", "gsm1", None)


async def test_a_caller_who_withholds_the_number_is_marked_so() -> None:
    async with office() as place:
        leg = await place.caller(withheld=True)
        assert leg.party == Party(None, withheld=True)


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


async def test_a_caller_who_hangs_up_while_the_audio_is_awaited_has_hung_up() -> None:
    async with office(Quirks(audio_refused_seconds=60)) as place:
        leg = await place.caller()
        await leg.answer()
        await asyncio.sleep(3)
        place.bench.hang_up()
        ending = await leg.ended()
        assert ending.by is Side.THEM


async def test_a_caller_who_hangs_up_before_the_network_connects_ends_the_answer() -> None:
    async with office() as place:
        leg = await place.caller()
        answer = asyncio.create_task(leg.answer())
        place.bench.hang_up()
        with pytest.raises(LegEnded) as told:
            await answer
        assert told.value.ending.by is Side.THEM


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


async def test_the_modem_vanishing_is_what_the_record_says() -> None:
    async with office() as place:
        leg = await place.caller()
        await leg.answer()
        assert leg.port is not None
        # The audio port dies first; the AT port's end says a moment later what really happened.
        place.media.fail_port(leg.port, "Input/output error")
        await asyncio.sleep(0.8)
        place.bench.vanish()
        ending = await leg.ended()
        assert ending == Ending(Cause.NETWORK_OUT_OF_ORDER, Side.WIRE, "modem vanished")
        assert place.trunks.status() == [LineStatus("gsm1", "down", "the modem vanished")]
        place.bench.come_back()
        await place.ready()
        again = await place.caller()
        await again.answer()


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


async def test_a_line_that_fails_three_calls_gets_no_more_for_a_while() -> None:
    async with office() as place:
        place.bench.modem.quirks.audio_broken = True
        for _ in range(3):
            place.bench.will_answer("13900139000")
            leg = place.trunks.outgoing("13900139000")
            assert leg is not None
            await leg.ring(Party("101"))
            await asyncio.wait_for(leg.ended(), 60)
            place.bench.modem.quirks.audio_broken = True
            while place.bench.line.state is not LineState.READY:
                await asyncio.sleep(0.1)
        assert place.trunks.outgoing("13900139000") is None
        assert "sick" in place.trunks.status()[0].detail
        place.bench.modem.quirks.audio_broken = False
        await asyncio.sleep(FIRST_PAUSE)
        leg = place.trunks.outgoing("13900139000")
        assert leg is not None
        await leg.ring(Party("101"))
        await asyncio.wait_for(leg.answered(), 60)
        assert "sick" not in place.trunks.status()[0].detail


async def test_a_line_taken_out_of_service_is_left_alone_but_for_help() -> None:
    async with office() as place:
        place.trunks.health.out_of_service = frozenset({"gsm1"})
        assert place.trunks.outgoing("13900139000") is None
        assert place.trunks.lines_for_emergency() == ["gsm1"]


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


async def test_an_outgoing_call_is_connected_once_it_can_be_heard() -> None:
    async with office(Quirks(audio_refused_seconds=2.0)) as place:
        place.bench.will_answer("13900139000")
        leg = place.trunks.outgoing("13900139000")
        assert leg is not None
        await leg.ring(US)
        await leg.answered()
        assert leg.port in place.media.ports
        await leg.hang_up()
        await asyncio.sleep(1)
        assert place.bench.is_free()


async def test_nobody_answers_our_call() -> None:
    async with office() as place:
        place.bench.will_not_answer("13900139000")
        leg = place.trunks.outgoing("13900139000")
        assert leg is not None
        await leg.ring(US)
        with pytest.raises(LegEnded) as told:
            await leg.answered()
        assert (told.value.ending.cause, told.value.ending.detail) == (Cause.NO_ANSWER, "NO ANSWER")


async def test_a_line_in_a_call_takes_no_other() -> None:
    async with office() as place:
        leg = await place.caller()
        assert place.trunks.outgoing("13900139000") is None
        await leg.hang_up()
        await place.ready()
        assert place.trunks.outgoing("13900139000", "gsm1") is not None
        assert place.trunks.outgoing("13900139000", "gsm2") is None


async def test_a_number_that_cannot_be_dialled_ends_the_leg() -> None:
    async with office() as place:
        leg = place.trunks.outgoing("12;+CFUN=0")
        assert leg is not None
        with pytest.raises(LegEnded):
            await leg.ring(US)
        assert place.bench.commands("ATD") == []


async def test_a_call_ringing_when_the_box_stops_is_refused() -> None:
    async with office() as place:
        leg = await place.caller()
        await place.trunks.stop()
        assert leg.state is LegState.ENDED
        assert place.bench.is_free()


async def test_line_changes_are_told_without_numbers() -> None:
    async with office() as place:
        told: list[LineStatus] = []
        place.trunks.on_change = told.append
        leg = await place.caller("13800138000")
        await leg.hang_up()
        await place.ready()
        assert {status.state for status in told} >= {"in call", "ready"}
        assert "13800138000" not in repr(told)


async def test_help_is_called_on_a_line_that_has_no_network() -> None:
    async with office() as place:
        place.bench.act(lambda: place.bench.modem.set_registration(8))
        await asyncio.sleep(1)
        assert place.trunks.outgoing("112") is None
        assert place.trunks.lines_for_emergency() == ["gsm1"]
        place.bench.will_answer("112")
        leg = place.trunks.emergency("112", "gsm1")
        await leg.ring(Party(None))
        await asyncio.sleep(10)
        assert leg.state is LegState.CONNECTED
        await leg.hang_up()
        with pytest.raises(KeyError):
            place.trunks.emergency("112", "gsm9")


async def test_the_doctor_examines_every_line() -> None:
    async with office() as place:
        (verdicts,) = place.trunks.checkup().values()
        steps = ["power", "sim", "signal", "registration", "caller_id", "audio", "hang_up"]
        assert [verdict.step for verdict in verdicts] == steps


async def test_messages_are_no_business_of_a_call_on_the_line() -> None:
    async with office() as place:
        texts: list[str] = []
        place.trunks.on_text = lambda line, event: texts.append(f"{line.name} {type(event).__name__}")
        leg = await place.caller()
        await leg.answer()
        place.bench.text("10086", "hello")
        await asyncio.sleep(5)
        assert leg.state is LegState.CONNECTED
        assert "gsm1 SmsReceived" in texts
        assert place.trunks.messaging() is place.bench.line
        assert place.trunks.messaging("gsm9") is None
        await leg.hang_up()
