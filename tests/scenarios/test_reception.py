"""What callers from outside meet, told as stories in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.causes import Cause, Side
from firmware.core.leg import LegState
from firmware.core.media import PlayTone, Quality
from firmware.core.records import EntryKind, Outcome
from firmware.core.tones import tones_of
from tests.scenarios.office import PROMPT_SECONDS, RING_SECONDS, Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


async def _talking(office: Office, extension: str = "101") -> tuple[FakeLeg, FakeLeg]:
    """Bring a caller and an extension into conversation."""
    caller = office.caller_rings_in()
    await office.hears(caller, "greeting")
    caller.far.presses(extension)
    phone = await office.phone_rings(extension)
    phone.far.alerts()
    phone.far.answers()
    await office.until(lambda: _bridged(office, caller, phone))
    return caller, phone


def _bridged(office: Office, one: FakeLeg, other: FakeLeg) -> bool:
    return one.port is not None and other.port is not None and office.media.bridged(one.port, other.port)


async def test_a_caller_keys_an_extension_and_talks(office: Office) -> None:
    caller, phone = await _talking(office)
    assert phone.caller_shown is not None
    assert phone.caller_shown.number == "13800138000"
    await asyncio.sleep(60)
    phone.far.ends()
    journey = await office.journey()
    assert journey.outcome is Outcome.ANSWERED
    assert journey.called == "101"
    assert journey.hung_up_by == "101"
    assert 60_000 <= journey.talked_ms < 60_100
    assert caller.far.refusal is Cause.NORMAL
    assert trace(journey) == ["menu main: dialled 101: Li"]
    assert office.media.ports == {}


async def test_the_conversation_is_recorded_caller_left_and_staff_right(office: Office) -> None:
    caller, phone = await _talking(office)
    (recording,) = office.media.recordings
    assert (recording.left, recording.right) == (caller.port, phone.port)
    await asyncio.sleep(10)
    caller.far.ends()
    journey = await office.journey()
    (record,) = journey.recordings
    assert record.complete
    assert record.duration_ms is not None
    assert 10_000 <= record.duration_ms < 10_100
    assert "13800138000" not in record.path
    assert (record.left, record.right) == (caller.id, phone.id)


async def test_the_caller_hears_ringing_until_somebody_answers(office: Office) -> None:
    caller = office.caller_rings_in()
    await office.hears(caller, "greeting")
    caller.far.presses("101")
    phone = await office.phone_rings("101")
    assert caller.port is not None
    playing = office.media.playing(caller.port)
    assert playing is not None
    assert playing.items == (tones_of("CN").ringback,)
    phone.far.answers()
    await office.until(lambda: _bridged(office, caller, phone))
    assert office.media.playing(caller.port) is None


async def test_a_key_during_the_greeting_stops_it_at_once(office: Office) -> None:
    caller = office.caller_rings_in()
    await office.hears(caller, "greeting")
    await asyncio.sleep(PROMPT_SECONDS / 2)
    assert caller.port is not None
    greeting = office.media.playing(caller.port)
    assert greeting is not None
    pressed_at = asyncio.get_running_loop().time()
    caller.far.presses("1")
    await office.until(lambda: not greeting.running)
    assert asyncio.get_running_loop().time() - pressed_at <= 0.06


@pytest.mark.parametrize(
    ("cause", "words"),
    [(Cause.BUSY, "busy"), (Cause.REJECTED, "declined"), (Cause.NO_USER_RESPONDING, "unreachable")],
)
async def test_a_caller_who_is_not_taken_hears_why_and_may_try_another(
    office: Office, cause: Cause, words: str
) -> None:
    caller = office.caller_rings_in()
    await office.hears(caller, "greeting")
    caller.far.presses("101")
    phone = await office.phone_rings("101")
    phone.far.ends(cause)
    await office.until(lambda: office.has_heard(caller)[-2:] == [words, "greeting"])
    caller.far.presses("103")
    other = await office.phone_rings("103")
    other.far.answers()
    await office.until(lambda: _bridged(office, caller, other))


async def test_an_extension_without_a_phone_is_said_to_be_unreachable(office: Office) -> None:
    office.nobody_registered_at("101")
    caller = office.caller_rings_in()
    await office.hears(caller, "greeting")
    caller.far.presses("101")
    await office.until(lambda: office.has_heard(caller)[-2:] == ["unreachable", "greeting"])


async def test_nobody_answers_and_the_caller_hears_so_after_the_ring_time(office: Office) -> None:
    caller = office.caller_rings_in()
    await office.hears(caller, "greeting")
    caller.far.presses("101")
    phone = await office.phone_rings("101")
    rung_at = asyncio.get_running_loop().time()
    phone.far.alerts()
    await office.until(lambda: office.has_heard(caller)[-2:] == ["no-answer", "greeting"])
    assert asyncio.get_running_loop().time() - rung_at == pytest.approx(RING_SECONDS, abs=0.1)
    assert phone.far.refusal is Cause.NO_ANSWER


async def test_two_wrong_numbers_lead_to_the_operator(office: Office) -> None:
    caller = office.caller_rings_in()
    await office.hears(caller, "greeting")
    caller.far.presses("999")
    await office.until(lambda: office.has_heard(caller)[-2:] == ["no-such-extension", "greeting"])
    caller.far.presses("888")
    operator = await office.phone_rings("102")
    operator.far.answers()
    await office.until(lambda: _bridged(office, caller, operator))
    caller.far.ends()
    journey = await office.journey()
    assert trace(journey) == [
        "menu main: keyed 999, which is no choice",
        "menu main: keyed 888, which is no choice, attempt 2: the operator",
    ]


async def test_zero_leads_to_the_operator_at_once(office: Office) -> None:
    caller = office.caller_rings_in()
    await office.hears(caller, "greeting")
    caller.far.presses("0")
    await office.hears(caller, "to-operator")
    await office.phone_rings("102")


async def test_a_caller_who_keys_nothing_reaches_the_operator(office: Office) -> None:
    caller = office.caller_rings_in()
    await office.phone_rings("102")
    assert office.has_heard(caller)[1:] == ["greeting", "no-key", "greeting", "to-operator"]


async def test_a_caller_whom_nobody_takes_hears_a_farewell_and_is_hung_up(office: Office) -> None:
    caller = office.caller_rings_in()
    operator = await office.phone_rings("102")
    operator.far.ends(Cause.BUSY)
    await office.hears(caller, "nobody")
    journey = await office.journey()
    assert journey.outcome is Outcome.UNANSWERED
    assert journey.hung_up_by == "switchboard"
    assert caller.far.refusal is Cause.NORMAL


@pytest.mark.parametrize("moment", ["greeting", "ringing", "talking"])
async def test_whenever_the_caller_hangs_up_everything_is_let_go(office: Office, moment: str) -> None:
    phone = None
    if moment == "talking":
        caller, phone = await _talking(office)
        await asyncio.sleep(1)
    else:
        caller = office.caller_rings_in()
        await office.hears(caller, "greeting")
        if moment == "ringing":
            caller.far.presses("101")
            phone = await office.phone_rings("101")
            phone.far.alerts()
    caller.far.ends()
    journey = await office.journey()
    assert journey.outcome is (Outcome.ANSWERED if moment == "talking" else Outcome.ABANDONED)
    assert journey.hung_up_by == "caller"
    assert office.media.ports == {}
    assert not any(playback.running for playback in office.media.played)
    assert not any(recording.running for recording in office.media.recordings)
    if phone is not None:
        assert phone.far.refusal is Cause.NORMAL
    assert office.exchange.live() == []


async def test_a_caller_gone_before_the_answer_leaves_a_record(office: Office) -> None:
    caller = office.caller_rings_in()
    caller.far.ends()
    journey = await office.journey()
    assert journey.outcome is Outcome.ABANDONED
    assert journey.answered_ms is None


async def test_the_modem_vanishing_in_mid_call_is_written_down_and_the_phone_let_go(office: Office) -> None:
    caller, phone = await _talking(office)
    await asyncio.sleep(5)
    caller.far.ends(Cause.NETWORK_OUT_OF_ORDER, "modem vanished", by=Side.WIRE)
    journey = await office.journey()
    assert journey.cause is Cause.NETWORK_OUT_OF_ORDER
    assert journey.hung_up_by == "line gsm1"
    assert "modem vanished" in next(e.text for e in journey.timeline if e.kind is EntryKind.FAULT)
    assert phone.state is LegState.ENDED


async def test_while_one_side_holds_the_other_hears_that_the_line_stands(office: Office) -> None:
    caller, phone = await _talking(office)
    assert caller.port is not None
    phone.far.holds()
    held = office.media.playing(caller.port)
    assert held is not None
    assert isinstance(held.items[0], PlayTone)
    phone.far.resumes()
    assert office.media.playing(caller.port) is None


async def test_a_script_that_breaks_ends_its_own_call_with_a_tone_and_no_other(office: Office) -> None:
    well, phone = await _talking(office)

    async def broken(call: object) -> None:
        await call.answer()  # type: ignore[attr-defined]
        raise ZeroDivisionError

    unlucky = FakeLeg.incoming("gsm2", "13900139000", media=office.media)
    office.exchange.take(unlucky, broken)
    await office.until(lambda: unlucky.port is not None and office.media.playing(unlucky.port) is not None)
    assert unlucky.port is not None
    playing = office.media.playing(unlucky.port)
    assert playing is not None
    assert playing.items == (tones_of("CN").congestion,)
    journey = await office.journey()
    assert journey.outcome is Outcome.FAILED
    assert journey.caller == "13900139000"
    assert unlucky.far.refusal is Cause.TEMPORARY_FAILURE
    assert well.state is LegState.CONNECTED
    assert _bridged(office, well, phone)


async def test_stopping_the_exchange_ends_calls_and_writes_their_journeys(office: Office) -> None:
    caller, phone = await _talking(office)
    await asyncio.sleep(3)
    await office.exchange.stop()
    (journey,) = office.store.closed
    assert journey.outcome is Outcome.ANSWERED
    assert journey.hung_up_by == "switchboard"
    assert caller.state is phone.state is LegState.ENDED
    late = office.caller_rings_in()
    await office.until(lambda: late.state is LegState.ENDED)
    assert late.far.refusal is Cause.CONGESTION
    assert office.exchange.refused == 1


async def test_a_missing_prompt_is_a_tone_and_a_broken_one_a_fault_but_never_the_end(
    office: Office,
) -> None:
    folder = office.prompts._folder
    (folder / "greeting.wav").write_bytes(b"not audio")
    (folder / "to-operator.wav").unlink()
    office.caller_rings_in()
    await office.phone_rings("102")
    (live,) = office.exchange.live()
    assert any("greeting" in e.text for e in live.timeline if e.kind is EntryKind.FAULT)


async def test_how_well_each_side_was_heard_is_in_the_record(office: Office) -> None:
    caller, phone = await _talking(office)
    assert phone.port is not None
    quality = Quality(mos=4.37, loss_percent=1.0, late_percent=0.5, jitter_ms=3.14, delay_ms=12.0)
    office.media.measured[phone.port] = quality
    phone.far.ends()
    journey = await office.journey()
    by_address = {leg.address: leg for leg in journey.legs}
    assert (by_address["101"].mos, by_address["101"].loss) == (4.37, 0.015)
    assert by_address["101"].jitter_ms == 3.1
    assert by_address[caller.address].mos is None
