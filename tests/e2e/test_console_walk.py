"""An installer at the serial console of the running box looks around and does the acceptance test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.core.paths import StatePaths
from firmware.self_care.sheet import verify
from hal.fake.network import PartyScript
from tests.console.person import Person
from tests.e2e.box import Box

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

CALLER = "13800138000"
MOBILE = "13900139000"


@dataclass(frozen=True)
class Place:
    """Where the installer's cable ends."""

    paths: StatePaths
    steward_socket: Path


@contextlib.asynccontextmanager
async def installer(box: Box) -> AsyncIterator[Person]:
    """Somebody logged in at the console of a box whose steward only pretends."""
    place = Place(box.paths, box.folder / "steward.sock")
    words = ["-m", "firmware.steward", "--state", str(box.paths.root), "--pretend", str(box.folder / "host")]
    steward = await asyncio.create_subprocess_exec(
        sys.executable, *words, env={**os.environ, "ZONGJI_STEWARD": str(place.steward_socket)}
    )
    try:
        await box.until(place.steward_socket.exists)
        with Person(place, dumb=False) as person:
            await asyncio.to_thread(person.logs_in, "en", first=True)
            yield person
    finally:
        steward.terminate()
        await steward.wait()


async def test_the_installer_measures_a_line_and_hands_over_a_signed_sheet(box: Box) -> None:
    async with installer(box) as person:

        async def types(*lines: str) -> None:
            for line in lines:
                await asyncio.to_thread(person.types, line)

        async def sees(*texts: str) -> None:
            await asyncio.to_thread(person.sees, *texts)

        await types("1")
        await sees("ZONGJI TEST NET", "Nothing needs your attention.")
        await types("", "2", "1")
        await sees("gsm1: ready", "power", "SIM", "signal", "registration")
        assert "BAD" not in person.picture()
        await types("", "0", "3")
        await sees("Installer's name")
        await types("Li Lei", "Wang & Sons")
        await sees("Inbound call", "Make the signed sheet")

        await types("1")
        await sees("Enter begins")
        await types("")
        await sees("measuring")
        caller = await box.calls(CALLER)
        await sees("passed")
        await types("2")
        await sees("Number called from")
        await types("138 0013 8000")
        await sees(f"passed        {CALLER}")
        await types("3")
        await sees("Enter begins")
        await types("")
        await sees("measuring")
        await caller.hang_up()
        await sees("Hang-up             passed")
        await box.simulation.until_line_ready()
        script = PartyScript(play=("silence:6", "tone:440:-20"), loop=False)
        await box.world.set_number(MOBILE, "answers", 1.0, script)
        await types("4")
        await sees("Number to call")
        await types(MOBILE)
        await asyncio.to_thread(person.sees, "Gain                passed", within_s=40)
        assert "Echo                passed" in person.picture()
        await types("9")
        await sees(".html is in", ".pdf is in")

    (page,) = (box.paths.root / "console/sheets").glob("*.html")
    sheet, _ = verify(page.read_text("utf-8"))
    assert (sheet.installer, sheet.customer, sheet.line) == ("Li Lei", "Wang & Sons", "gsm1")
    results = {line.step: line.status for line in sheet.lines}
    measured = ("inbound", "caller_id", "hang_up", "outbound", "echo", "gain")
    assert {step: results[step] for step in measured} == dict.fromkeys(measured, "passed")
    assert all(line.figure for line in sheet.lines if line.step in measured)
    (paper,) = (box.paths.root / "console/sheets").glob("*.pdf")
    assert paper.read_bytes().startswith(b"%PDF-")
