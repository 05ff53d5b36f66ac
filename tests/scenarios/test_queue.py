"""Callers wait for an agent: the order, what they hear, the ways out, and who is called back."""

from __future__ import annotations

import asyncio

import pytest

from extensions.hunt import Tally
from extensions.queue import AgentProfile, Mode, QueueDesk, QueueSettings
from extensions.queue.callback import Callbacks
from extensions.queue.script import Queueing
from firmware.core.causes import Cause, Side
from firmware.core.leg import LegState
from firmware.core.records import Outcome, TransferKind, WaitEnd
from firmware.switch.call import Call
from firmware.switch.destinations import ToExtension, ToQueue
from tests.scenarios.desk import Desk
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


class Service:
    """The office with a queue of three agents."""

    def __init__(self, office: Office, **changes: object) -> None:
        agents = tuple(AgentProfile(number) for number in ("101", "102", "103"))
        settings = QueueSettings("service", agents, **changes)  # type: ignore[arg-type]  # forwarded
        self.office = office
        self.desk = QueueDesk([settings], Tally(), lambda n: "busy" if office.exchange.is_busy(n) else None)
        callbacks = Callbacks(self.desk, office.exchange, office.directory, office.outbound)
        self.queueing = Queueing(
            self.desk, office.destinations, office.words, callbacks, office.outbound.plan.canonical
        )
        office.destinations.register(ToQueue, self.queueing.serve)
        office.exchange.on_over.append(self.desk.pump_all)

    def mode(self, number: str) -> Mode:
        return self.desk.queues["service"].agents[number].mode

    def call(self, number: str | None = "13800138000", language: str = "") -> FakeLeg:
        async def script(call: Call) -> None:
            call.language = language
            await self.office.destinations.lead(call, ToQueue("service"))

        return self.office.somebody_rings_in(script, number)

    async def waits(self, count: int) -> None:
        await self.office.until(lambda: len(self.desk.queues["service"].waiting()) == count)


async def test_three_agents_serve_three_callers_and_the_fourth_waits_in_order(office: Office) -> None:
    service = Service(office, wrap_up_seconds=10)
    for number in ("101", "102", "103"):
        service.desk.sign_in(number)
    callers = [service.call(f"1380013800{n}") for n in range(5)]
    phones = [await office.phone_rings(number) for number in ("101", "102", "103")]
    for phone in phones:
        phone.far.answers()
    for caller, phone in zip(callers[:3], phones, strict=True):
        await office.talking(caller, phone)
    await service.waits(2)
    await asyncio.sleep(30)
    phones[1].far.ends()
    over = asyncio.get_running_loop().time()
    again = await office.phone_rings("102")
    assert asyncio.get_running_loop().time() - over == pytest.approx(10, abs=0.2)
    again.far.answers()
    await office.talking(callers[3], again)
    assert not office.are_talking(callers[4], again)


async def test_a_caller_hears_place_and_wait_and_kind_words(office: Office) -> None:
    service = Service(office, announce_seconds=20, comfort_seconds=50)
    service.desk.sign_in("101")
    busy = office.phone_dials("101", "13800138000")
    caller = service.call()
    await office.until(lambda: "queue-comfort" in office.words.said)
    assert office.words.said.count("queue-position") == 2
    assert "1" in office.words.said
    busy.far.ends()
    (await office.phone_rings("101")).far.answers()
    await asyncio.sleep(5)
    caller.far.ends()
    assert (await office.journey()).outcome is Outcome.ANSWERED


async def test_a_queues_own_messages_are_said_one_after_the_other(office: Office) -> None:
    own = ("own/parking", "own/offer")
    service = Service(office, join_without_agents=True, announce_seconds=0, comfort_seconds=10, messages=own)
    service.call()
    await office.until(lambda: office.words.said.count("own/parking") == 2)
    assert [one for one in office.words.said if one in own] == ["own/parking", "own/offer", "own/parking"]


