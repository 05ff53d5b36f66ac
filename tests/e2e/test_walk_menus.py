"""The menus in a browser: changed as a draft, tried without a call, put in force; calls then do the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.box import Box
from tests.e2e.walking import walk

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]

CALLER = "13800138000"
AFTER_GREETING_S = 8.0


async def _rung_by(box: Box, key: str, count: int, *, talks_with: str = "") -> set[str]:
    """Call, key something, talk with an extension where one is expected, and return which extensions rang."""
    caller = await box.calls(CALLER, digits=key, digits_after=AFTER_GREETING_S)

    async def served() -> bool:
        return any(
            one.outcome is None
            and any(entry.kind == "keyed" for entry in one.timeline)
            and (not talks_with or any(leg.address == talks_with and leg.answered_ms for leg in one.legs))
            for one in await box.journeys()
        )

    await box.until(served)
    await caller.hang_up()
    return {leg.address for leg in (await box.journey(count)).legs}


async def test_a_key_does_in_a_call_what_the_dry_run_said(tmp_path: Path, prompts: Path) -> None:
    async with walk(tmp_path, prompts) as (box, browser):
        await browser.do("first_boot", people="", greeting="")
        before = await browser.do("try_menu", keys="7")
        assert not any("103" in line for line in before["told"])

        drawn = await browser.do(
            "set_key", menu="main", key="7", does="extension", fields=[["number", "103"]]
        )
        assert "103" in drawn["drawn"], "the drawn flow shows the new key"
        assert drawn["drafts"] == 1
        tried = await browser.do("try_menu", keys="7")
        assert any("103" in line for line in tried["told"]), "the draft is what is tried"

        # A draft changes nothing for callers; in force it does.
        assert "103" not in await _rung_by(box, "7", 1)
        published = await browser.do("publish")
        assert published["drafts"] == 0
        await box.phone("103", auto_answer=True)
        assert "103" in await _rung_by(box, "7", 2, talks_with="103")
        prompt = await browser.do("prompt", name="lunch", text="我们在吃午饭。")
        assert prompt["seconds"] > 1
        assert prompt["left"] == 0
