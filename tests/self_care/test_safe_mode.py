"""Safe mode: control socket, last good settings, and nothing that could fail again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from firmware.app.safe_mode import STAY_S, safe_mode
from firmware.control.care import CareReply, GetCare, LeaveSafeMode, LeavingReply
from firmware.control.client import ControlClient
from firmware.control.editing import SetFields
from firmware.core.paths import StatePaths
from firmware.core.trace.box import Box
from firmware.self_care.starts import Starts
from firmware.settings.document import Settings
from firmware.settings.store import SettingsStore


def named(settings: Settings, name: str) -> Settings:
    return msgspec.structs.replace(settings, office=msgspec.structs.replace(settings.office, name=name))


@pytest.fixture
async def paths(tmp_path: Path) -> StatePaths:
    """A box whose settings worked as "Good", and were changed to "Worse" since."""
    paths = StatePaths(tmp_path)
    paths.ensure()
    store = SettingsStore(paths.settings)
    store.open()
    await store.change(lambda settings: named(settings, "Good"))
    Starts(paths.starts, paths.settings).healthy()
    await store.change(lambda settings: named(settings, "Worse"))
    return paths


async def test_the_last_settings_that_worked_are_in_force_and_can_be_changed(paths: StatePaths) -> None:
    async with (
        safe_mode(paths, Starts(paths.starts, paths.settings)),
        ControlClient(paths.control_socket) as switch,
    ):
        assert (await switch.settings()).values["office"]["name"] == "Good"
        await switch.change_settings([SetFields("office", {"name": "Mended"})], "owner")
        assert (await switch.settings()).values["office"]["name"] == "Mended"
        assert (await switch.history())[0].by == "owner"
    assert "Worse" in paths.settings.with_name("settings-set-aside.json").read_text()


async def test_it_says_what_it_is_and_touches_neither_line_nor_phone(paths: StatePaths) -> None:
    async with (
        safe_mode(paths, Starts(paths.starts, paths.settings)),
        ControlClient(paths.control_socket) as switch,
    ):
        status = await switch.status()
        assert (status.lines, status.live_calls, status.faults) == ([], 0, [Box.SAFE_MODE()])
        assert [process.name for process in status.processes] == ["switch"], "no media, no coprocessor"
        care = await switch.ask(GetCare(), CareReply)
        assert care.safe_mode
        assert Box.SAFE_MODE() in care.troubles


async def test_it_ends_when_somebody_says_so(paths: StatePaths) -> None:
    async with safe_mode(paths, Starts(paths.starts, paths.settings)) as leave:
        async with ControlClient(paths.control_socket) as switch:
            assert not leave.is_set()
            await switch.ask(LeaveSafeMode(), LeavingReply)
        async with asyncio.timeout(10):
            await leave.wait()


@pytest.mark.looptime
async def test_it_ends_by_itself_because_what_was_wrong_may_have_passed(paths: StatePaths) -> None:
    async with safe_mode(paths, Starts(paths.starts, paths.settings)) as leave:
        await asyncio.sleep(STAY_S - 1)
        assert not leave.is_set()
        await asyncio.sleep(2)
        assert leave.is_set()
