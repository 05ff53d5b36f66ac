"""The office by its settings file: what an administrator sets is what callers and phones meet, at once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from extensions.conference import RoomSettings
from extensions.feature_codes import Feature
from extensions.hunt import HuntGroup, Member
from extensions.queue import AgentProfile, QueueSettings
from firmware.core.causes import Cause
from firmware.core.errors import UserError
from firmware.core.ids import PortId
from firmware.core.leg import LegState
from firmware.settings.features import FeatureSettings
from firmware.settings.parse import parse_settings
from firmware.switch.destinations import ToExtension, ToGroup, ToQueue
from firmware.switch.inbound import InboundPlan
from tests.scenarios.routed import RoutedOffice
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime

SALES = HuntGroup("sales", (Member("101"), Member("103")), number="600")


@pytest.fixture
async def office(tmp_path: Path) -> RoutedOffice:
    return RoutedOffice(tmp_path)


async def _led_to(office: RoutedOffice, *places: object, **plan: object) -> None:
    await office.change(inbound=InboundPlan(otherwise=places, **plan))  # type: ignore[arg-type]


class TestSettings:
    async def test_a_group_that_is_added_rings_with_the_next_call(self, office: RoutedOffice) -> None:
        await office.change(groups=(SALES,))
        await _led_to(office, ToGroup("sales"))
        caller = office.calls_in()
        first, second = await office.phone_rings("101"), await office.phone_rings("103")
        second.far.answers()
        await office.talking(caller, second)
        assert first.far.refusal is Cause.ANSWERED_ELSEWHERE

    async def test_a_group_is_dialled_by_its_number(self, office: RoutedOffice) -> None:
        await office.change(groups=(SALES,))
        phone = office.dials("102", "600")
        (await office.phone_rings("103")).far.answers()
        await office.until(lambda: phone.state is LegState.CONNECTED)

    async def test_a_change_while_people_talk_cuts_nobody_off(self, office: RoutedOffice) -> None:
        await office.change(groups=(SALES,))
        await _led_to(office, ToGroup("sales"))
        caller = office.calls_in()
        phone = await office.phone_rings("101")
        phone.far.answers()
        await office.talking(caller, phone)
        await office.change(inbound=InboundPlan(otherwise=(ToExtension("102"),)), groups=())
        assert office.are_talking(caller, phone)
        later = office.calls_in("13700137000")
        (await office.phone_rings("102")).far.answers()
        await office.until(lambda: later.state is LegState.CONNECTED)
        assert office.are_talking(caller, phone)

    async def test_who_waits_in_a_queue_that_is_taken_away_is_served(self, office: RoutedOffice) -> None:
        await office.change(queues=(QueueSettings("service", (AgentProfile("101"),)),))
        await _led_to(office, ToQueue("service"))
        office.routing.desk.sign_in("101")
        office.handsets.gone.add("101")
        caller = office.calls_in()
        await office.until(lambda: len(office.routing.desk.queues["service"].waiting()) == 1)
        await office.change(queues=(), inbound=InboundPlan(otherwise=(ToExtension("102"),)))
        office.handsets.gone.clear()
        office.routing.desk.pump_all()
        phone = await office.phone_rings("101")
        phone.far.answers()
        await office.talking(caller, phone)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"groups": (SALES, SALES)}, "600 is groups"),
            ({"groups": (HuntGroup("x", (Member("999"),)),)}, "there is no extension 999"),
            ({"groups": (HuntGroup("x", (Member("101"),), number="110"),)}, "emergency"),
            ({"groups": (HuntGroup("x", (Member("101"),), overflow=(ToQueue("no"),)),)}, "no queue no"),
            ({"rooms": (RoomSettings("team", "101"),)}, "101 is extensions"),
            ({"inbound": InboundPlan(otherwise=(ToExtension("777"),))}, "no extension 777"),
            ({"features": FeatureSettings(codes={Feature.HELP: "*78"})}, "is both"),
            ({"features": FeatureSettings(park_first="101")}, "101 is extensions"),
        ],
    )
    async def test_what_contradicts_itself_is_refused_whole(
        self, office: RoutedOffice, change: dict[str, object], words: str
    ) -> None:
        before = office.settings.current
        with pytest.raises(UserError, match=words):
            await office.change(**change)
        assert office.settings.current is before

    async def test_an_extension_in_an_emergency_numbers_way_is_refused(self, office: RoutedOffice) -> None:
        for number in ("110", "1101", "12"):
            document = msgspec.to_builtins(office.settings.current)
            document["extensions"] = [*document["extensions"], {"number": number, "name": "x"}]
            if number == "12":
                parse_settings(document)
            else:
                with pytest.raises(UserError, match="emergency"):
                    parse_settings(document)

    async def test_every_default_survives_the_file(self, office: RoutedOffice) -> None:
        await office.change(groups=(SALES,), rooms=(RoomSettings("team", "800"),))
        again = type(office.settings)(office.settings._path)
        assert again.open() == office.settings.current


class TestSpeakingToPhones:
    async def test_intercom_is_answered_by_the_phone_itself(self, office: RoutedOffice) -> None:
        phone = office.dials("101", "*80103")
        other = await office.phone_rings("103")
        assert office.spoken_to == ["103"]
        other.far.answers()
        await office.talking(phone, other)

    async def test_a_page_is_heard_by_all_free_phones_of_the_group_and_nobody_is_heard(
        self, office: RoutedOffice
    ) -> None:
        await office.change(groups=(HuntGroup("all", (Member("102"), Member("103")), number="600"),))
        speaker = office.dials("101", "*81600")
        others = [await office.phone_rings(number) for number in ("102", "103")]
        for other in others:
            other.far.answers()
        assert speaker.port is not None or await _connected(office, speaker)
        await office.until(
            lambda: all(one.port and office.media.hears(one.port, _port(speaker)) for one in others)
        )
        assert not any(office.media.hears(_port(speaker), _port(one)) for one in others)
        speaker.far.ends()
        await office.until(lambda: all(one.ending is not None for one in others))

    async def test_a_phone_that_talks_is_left_alone(self, office: RoutedOffice) -> None:
        await _led_to(office, ToExtension("103"))
        caller = office.calls_in()
        busy = await office.phone_rings("103")
        busy.far.answers()
        await office.talking(caller, busy)
        phone = office.dials("101", "*80103")
        await office.until(lambda: phone.ending is not None)
        assert office.spoken_to == []
        assert office.are_talking(caller, busy)


class TestPickup:
    async def test_a_phone_picks_up_the_calls_of_its_own_group(self, office: RoutedOffice) -> None:
        await office.change(extensions=office.people("104"), groups=(SALES,))
        await _led_to(office, ToExtension("103"))
        caller = office.calls_in()
        await office.phone_rings("103")
        stranger = office.dials("101", "*8")
        await office.talking(caller, stranger)

    async def test_not_those_of_another(self, office: RoutedOffice) -> None:
        tech = HuntGroup("tech", (Member("102"),))
        await office.change(groups=(SALES, tech))
        await _led_to(office, ToExtension("103"))
        office.calls_in()
        rings = await office.phone_rings("103")
        phone = office.dials("102", "*8")
        await office.until(lambda: phone.ending is not None)
        assert rings.ending is None


def _port(leg: FakeLeg) -> PortId:
    assert leg.port is not None
    return leg.port


async def _connected(office: RoutedOffice, leg: FakeLeg) -> bool:
    await office.until(lambda: leg.port is not None)
    return True
