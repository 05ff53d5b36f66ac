"""One of the office's phones calls another."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.causes import Cause
from firmware.core.leg import LegState
from firmware.core.records import Outcome
from tests.scenarios.office import Office, trace

pytestmark = pytest.mark.looptime


async def test_phone_calls_phone(office: Office) -> None:
    caller = office.phone_dials("101", "103")
    callee = await office.phone_rings("103")
    assert caller.state is LegState.OFFERED
    callee.far.alerts()
    await office.until(lambda: "progress" in caller.history)
    callee.far.answers()
    await office.until(lambda: caller.state is LegState.CONNECTED)
    await asyncio.sleep(5)
    caller.far.ends()
    journey = await office.journey()
    assert journey.outcome is Outcome.ANSWERED
    assert (journey.line, journey.called, journey.hung_up_by) == ("101", "103", "caller")
    assert trace(journey) == ["dialled 103: Wang"]


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.REJECTED, Cause.SUBSCRIBER_ABSENT])
async def test_the_phone_is_told_why_nobody_answers(office: Office, cause: Cause) -> None:
    caller = office.phone_dials("101", "103")
    callee = await office.phone_rings("103")
    callee.far.ends(cause)
    journey = await office.journey()
    assert caller.far.refusal is cause
    assert journey.outcome is Outcome.UNANSWERED


async def test_an_unknown_number_is_refused_as_such(office: Office) -> None:
    caller = office.phone_dials("101", "555")
    await office.journey()
    assert caller.far.refusal is Cause.UNALLOCATED_NUMBER


async def test_dialling_oneself_is_busy(office: Office) -> None:
    caller = office.phone_dials("101", "101")
    await office.journey()
    assert caller.far.refusal is Cause.BUSY


async def test_a_phone_that_gives_up_while_it_rings_stops_the_other(office: Office) -> None:
    caller = office.phone_dials("101", "103")
    callee = await office.phone_rings("103")
    caller.far.ends()
    journey = await office.journey()
    assert journey.outcome is Outcome.ABANDONED
    assert callee.far.refusal is Cause.NORMAL
