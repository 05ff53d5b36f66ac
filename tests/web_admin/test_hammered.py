"""Calls don't notice what the pages have to do: ticks of the real media process, quiet and under a hammer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.web_bench import hammered
from tests.bench.web_box import WebBox

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

_CALLS_BEFORE = 3000
_NOISE_MS = 1.0
"""By how much the lateness of two quiet minutes on a busy machine differs."""

_FEWEST_ANSWERS_A_SECOND = 2.0


async def test_ticks_are_as_punctual_while_the_pages_are_hammered(tmp_path: Path) -> None:
    async with WebBox.running(tmp_path, _CALLS_BEFORE) as box:
        figures = await hammered(box)
    assert figures["answers_per_s"] > _FEWEST_ANSWERS_A_SECOND, "that was no hammer"
    assert figures["hammered_p99_ms"] <= 1.5 * figures["quiet_p99_ms"] + _NOISE_MS, figures