@pytest.mark.parametrize("language", ["", "en", "zh-CN"])
async def test_who_chose_a_language_in_the_menus_waits_in_it(office: Office, language: str) -> None:
    service = Service(
        office, join_without_agents=True, announce_seconds=20, comfort_seconds=50, max_wait_seconds=70
    )
    caller = service.call(language=language)
    await office.until(lambda: {"queue-position", "queue-comfort"} <= set(office.words.said))
    caller.far.presses("2")
    await office.until(lambda: "queue-callback-kept" in office.words.said)
    assert set(office.words.languages) == {language}


async def test_an_abandoned_wait_is_recorded_and_the_place_kept_for_a_minute(office: Office) -> None:
    service = Service(office, join_without_agents=True)
    first = service.call("13800138001")
    await service.waits(1)
    await asyncio.sleep(5)
    service.call("13800138002")
    await service.waits(2)
    first.far.ends()
    journey = await office.journey()
    (wait,) = journey.queue_waits
    assert (wait.end, wait.position) == (WaitEnd.ABANDONED, 1)
    assert journey.outcome is Outcome.ABANDONED
    await asyncio.sleep(30)
    service.call("13800138001")
    await service.waits(2)
    order = [waiting.number for waiting in service.desk.queues["service"].waiting()]
    assert order == ["+8613800138001", "+8613800138002"]


async def test_an_agent_who_does_not_answer_is_paused_and_the_caller_keeps_the_place(office: Office) -> None:
    service = Service(office, ring_seconds=10, max_missed=1)
    service.desk.sign_in("101")
    caller = service.call()
    (await office.phone_rings("101")).far.alerts()
    await office.until(lambda: service.mode("101") is Mode.PAUSED)
    service.desk.sign_in("102")
    phone = await office.phone_rings("102")
    phone.far.answers()
    await office.talking(caller, phone)


async def test_a_phone_that_crashes_while_it_rings_loses_no_caller(office: Office) -> None:
    service = Service(office)
    service.desk.sign_in("101")
    service.desk.sign_in("102")
    caller = service.call()
    await office.until(lambda: bool(office.legs))
    first = office.legs[0]
    first.far.ends(Cause.NETWORK_OUT_OF_ORDER, by=Side.WIRE)
    other = "102" if first.address == "101" else "101"
    phone = await office.phone_rings(other)
    phone.far.answers()
    await office.talking(caller, phone)


async def test_key_one_leads_to_a_message_and_key_two_needs_a_number(office: Office) -> None:
    service = Service(office, join_without_agents=True, message=ToExtension("103"))
    caller = service.call(None)
    await service.waits(1)
    await asyncio.sleep(1)
    caller.far.presses("2")
    await asyncio.sleep(1)
    await service.waits(1)
    caller.far.presses("1")
    (await office.phone_rings("103")).far.answers()
    await asyncio.sleep(1)
    caller.far.ends()
    assert (await office.journey()).queue_waits[0].end is WaitEnd.KEYED_OUT


async def test_who_is_called_back_keeps_the_place_and_the_agent_dials(office: Office) -> None:
    service = Service(office, join_without_agents=True)
    caller = service.call("13800138009")
    await service.waits(1)
    await asyncio.sleep(2)
    caller.far.presses("2")
    journey = await office.journey()
    assert caller.far.refusal is Cause.NORMAL
    assert journey.queue_waits[0].end is WaitEnd.KEYED_OUT
    await service.waits(1)
    assert office.lines.dialled == []
    office.lines.on_it.clear()
    service.desk.sign_in("101")
    agent = await office.phone_rings("101")
    agent.far.answers()
    await office.until(lambda: "callback-here" in office.words.said)
    assert office.lines.dialled == []
    agent.far.presses("1")
    called = await office.line_dials("13800138009")
    called.far.answers()
    await office.talking(agent, called)
    assert service.mode("101") is Mode.TALKING
    called.far.ends()
    await office.journey()
    assert service.mode("101") is Mode.WRAP_UP
    await service.waits(0)


