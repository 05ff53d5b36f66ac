"""Calls that were: found, followed, heard, noted, counted, taken away as files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.walking import walk

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]

ANSWERED, LOST = "13800138000", "13900139000"


async def test_a_call_is_found_followed_heard_and_counted(tmp_path: Path, prompts: Path) -> None:
    async with walk(tmp_path, prompts) as (box, browser):
        await browser.do("sign_up")
        phone = await box.phone("101", auto_answer=True)
        caller = await box.talking(ANSWERED)
        await asyncio.sleep(2.0)
        await caller.hang_up()
        answered = await box.journey(1)
        lost = await box.calls(LOST)
        await lost.answered()
        await lost.hang_up()
        await box.journey(2)
        assert phone.heard()

        async def found(query: str) -> int:
            return int((await browser.do("search", query=query))["calls"])

        # A call is looked for among those that are written down, some moments after it is over.
        async with asyncio.timeout(10):
            while await found("") < 2:
                await asyncio.sleep(0.2)
        assert await found("") == 2
        assert await found("text=0013%208000") == 1, "a part of the number, as it is shown"
        assert await found("person=101") == 1
        assert await found("outcome=answered") == 1
        assert await found("recorded=yes") == 1
        assert await found("text=55555") == 0

        seen = await browser.do("open_call", id=answered.id)
        assert any("101" in line for line in seen["trace"]), "why it rang there"
        assert seen["spans"] >= 2, "the line's span and the person's"
        heard = await browser.do("play")
        assert heard["before"] >= 0.3
        assert heard["at"] == pytest.approx(1.0, abs=0.2), "a click into the waveform goes there"
        assert heard["seconds"] > 1.5
        await browser.do("note_and_tag", note="asked for the invoice", tags="complaint, invoice")
        kept = next(one for one in await box.journeys() if one.id == answered.id)
        assert [one.text for one in kept.notes] == ["asked for the invoice"]
        assert kept.tags == ["complaint", "invoice"]

        exported = await browser.do("exports")
        assert exported["xlsx"]["head"].startswith("PK")
        assert exported["pdf"]["head"].startswith("%PDF")
        assert "<html" in exported["html"]["head"].lower()
        assert answered.id in exported["csv"]["head"]
        assert exported["calls-xlsx"]["head"].startswith("PK")
        behind = await browser.do("figure")
        assert "How it is counted" in behind["formula"]
        assert behind["rows"] == 2
