"""Why a call came to nothing, with SIPp: what a phone's refusal means, and what a calling phone is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet

from firmware.core.causes import Cause, Side
from firmware.core.leg import LegEnded
from tests.interop.script import Called, Caller
from tests.interop.scripted import WITH_AND_WITHOUT_LOSS, Box, called, calling, open_box

pytestmark = [pytest.mark.e2e]

Key = TypeVar("Key")
Value = TypeVar("Value")


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with open_box() as box:
        yield box


# The reference's table of SIP and Q.850, from the phone's side.
REFUSALS = {
    403: Cause.REJECTED,
    404: Cause.UNALLOCATED_NUMBER,
    408: Cause.NO_USER_RESPONDING,
    410: Cause.NUMBER_CHANGED,
    480: Cause.NO_USER_RESPONDING,
    484: Cause.INVALID_NUMBER,
    486: Cause.BUSY,
    488: Cause.INCOMPATIBLE,
    503: Cause.TEMPORARY_FAILURE,
    600: Cause.BUSY,
    603: Cause.REJECTED,
}
# And what a phone that calls is told.
TOLD = {
    Cause.BUSY: 486,
    Cause.NO_ANSWER: 480,
    Cause.REJECTED: 603,
    Cause.SUBSCRIBER_ABSENT: 480,
    Cause.UNALLOCATED_NUMBER: 404,
    Cause.INVALID_NUMBER: 484,
    Cause.NOT_PERMITTED: 403,
    Cause.CONGESTION: 503,
    Cause.NETWORK_OUT_OF_ORDER: 503,
}


def each(table: Mapping[Key, Value]) -> list[ParameterSet]:
    """Return every row of a table; those that people meet daily are in the quick suite, too."""
    daily = {Cause.NO_ANSWER, 486, 603}
    return [
        pytest.param(key, value, marks=() if {key, value} & daily else pytest.mark.slow)
        for key, value in table.items()
    ]


async def refused(folder: Path, box: Box, script: Called, lost: int) -> LegEnded:
    """Ring the phone, which refuses; return how the leg ended."""
    leg, running = await called(folder, box, script, lost)
    with pytest.raises(LegEnded) as told:
        await asyncio.wait_for(leg.answered(), 40)
    done = await asyncio.wait_for(running, 60)
    assert done.succeeded, done.report()
    return told.value


@WITH_AND_WITHOUT_LOSS
@pytest.mark.parametrize(("status", "cause"), each(REFUSALS))
async def test_what_a_refusal_means(tmp_path: Path, box: Box, lost: int, status: int, cause: Cause) -> None:
    script = Called("refuses").is_invited().says(180, text="Ringing").says(status, text="No").hears("ACK")
    ending = (await refused(tmp_path, box, script, lost)).ending
    assert (ending.cause, ending.by, ending.detail) == (cause, Side.THEM, f"{status} No")


@WITH_AND_WITHOUT_LOSS
async def test_a_reason_tells_more_than_the_status(tmp_path: Path, box: Box, lost: int) -> None:
    script = Called("reason").is_invited().says(500, 'Reason: Q.850;cause=17;text="busy"', text="Oops")
    ending = (await refused(tmp_path, box, script.hears("ACK"), lost)).ending
    assert ending.cause is Cause.BUSY


@WITH_AND_WITHOUT_LOSS
async def test_a_phone_that_sends_callers_elsewhere(tmp_path: Path, box: Box, lost: int) -> None:
    script = Called("redirects").is_invited()
    script.says(302, contact="Contact: <sip:105@127.0.0.1>", text="Moved").hears("ACK")
    assert (await refused(tmp_path, box, script, lost)).ending.redirected_to == "105"


@WITH_AND_WITHOUT_LOSS
@pytest.mark.parametrize(("cause", "status"), each(TOLD))
async def test_what_a_calling_phone_is_told(
    tmp_path: Path, box: Box, lost: int, cause: Cause, status: int
) -> None:
    script = Caller("told").invites().hears(180, optional=True)
    script.hears(status, header="Reason", value=f"Q.850;cause={cause.value}").refused()
    running = calling(tmp_path, box, script, lost)
    leg = await box.call()
    await leg.progress()
    await leg.hang_up(cause)
    done = await asyncio.wait_for(running, 60)
    assert done.succeeded, done.report()


@WITH_AND_WITHOUT_LOSS
async def test_the_other_phones_are_told_that_one_answered(tmp_path: Path, box: Box, lost: int) -> None:
    """The Reason of the CANCEL keeps the call off the list of missed ones."""
    script = Called("elsewhere").is_invited().says(180, text="Ringing")
    script.hears("CANCEL", header="Reason", value="Q.850;cause=26").answers()
    script.says(487, text="Request Terminated").hears("ACK")
    leg, running = await called(tmp_path, box, script, lost)
    await asyncio.sleep(2.5 if lost else 0.3)
    await leg.hang_up(Cause.ANSWERED_ELSEWHERE)
    done = await asyncio.wait_for(running, 60)
    assert done.succeeded, done.report()