async def test_a_switch_that_stops_calls_nobody_back_though_an_agent_comes_free(office: Office) -> None:
    service = Service(office, wrap_up_seconds=0)
    service.desk.sign_in("101")
    served = service.call("13800138001")
    agent = await office.phone_rings("101")
    agent.far.answers()
    await office.talking(served, agent)
    caller = service.call("13800138009")
    await service.waits(1)
    await asyncio.sleep(2)
    caller.far.presses("2")
    await office.until(lambda: len(office.store.closed) == 1)
    rung = len(office.legs)
    await office.exchange.stop()
    assert served.state is agent.state is LegState.ENDED
    assert office.exchange.live() == []
    await asyncio.sleep(5)
    assert len(office.legs) == rung
    assert office.lines.dialled == []
    await service.waits(1)


async def test_nobody_can_be_made_to_call_a_premium_number_back(office: Office) -> None:
    service = Service(office, join_without_agents=True)
    caller = service.call("+881612345678")
    await service.waits(1)
    await asyncio.sleep(2)
    caller.far.presses("2")
    await asyncio.sleep(5)
    assert caller.state is LegState.CONNECTED


async def test_the_longest_wait_ends_in_the_overflow(office: Office) -> None:
    service = Service(office, join_without_agents=True, max_wait_seconds=30, overflow=(ToExtension("103"),))
    service.call()
    await office.phone_rings("103")
    service.desk.stop()


async def test_a_queue_nobody_signed_in_to_leads_on_at_once(office: Office) -> None:
    Service(office, overflow=(ToExtension("103"),)).call()
    await office.phone_rings("103")


async def test_an_agent_on_the_phone_elsewhere_is_rung_when_that_is_over(office: Office) -> None:
    service = Service(office)
    service.desk.sign_in("101")
    busy = office.phone_dials("101", "13800138000")
    service.call()
    await service.waits(1)
    await asyncio.sleep(20)
    assert office.legs == []
    busy.far.ends()
    await office.phone_rings("101")


async def test_the_trace_says_where_the_caller_stood(office: Office) -> None:
    service = Service(office, join_without_agents=True)
    caller = service.call()
    await service.waits(1)
    await asyncio.sleep(1)
    caller.far.ends()
    assert trace(await office.journey()) == ["→ queue service", "service: place 1", "service: abandoned"]


@pytest.fixture
def handing(office: Office) -> Desk:
    """The office in which callers are handed on by keys, also into the queue: 601."""
    office.numbers["601"] = ToQueue("service")
    return Desk(office)


async def test_who_hands_a_caller_into_the_queue_is_free_while_the_caller_waits(
    office: Office, handing: Desk
) -> None:
    service = Service(office)
    service.desk.sign_in("102")
    caller, phone = await handing.talk()
    phone.far.presses("##601")
    agent = await office.phone_rings("102")
    await office.until(lambda: phone.ending is not None)
    assert (caller.ending, agent.state) == (None, LegState.RINGING)
    await asyncio.sleep(5)
    agent.far.answers()
    await office.talking(caller, agent)
    caller.far.ends()
    journey = await office.journey()
    assert [(one.kind, one.to, one.completed) for one in journey.transfers] == [
        (TransferKind.BLIND, "601", True)
    ]


async def test_a_caller_handed_into_a_queue_where_nobody_answers_comes_back_to_who_did_it(
    office: Office, handing: Desk
) -> None:
    Service(office, join_without_agents=True, max_wait_seconds=30)
    caller, phone = await handing.talk()
    phone.far.presses("##601")
    await office.until(lambda: phone.ending is not None)
    legs = len(office.legs)
    await office.until(lambda: len(office.legs) > legs)
    again = office.legs[-1]
    assert again.address == "101"
    again.far.answers()
    await office.talking(caller, again)
    caller.far.ends()
    journey = await office.journey()
    assert [(one.to, one.completed) for one in journey.transfers] == [("601", False)]
    assert "601: no answer: 101 is rung again" in trace(journey)
