"""Nobody takes the call: the caller hears words, never silence, and may try somebody else."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from firmware.core.causes import Cause
from firmware.core.records import EntryKind, Outcome
from firmware.settings.document import Settings
from tests.e2e.box import Box, dump

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(90)]


def _short_ring(settings: Settings) -> Settings:
    reception = msgspec.structs.replace(settings.reception, ring_seconds=5)
    return msgspec.structs.replace(settings, reception=reception)


@pytest.mark.parametrize(
    ("scenario", "words", "cause"),
    [
        ("uas_busy", "busy", Cause.BUSY),
        ("uas_declines", "declined", Cause.REJECTED),
        ("uas_never_answers", "no-answer", Cause.NO_ANSWER),
        ("", "unreachable", Cause.SUBSCRIBER_ABSENT),
    ],
    ids=["busy", "declining", "never answering", "unregistered"],
)
async def test_the_caller_hears_why(
    tmp_path: Path, prompts: Path, scenario: str, words: str, cause: Cause
) -> None:
    async with Box.running(tmp_path, prompts, _short_ring) as box, AsyncExitStack() as phones:
        if scenario:
            await phones.enter_async_context(box.scripted_phone("101", scenario))
        caller = await box.calls("13800138000", digits="101")

        async def told() -> bool:
            return any("101 was not reached" in entry.text for entry in (await box.live()).timeline)

        await caller.answered()
        await box.until(told)
        await asyncio.sleep(3)
        await caller.hang_up()
        journey = await box.journey()
        assert journey.outcome is Outcome.ABANDONED, dump(journey)
        assert journey.legs[1].cause is cause, dump(journey)
        assert box.heard_prompt("13800138000", words) is not None


async def test_two_wrong_numbers_lead_to_the_operator(box: Box) -> None:
    operator = await box.phone("101", auto_answer=True)
    caller = await box.calls("13800138000", digits="999,,,,,888", digits_after=0.8)
    await operator.event("CALL_ESTABLISHED")
    await asyncio.sleep(2)
    await caller.hang_up()
    journey = await box.journey()
    routes = [entry.text for entry in journey.timeline if entry.kind is EntryKind.ROUTE]
    assert routes[-2:] == [
        "menu main: keyed 999, which is no choice",
        "menu main: keyed 888, which is no choice, attempt 2: the operator",
    ]
    assert box.heard_prompt("13800138000", "no-such-extension") is not None
    assert journey.outcome is Outcome.ANSWERED
