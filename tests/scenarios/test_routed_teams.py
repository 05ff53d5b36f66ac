"""Agents in tiers and pods, and callers a queue prefers, by the settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from extensions.hunt import Strategy
from extensions.queue import AgentProfile, QueueSettings
from firmware.core.records import Outcome, WaitEnd
from firmware.switch.destinations import ToQueue
from firmware.switch.inbound import InboundPlan
from tests.scenarios.office import trace
from tests.scenarios.routed import RoutedOffice

pytestmark = pytest.mark.looptime


@pytest.fixture
async def office(tmp_path: Path) -> RoutedOffice:
    return RoutedOffice(tmp_path)


async def _led_to(office: RoutedOffice, *places: object, **plan: object) -> None:
    await office.change(inbound=InboundPlan(otherwise=places, **plan))  # type: ignore[arg-type]


class TestTeams:
    TIERED = QueueSettings(
        "service",
        (AgentProfile("101"), AgentProfile("102"), AgentProfile("103", tier=2)),
        tier_after_seconds=300,
        wrap_up_seconds=0,
    )

    async def test_a_front_line_agent_escalates_the_caller_to_a_specialist_in_one_journey(
        self, office: RoutedOffice
    ) -> None:
        await office.change(queues=(self.TIERED,))
        await _led_to(office, ToQueue("service"))
        for number in ("101", "103"):
            office.routing.desk.sign_in(number)
        caller = office.calls_in()
        front = await office.phone_rings("101")
        front.far.answers()
        await office.talking(caller, front)
        front.far.presses("*9")
        expert = await office.phone_rings("103")
        assert front.ending is not None
        expert.far.answers()
        await office.talking(caller, expert)
        caller.far.ends()
        journey = await office.journey()
        assert [(wait.queue, wait.agent, wait.end) for wait in journey.queue_waits] == [
            ("service", "101", WaitEnd.ANSWERED),
            ("service", "103", WaitEnd.ANSWERED),
        ]
        assert "service: 101 escalates to tier 2" in trace(journey)
        assert journey.outcome is Outcome.ANSWERED

    async def test_without_a_specialist_the_talk_goes_on(self, office: RoutedOffice) -> None:
        await office.change(queues=(self.TIERED,))
        await _led_to(office, ToQueue("service"))
        office.routing.desk.sign_in("101")
        caller = office.calls_in()
        front = await office.phone_rings("101")
        front.far.answers()
        await office.talking(caller, front)
        front.far.presses("*9")
        await office.until(lambda: "nobody of tier 2" in " ".join(_live(office)))
        assert office.are_talking(caller, front)

    async def test_a_pods_caller_is_handed_on_inside_the_pod_first(self, office: RoutedOffice) -> None:
        pods = QueueSettings(
            "service",
            (
                AgentProfile("101", pod="red"),
                AgentProfile("102", pod="blue"),
                AgentProfile("103", pod="red"),
            ),
            strategy=Strategy.LINEAR,
        )
        await office.change(queues=(pods,))
        await _led_to(office, ToQueue("service"))
        for number in ("101", "102", "103"):
            office.routing.desk.sign_in(number)
        caller = office.calls_in()
        await office.until(lambda: bool(office._unanswered()))
        own = office._unanswered()[0]
        own.far.answers()
        await office.talking(caller, own)
        own.far.presses("###")
        if own.address == "102":
            pytest.fail("the first pod of two equal ones is blue by its name; this story wants a red one")
        other = await office.phone_rings("103" if own.address == "101" else "101")
        other.far.answers()
        await office.talking(caller, other)

    async def test_callers_the_queue_prefers_are_served_first(self, office: RoutedOffice) -> None:
        queue = QueueSettings("service", (AgentProfile("101"),), first_served=("138 0013 8009",))
        await office.change(queues=(queue,))
        await _led_to(office, ToQueue("service"))
        office.routing.desk.sign_in("101")
        office.handsets.gone.add("101")
        office.calls_in("13800138001")
        office.calls_in("+8613800138009")
        await office.until(lambda: len(office.routing.desk.queues["service"].waiting()) == 2)
        office.handsets.gone.clear()
        office.routing.desk.pump_all()
        phone = await office.phone_rings("101")
        assert phone.caller_shown is not None
        assert phone.caller_shown.number == "+8613800138009"


def _live(office: RoutedOffice) -> list[str]:
    return [entry.text for journey in office.exchange.live() for entry in journey.timeline]
