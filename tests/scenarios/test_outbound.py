"""The office's phones call the outside: which line, what it may cost, who may, and emergency before all."""

from __future__ import annotations

import asyncio
import datetime

import msgspec
import pytest

from firmware.core.causes import Cause
from firmware.core.leg import Direction, LegState
from firmware.core.records import Outcome
from firmware.switch.numbering import LineNumbering, NumberClass
from firmware.switch.outbound.guard import Caps
from firmware.switch.outbound.lines import LineCondition, LineRates
from firmware.switch.outbound.outbound import OutboundSettings
from firmware.switch.outbound.rights import NightLock, Pin, Rights
from tests.scenarios.office import Office, trace

pytestmark = pytest.mark.looptime

NIGHT = datetime.datetime(2026, 11, 23, 22, 0, tzinfo=datetime.UTC)


def _sets(office: Office, **changes: object) -> None:
    settings = msgspec.structs.replace(office.outbound.settings, **changes)
    office.outbound.replace(office.outbound.plan, settings)


async def test_a_phone_calls_a_mobile_on_the_first_free_line(office: Office) -> None:
    phone = office.phone_dials("101", "9 138 0013 8000")
    mobile = await office.line_dials("13800138000")
    mobile.far.alerts()
    await office.until(lambda: "progress" in phone.history)
    mobile.far.answers()
    await office.talking(phone, mobile)
    await asyncio.sleep(61)
    phone.far.ends()
    journey = await office.journey()
    assert journey.outcome is Outcome.ANSWERED
    assert journey.direction is Direction.OUTGOING
    assert journey.called == "+8613800138000"
    assert trace(journey) == ["dialled 913800138000: a mobile (mobile)", "goes out on gsm1"]


async def test_the_cheapest_line_is_taken_and_the_price_written_down(office: Office) -> None:
    rates = {
        "gsm1": LineRates(per_minute={NumberClass.LOCAL: 0.30}),
        "gsm2": LineRates(per_minute={NumberClass.LOCAL: 0.10}, numbering=LineNumbering(kind="landline")),
    }
    _sets(office, lines=rates)
    office.phone_dials("101", "88886666")
    called = await office.line_dials("88886666")
    assert called.address == "gsm2"
    called.far.answers()
    await asyncio.sleep(61)
    called.far.ends()
    journey = await office.journey()
    assert (journey.cost_micros, journey.currency) == (200_000, "CNY")


async def test_the_price_is_written_down_whoever_hangs_up(office: Office) -> None:
    _sets(office, lines=dict.fromkeys(("gsm1", "gsm2"), LineRates(per_minute={NumberClass.MOBILE: 0.30})))
    phone = office.phone_dials("101", "13800138000")
    called = await office.line_dials("13800138000")
    called.far.answers()
    await office.talking(phone, called)
    await asyncio.sleep(61)
    phone.far.ends()
    journey = await office.journey()
    assert (journey.cost_micros, journey.currency) == (600_000, "CNY")


async def test_a_call_nobody_answered_costs_nothing_and_has_no_price(office: Office) -> None:
    _sets(office, lines=dict.fromkeys(("gsm1", "gsm2"), LineRates(per_minute={NumberClass.MOBILE: 0.30})))
    office.phone_dials("101", "13800138000")
    (await office.line_dials("13800138000")).far.ends(Cause.BUSY)
    assert (await office.journey()).cost_micros is None


async def test_where_no_price_is_known_none_is_written_down(office: Office) -> None:
    phone = office.phone_dials("101", "13800138000")
    called = await office.line_dials("13800138000")
    called.far.answers()
    await office.talking(phone, called)
    phone.far.ends()
    journey = await office.journey()
    assert (journey.cost_micros, journey.currency) == (None, "")


async def test_a_line_at_fault_is_followed_by_the_next(office: Office) -> None:
    office.lines.fails["gsm1"] = Cause.NETWORK_OUT_OF_ORDER
    office.phone_dials("101", "13800138000")
    called = await office.line_dials("13800138000")
    assert called.address == "gsm2"


