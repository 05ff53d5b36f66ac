"""What people set at their own phones, by the settings file: forwarding, mobiles, do not disturb."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from extensions.forwarding import Personal, When
from firmware.core.causes import Cause, Side
from firmware.core.errors import UserError
from firmware.core.leg import Ending
from firmware.switch.destinations import ToExtension, ToMobile
from firmware.switch.inbound import InboundPlan
from tests.scenarios.routed import RoutedOffice
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime

MOBILE = "13912345678"


@pytest.fixture
async def office(tmp_path: Path) -> RoutedOffice:
    return RoutedOffice(tmp_path)


async def _led_to(office: RoutedOffice, *places: object, **plan: object) -> None:
    await office.change(inbound=InboundPlan(otherwise=places, **plan))  # type: ignore[arg-type]


class TestOwnWishes:
    async def test_a_code_keeps_the_wish_in_the_settings(self, office: RoutedOffice) -> None:
        office.dials("101", "*78")
        await office.journey()
        person = office.settings.current.extension("101")
        assert person is not None
        assert person.personal.do_not_disturb
        (newest, *_) = await office.editing.history(5)
        assert newest.by == "phone 101"
        assert [(one.path, one.after) for one in newest.changes] == [
            ("extensions.101.personal.do_not_disturb", True)
        ]

    async def test_a_phone_that_redirects_is_followed_inside(self, office: RoutedOffice) -> None:
        away = Ending(Cause.NUMBER_CHANGED, Side.THEM, "302", redirected_to="103")
        office.next_legs.append(FakeLeg.outgoing("101", media=office.media, ring_ends=away))
        await _led_to(office, ToExtension("101"))
        caller = office.calls_in()
        phone = await office.phone_rings("103")
        phone.far.answers()
        await office.talking(caller, phone)

    async def test_a_phone_that_redirects_outside_reaches_the_owners_own_number_only(
        self, office: RoutedOffice
    ) -> None:
        await office.person("101", personal=Personal(mobile=MOBILE, press_one=False))
        for target, dialled in (("13500000000", []), (MOBILE, [("gsm2", MOBILE)])):
            away = Ending(Cause.NUMBER_CHANGED, Side.THEM, "302", redirected_to=target)
            office.next_legs.append(FakeLeg.outgoing("101", media=office.media, ring_ends=away))
            await _led_to(office, ToExtension("101"))
            caller = office.calls_in()
            if dialled:
                await office.line_dials(MOBILE)
            else:
                await office.journey()
            assert office.lines.dialled == dialled
            caller.far.ends()

    async def test_a_second_call_waits_at_the_phone_unless_its_owner_does_not_want_it(
        self, office: RoutedOffice
    ) -> None:
        await _led_to(office, ToExtension("101"))
        first = office.calls_in()
        phone = await office.phone_rings("101")
        phone.far.answers()
        await office.talking(first, phone)
        second = office.calls_in("13700137000")
        (await office.phone_rings("101")).far.ends(Cause.BUSY)
        await office.journey()
        assert second.ending is not None
        await office.person("101", call_waiting=False)
        third = office.calls_in("13600136000")
        journey = await office.journey()
        assert [ring.reason for ring in journey.rings] == ["busy"]
        assert third.ending is not None
        assert office.are_talking(first, phone)

    async def test_a_callers_place_may_be_a_members_own_mobile(self, office: RoutedOffice) -> None:
        await office.person("101", personal=Personal(mobile=MOBILE))
        await _led_to(office, ToMobile("101"), ToExtension("102"))
        caller = office.calls_in()
        mobile = await office.line_dials(MOBILE)
        mobile.far.answers()
        await office.until(lambda: mobile.port is not None)
        await asyncio.sleep(0.5)
        mobile.far.presses("1")
        await office.talking(caller, mobile)


class TestForwarded:
    async def test_a_change_of_forwarding_counts_for_the_next_call(self, office: RoutedOffice) -> None:
        await _led_to(office, ToExtension("101"))
        await office.person("101", personal=Personal(forward={When.ALWAYS: "103"}))
        office.calls_in()
        await office.phone_rings("103")

    async def test_forwarding_to_an_emergency_number_is_refused(self, office: RoutedOffice) -> None:
        with pytest.raises(UserError, match="no number calls can be forwarded to"):
            await office.person("101", personal=Personal(mobile="110"))
