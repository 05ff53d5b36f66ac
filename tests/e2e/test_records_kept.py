"""What a call leaves, on the running box: counted, exported, held, backed up and restored in trial."""

from __future__ import annotations

import asyncio
import csv
import os
import time
from pathlib import Path

import pytest

from firmware.control.client import ControlClient, open_file
from firmware.control.cloud import CloudReply, GetCloud, GetMetrics, MetricsReply
from firmware.control.editing import SetFields
from firmware.control.reports import FigureCallsReply, GetFigureCalls, GetValues, ValuesReply
from firmware.control.storage import (
    BackingUpReply,
    BackUp,
    ExportCalls,
    ExportReply,
    GetStorage,
    HoldCall,
    HoldsReply,
    MakeOwnerKey,
    OwnerKeyReply,
    StorageReply,
)
from firmware.core.errors import UserError
from tests.e2e.box import Box

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]


async def test_a_call_is_counted_exported_held_and_backed_up(tmp_path: Path, prompts: Path) -> None:
    async with Box.running(tmp_path, prompts) as box:
        caller = await box.calls("13800138000")
        await asyncio.sleep(3.0)
        await caller.hang_up()
        journey = await box.journey()
        async with ControlClient(box.paths.control_socket) as switch:
            now_ms = int(time.time() * 1000)
            since, until = now_ms - 3_600_000, now_ms + 3_600_000
            asked = GetValues(since_ms=since, until_ms=until, figures=("calls_in",))
            values = await switch.ask(asked, ValuesReply)
            assert values.rows[0].values[0].value == 1
            counted = GetFigureCalls(since_ms=since, until_ms=until, figure="calls_in")
            behind = await switch.ask(counted, FigureCallsReply)
            assert [call.id for call in behind.calls] == [journey.id]
            held = await switch.ask(HoldCall(call=journey.id, reason="a dispute"), HoldsReply)
            assert [hold.reason for hold in held.holds] == ["a dispute"]
            assert "zongji_calls_total 1" in (await switch.ask(GetMetrics(), MetricsReply)).text
            assert (await switch.ask(GetCloud(), CloudReply)).way == "off"

            with pytest.raises(UserError, match=r"backup\.to"):
                await switch.ask(BackUp(), BackingUpReply)
            key = await switch.ask(MakeOwnerKey(by="test"), OwnerKeyReply)
            assert key.private.startswith("AGE-SECRET-KEY-1")
            # A stick that isn't in: the box must say so and touch nothing.
            edits = [SetFields("backup", {"to": "folder", "folder": str(tmp_path / "stick")})]
            await switch.change_settings(list(edits), "test")
            async with asyncio.timeout(60):
                while (fault := (await switch.ask(GetStorage(), StorageReply)).backup.fault) is None:
                    await asyncio.sleep(0.3)
            assert "no stick is in" in fault
        opened = open_file(box.paths.control_socket, ExportCalls(language="en"), ExportReply)
        with os.fdopen(opened.descriptor, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["id"] for row in rows] == [journey.id]
        assert rows[0]["caller"] == "13800138000"