async def test_a_busy_mobile_is_not_tried_on_another_line(office: Office) -> None:
    phone = office.phone_dials("101", "13800138000")
    (await office.line_dials("13800138000")).far.ends(Cause.BUSY)
    await office.journey()
    assert phone.far.refusal is Cause.BUSY
    assert [line for line, _ in office.lines.dialled] == ["gsm1"]


async def test_when_all_lines_are_busy_the_phone_is_told_so(office: Office) -> None:
    for name in office.lines.conditions:
        office.lines.conditions[name] = LineCondition.BUSY
    phone = office.phone_dials("101", "13800138000")
    await office.journey()
    assert phone.far.refusal is Cause.NO_CIRCUIT


@pytest.mark.parametrize(
    ("dialled", "cause"),
    [
        ("00442079460018", Cause.NOT_PERMITTED),
        ("16812345", Cause.NOT_PERMITTED),
        ("0088161234567890", Cause.NOT_PERMITTED),
        ("77", Cause.UNALLOCATED_NUMBER),
    ],
)
async def test_what_is_barred_until_allowed_never_reaches_a_line(
    office: Office, dialled: str, cause: Cause
) -> None:
    phone = office.phone_dials("101", dialled)
    await office.journey()
    assert phone.far.refusal is cause
    assert office.lines.dialled == []


PINS = Rights(pins=(Pin("246810", "Li"),))


async def test_a_pin_lifts_the_bar_and_is_not_written_down(office: Office) -> None:
    _sets(office, rights=PINS)
    phone = office.phone_dials("101", "00442079460018")
    await office.until(lambda: phone.state is LegState.CONNECTED)
    phone.far.presses("246810#")
    called = await office.line_dials("+442079460018")
    called.far.answers()
    await office.talking(phone, called)
    phone.far.ends()
    journey = await office.journey()
    assert "PIN of Li: may dial" in trace(journey)
    assert not [entry for entry in journey.timeline if "246810" in entry.text]


async def test_three_wrong_pins_close_the_door_for_a_while(office: Office) -> None:
    _sets(office, rights=PINS)
    phone = office.phone_dials("101", "00442079460018")
    await office.until(lambda: phone.state is LegState.CONNECTED)
    for wrong in range(3):
        await office.until(lambda: office.words.said.count("enter-pin") > wrong)  # noqa: B023  # awaited at once
        phone.far.presses("111111#")
    await office.journey()
    phone = office.phone_dials("101", "00442079460018")
    await office.journey()
    assert phone.far.refusal is Cause.NOT_PERMITTED
    assert office.lines.dialled == []


async def test_at_night_outside_calls_are_locked(office: Office) -> None:
    _sets(office, rights=Rights(night_lock=NightLock("20:00", "07:00")))
    office.local_time = NIGHT
    phone = office.phone_dials("101", "13800138000")
    await office.journey()
    assert phone.far.refusal is Cause.NOT_PERMITTED
    assert office.lines.dialled == []


async def test_a_call_that_meets_the_days_limit_is_ended_and_the_owner_alarmed(office: Office) -> None:
    _sets(office, caps=Caps(extension_minutes=2))
    phone = office.phone_dials("101", "13800138000")
    called = await office.line_dials("13800138000")
    called.far.answers()
    await office.talking(phone, called)
    began = asyncio.get_running_loop().time()
    await office.until(lambda: called.ending is not None, seconds=700)
    assert asyncio.get_running_loop().time() - began == pytest.approx(120, abs=1)
    assert office.alarms == ["101 has used its 2 minutes of today"]
    phone = office.phone_dials("101", "13800138000")
    await office.until(lambda: phone.ending is not None)
    assert phone.far.refusal is Cause.NOT_PERMITTED
    other = office.phone_dials("103", "13800138000")
    await office.line_dials("13800138000")
    other.far.ends()


async def test_calls_begun_together_share_the_minutes_that_are_left(office: Office) -> None:
    _sets(office, caps=Caps(total_minutes=4))
    for extension, number in (("101", "13800138000"), ("103", "13900139000")):
        office.phone_dials(extension, number)
        (await office.line_dials(number)).far.answers()
    began = asyncio.get_running_loop().time()
    await office.until(lambda: not office.exchange.live(), seconds=700)
    assert asyncio.get_running_loop().time() - began == pytest.approx(120, abs=21)


