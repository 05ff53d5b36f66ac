"""An installer teaches the box a private exchange's own busy tone, by its sound: ring in, hang up, learn."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from firmware.core.causes import Side
from firmware.core.leg import Direction
from firmware.core.records import Journey
from hal.fake.control import World
from hal.fake.network import PartyScript
from tests.e2e.box import Box, dump
from tests.e2e.test_every_line import EVERY_KIND

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]
LINES = {
    "pstn1": {"busy_tone": "own", "says_busy": ""},
    "pstn2": {"busy_tone": "own", "opens_loop": ""},
}
"""And what their exchange is like: it tells of a hang-up by a tone alone, which nobody knows."""


async def test_a_hang_up_that_only_an_unknown_tone_tells_of_is_learned(tmp_path: Path, prompts: Path) -> None:
    async with Box.running(tmp_path, prompts, None, EVERY_KIND) as box:
        for place, (line, habits) in enumerate(LINES.items()):
            async with World(box.simulation.socket_of(line)) as world:
                for name, value in habits.items():
                    await world.set_quirk(name, value)
                await calls_and_hangs_up(world)
                await asyncio.sleep(5)
                assert (await world.state())["audio"] is True, "nothing has told of the hang-up yet"
                for _ in range(3):
                    # A busy computer's gaps are no part of a tone; who is told to try again does.
                    said, code = await doctor(box, "--learn", line)
                    if code == 0:
                        break
                assert (code, said.startswith(f"{line}: learned and stored: 4")) == (0, True), said
                hertz, on, off = map(int, re.findall(r"\d+", said.partition("stored: ")[2]))
                assert abs(hertz - 450) < 5 and abs(on - 250) < 30 and abs(off - 250) < 30, said
                assert_hung_up(await box.journey(2 * place + 1), line)
                await asyncio.sleep(2)  # An exchange rings nobody whose hang-up it has not noticed.
                await calls_and_hangs_up(world)
                assert_hung_up(await box.journey(2 * place + 2), line)
                said, code = await doctor(box, line)
                assert code == 0 and "hang-up is noticed" in said and "busy tone, learned" in said, said


async def calls_and_hangs_up(world: World) -> None:
    caller = await world.call(PartyScript("13800138000", hang_up_after=2.0))
    await caller.ended()


def assert_hung_up(journey: Journey, line: str) -> None:
    (leg,) = [leg for leg in journey.legs if leg.direction is Direction.INCOMING]
    assert (leg.address, leg.ended_by, leg.detail) == (line, Side.THEM, "busy tone"), dump(journey)


async def doctor(box: Box, *words: str) -> tuple[str, int | None]:
    """Return what `zongji doctor` prints, and its exit code."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "firmware.cli",
        "doctor",
        *words,
        "--state",
        str(box.paths.root),
        "--lang",
        "en",
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return said.decode(), process.returncode
