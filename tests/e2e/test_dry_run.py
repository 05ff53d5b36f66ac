"""An admin asks the running box where calls would go, and nothing is dialled."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.e2e.box import Box

pytestmark = pytest.mark.e2e


async def _zongji(box: Box, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "firmware.cli",
        *arguments,
        "--state",
        str(box.paths.root),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out.decode()


async def test_the_dry_run_says_what_would_happen(box: Box) -> None:
    said = await _zongji(
        box, "route", "--at", "2026-11-22 21:05", "--from", "13800138000", "--line", "gsm1", "--lang", "en"
    )
    assert said.splitlines()[0] == "Sunday 21:05, open: 13800138000 on gsm1"
    assert "no rule fits: reception" in said
    chinese = await _zongji(box, "route", "--from", "13800138000", "--lang", "zh")
    assert "没有规则匹配" in chinese
    dialled = await _zongji(box, "route", "--dial", "110", "--as", "101", "--lang", "en")
    assert "1. gsm1 (ready) would dial 110" in dialled
    inside = await _zongji(box, "route", "--dial", "102", "--as", "101", "--lang", "en")
    assert "102: 102, rings for 25 s" in inside
    assert await box.journeys() == []