async def test_a_burst_of_calls_is_stopped(office: Office) -> None:
    _sets(office, caps=Caps(burst_calls=3))
    for _ in range(5):
        office.phone_dials("101", "13800138000").far.ends()
        await asyncio.sleep(1)
        phone = office.phone_dials("101", "13800138000")
        await asyncio.sleep(1)
        phone.far.ends()
        await asyncio.sleep(1)
    assert len(office.lines.dialled) == 3
    assert office.alarms == ["101 began 3 outside calls in ten minutes"]


class TestEmergency:
    @pytest.mark.parametrize("dialled", ["110", "9110", "119", "120", "122", "112"])
    async def test_it_goes_out_from_any_phone_whatever_is_set(self, office: Office, dialled: str) -> None:
        _sets(
            office,
            rights=Rights(default="internal", night_lock=NightLock("00:00", "23:59")),
            caps=Caps(extension_minutes=1, total_minutes=1, burst_calls=1),
        )
        office.local_time = NIGHT
        office.outbound.guard.usage.total_seconds = 1e6
        phone = office.phone_dials("101", dialled)
        centre = await office.line_dials(dialled.removeprefix("9"))
        centre.far.answers()
        await office.talking(phone, centre)
        assert office.alarms == [f"emergency call to {dialled.removeprefix('9')} from 101"]

    async def test_a_busy_line_is_freed_for_it(self, office: Office) -> None:
        waiting = office.somebody_rings_in(_talks_for_ever, line="gsm1")
        other = office.somebody_rings_in(_talks_for_ever, line="gsm2")
        phone = office.phone_dials("101", "110")
        centre = await office.line_dials("110")
        assert waiting.ending is not None
        assert other.ending is None
        centre.far.answers()
        await office.talking(phone, centre)

    async def test_it_does_not_push_out_another_emergency_call(self, office: Office) -> None:
        office.lines.conditions.pop("gsm2")
        office.phone_dials("101", "110")
        first = await office.line_dials("110")
        first.far.answers()
        second = office.phone_dials("103", "119")
        await office.until(lambda: second.ending is not None)
        assert first.ending is None
        assert second.far.refusal is Cause.NO_CIRCUIT
        assert office.alarms[-1] == "emergency call to 119 from 103 found no line"

    async def test_every_line_is_tried_also_without_a_network(self, office: Office) -> None:
        office.lines.conditions.update(gsm1=LineCondition.DOWN, gsm2=LineCondition.UNREGISTERED)
        office.lines.fails["gsm2"] = Cause.NO_CIRCUIT
        phone = office.phone_dials("101", "110")
        centre = await office.line_dials("110")
        assert office.lines.dialled == [("gsm2", "110"), ("gsm1", "110")]
        centre.far.answers()
        await office.talking(phone, centre)

    async def test_an_alarm_that_fails_does_not_stop_it(self, office: Office) -> None:
        def broken(_: object) -> None:
            raise OSError("no network for the alarm")

        office.outbound.emergency._alarm = broken
        office.phone_dials("101", "110")
        await office.line_dials("110")

    async def test_the_path_is_proven_without_dialling(self, office: Office) -> None:
        office.lines.conditions["gsm1"] = LineCondition.BUSY
        said = [str(words) for words in office.outbound.emergency.check(office.outbound.plan, {})]
        assert "dialled with or without 9" in said
        assert said[-2:] == [
            "1. gsm2 (ready) would dial 110",
            "2. gsm1 (busy, its call would be ended) would dial 110",
        ]
        assert office.lines.dialled == []

    async def test_a_flood_of_calls_does_not_keep_it_out(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("firmware.switch.exchange.MAX_LIVE_CALLS", 0)
        office.phone_dials("101", "110")
        await office.line_dials("110")


async def _talks_for_ever(call: object) -> None:
    await asyncio.Event().wait()


def test_the_settings_have_defaults_that_survive_a_round_trip() -> None:
    document = msgspec.json.encode(OutboundSettings())
    assert msgspec.json.decode(document, type=OutboundSettings) == OutboundSettings()
    assert "246810" not in repr(PINS)
