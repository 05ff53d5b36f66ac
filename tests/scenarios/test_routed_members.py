"""Members of the office who call from outside, by the settings file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from extensions.forwarding import Personal
from firmware.switch.destinations import ToExtension
from firmware.switch.inbound import InboundPlan
from tests.scenarios.routed import RoutedOffice
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime

MOBILE = "13912345678"
PIN = "4711"


@pytest.fixture
async def office(tmp_path: Path) -> RoutedOffice:
    return RoutedOffice(tmp_path)


async def _led_to(office: RoutedOffice, *places: object, **plan: object) -> None:
    await office.change(inbound=InboundPlan(otherwise=places, **plan))  # type: ignore[arg-type]


class TestFromOutside:
    @pytest.fixture(autouse=True)
    async def _member(self, office: RoutedOffice) -> None:
        await office.person("101", personal=Personal(mobile=MOBILE, pin=PIN))
        await _led_to(office, ToExtension("102"))

    async def _asked(self, office: RoutedOffice) -> FakeLeg:
        member = office.calls_in(f"+86{MOBILE}")
        await office.until(lambda: office.words.said[-1:] == ["enter-pin"])
        return member

    async def test_the_pin_gives_the_inside(self, office: RoutedOffice) -> None:
        member = await self._asked(office)
        member.far.presses(f"{PIN}#")
        await office.until(lambda: "dials inside as 101" in _live(office))
        member.far.presses("103")
        phone = await office.phone_rings("103")
        phone.far.answers()
        await office.talking(member, phone)

    async def test_codes_serve_the_members_own_affairs(self, office: RoutedOffice) -> None:
        member = await self._asked(office)
        member.far.presses(f"{PIN}#")
        await office.until(lambda: "dials inside as 101" in _live(office))
        member.far.presses("*78#")
        await office.until(lambda: office.routing.personal["101"].do_not_disturb)
        await office.until(lambda: "feature-on" in office.words.said)
        assert (await office.editing.history(1))[0].by == "101 on gsm1"

    @pytest.mark.parametrize("dialled", ["13500000000", "013500000000", "913500000000", "*222102", "110"])
    async def test_nothing_leads_outside_or_into_others_calls(
        self, office: RoutedOffice, dialled: str
    ) -> None:
        member = await self._asked(office)
        member.far.presses(f"{PIN}#")
        await office.until(lambda: "dials inside as 101" in _live(office))
        member.far.presses(f"{dialled}#")
        await office.until(lambda: "feature-failed" in office.words.said)
        assert office.lines.dialled == []

    async def test_a_wrong_pin_opens_nothing_and_then_is_not_asked_for(self, office: RoutedOffice) -> None:
        member = await self._asked(office)
        for _ in range(3):
            asked = office.words.said.count("enter-pin")
            member.far.presses("0000#")
            await office.until(partial(_asked_again, office, asked))
        await office.phone_rings("102")
        member.far.ends()
        await office.journey()
        asked = office.words.said.count("enter-pin")
        office.calls_in(MOBILE)
        await office.phone_rings("102")
        assert office.words.said.count("enter-pin") == asked

    async def test_who_keys_nothing_is_received_like_everybody(self, office: RoutedOffice) -> None:
        await self._asked(office)
        await office.phone_rings("102")

    async def test_a_stranger_is_not_asked(self, office: RoutedOffice) -> None:
        office.calls_in()
        await office.phone_rings("102")
        assert "enter-pin" not in office.words.said


def _live(office: RoutedOffice) -> list[str]:
    return [entry.text for journey in office.exchange.live() for entry in journey.timeline]


def _asked_again(office: RoutedOffice, before: int) -> bool:
    """Tell whether the PIN was asked for once more, or no more will be."""
    return office.words.said.count("enter-pin") > before or _rings(office, "102")


def _rings(office: RoutedOffice, number: str) -> bool:
    return any(leg.address == number for leg in office._unanswered())
