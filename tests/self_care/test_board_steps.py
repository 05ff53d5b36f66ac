"""The steps of the acceptance test that a HAT does, on the board's real code in virtual time."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from firmware.app.board_tests import steps_of
from firmware.app.parts import Parts
from tests.hal.board_bench import HandsetBench

pytestmark = pytest.mark.looptime


def parts(bench: HandsetBench, calls: int = 0) -> Parts:
    """Return what the steps need of a box."""
    box: Any = SimpleNamespace(
        trunks=SimpleNamespace(lines=(bench.line,)), exchange=SimpleNamespace(live=lambda: [None] * calls)
    )
    return cast("Parts", box)


async def test_a_handset_that_is_lifted_and_put_back_passes() -> None:
    bench = HandsetBench()
    await bench.begin()
    await asyncio.sleep(5)
    step = asyncio.ensure_future(steps_of(parts(bench))["handset"]())
    await asyncio.sleep(1)
    bench.telephone.lift()
    await asyncio.sleep(2)
    bench.telephone.put_back()
    result = await step
    assert result.status == "passed"
    assert float(result.figure.split()[0]) == pytest.approx(2.5, abs=0.6), (
        "a hang-up counts after the time of a flash"
    )
    await bench.end()


async def test_a_handset_that_nobody_lifts_fails() -> None:
    bench = HandsetBench()
    await bench.begin()
    await asyncio.sleep(5)
    assert (await steps_of(parts(bench))["handset"]()).status == "failed"
    await bench.end()


async def test_the_relay_falls_without_heartbeat_and_comes_back() -> None:
    bench = HandsetBench()
    await bench.begin()
    await asyncio.sleep(5)
    result = await steps_of(parts(bench))["power_fail"]()
    assert result.status == "passed"
    assert 2.5 <= float(result.figure.split()[0]) <= 4.0
    await bench.end()


async def test_the_relay_is_not_tried_while_people_talk() -> None:
    bench = HandsetBench()
    await bench.begin()
    await asyncio.sleep(5)
    assert (await steps_of(parts(bench, calls=1))["power_fail"]()).status == "failed"
    await bench.end()


def test_a_box_without_a_hat_has_no_such_steps() -> None:
    box: Any = SimpleNamespace(trunks=SimpleNamespace(lines=()))
    assert steps_of(cast("Parts", box)) == {}
