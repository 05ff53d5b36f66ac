"""A person's desk during real calls: who calls pops up with what was before; what came of it is noted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.walking import walk

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]

CALLER = "13800138000"


async def test_who_calls_pops_up_and_what_came_of_it_is_there_the_next_time(
    tmp_path: Path, prompts: Path
) -> None:
    async with walk(tmp_path, prompts) as (box, browser):
        await browser.do("sign_up")
        await browser.do("become", extension="101")
        own = await box.phone("101")
        colleague = await box.phone("102", auto_answer=True)

        await browser.do("desk")
        caller = await box.calls(CALLER, digits="101")
        await own.event("CALL_INCOMING")
        pop = await browser.do("pop")
        assert "138 0013 8000" in pop["text"]
        assert pop["loaded"] == "once", "it came up by itself"
        assert (pop["earlier"], pop["notes"]) == (0, []), "the first call of this number"
        small = await browser.do("small_desk")
        assert small["wide"] <= 0
        assert small["top"] < 740, "in sight without scrolling"
        await own.accept()
        await browser.do("pop_is", phase="talking")
        await asyncio.sleep(1.0)
        await caller.hang_up()
        first = await box.journey(1)
        await browser.do("wrap_up", note="wants a new crown")

        async def noted() -> bool:
            return any(note.text == "wants a new crown" for one in await box.journeys() for note in one.notes)

        await box.until(noted)
        told = next(one for one in await box.journeys() if one.id == first.id)
        assert [one.agent for one in told.wrap_ups] == ["101"]

        # The next time the card tells of it.
        await browser.do("desk")
        caller = await box.calls(CALLER, digits="101")
        await own.event("CALL_INCOMING")
        pop = await browser.do("pop")
        assert pop["earlier"] == 1
        assert "wants a new crown" in pop["notes"][0]
        await caller.hang_up()
        await box.journey(2)

        # A click calls: the own phone first, then whom it is for.
        await browser.do("click_to_call", to="102")
        await own.event("CALL_INCOMING")
        await own.accept()
        await colleague.event("CALL_ESTABLISHED")
        await own.hang_up()
        third = await box.journey(3)
        assert "102" in [leg.address for leg in third.legs]
