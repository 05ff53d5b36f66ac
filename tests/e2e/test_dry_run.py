"""An admin asks the running box where calls would go, and nothing is dialled."""

from __future__ import annotations

import asyncio
import base64
import sys

import pytest

from firmware.control.client import ControlClient
from firmware.control.editing import GetHistory, HistoryReply
from firmware.control.routing import (
    AgentAct,
    CheckEmergency,
    CodesReply,
    ExplainReply,
    ExportPeople,
    ExportReply,
    ImportPeople,
    ImportReply,
    ListCodes,
    ListQueues,
    QueuesReply,
)
from firmware.core.errors import UserError
from firmware.core.trace import in_language
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


async def test_people_queues_and_codes_are_served_over_the_socket(box: Box) -> None:
    table = "分机,姓名,手机\n101,前台,13800138000\n104,张伟,\n".encode("gbk")
    async with ControlClient(box.paths.control_socket) as switch:
        halves = [base64.b64encode(part).decode() for part in (table[:20], table[20:])]
        first = ImportPeople(upload="a", data=halves[0], last=False)
        assert (await switch.ask(first, ImportReply)).added == ()
        taken = await switch.ask(ImportPeople(upload="a", data=halves[1], last=True), ImportReply)
        assert (taken.added, taken.changed, taken.errors) == (("104",), ("101",), ())
        (newest,) = (await switch.ask(GetHistory(limit=1), HistoryReply)).entries
        assert newest.by == "CSV import"
        bad = base64.b64encode(b"number,name\n105,a\n1101,b\n").decode()
        refused = await switch.ask(ImportPeople(upload="b", data=bad, last=True), ImportReply)
        assert [one.line for one in refused.errors] == [3]
        exported = await switch.ask(ExportPeople(encoding="gbk"), ExportReply)
        assert "张伟" in base64.b64decode(exported.data).decode("gbk")
        assert "105" not in base64.b64decode(exported.data).decode("gbk")
        codes = await switch.ask(ListCodes(), CodesReply)
        assert ("*78", "开启免打扰") in [(one.code, one.zh) for one in codes.codes]
        assert codes.slots[0] == "701"
        assert (await switch.ask(ListQueues(), QueuesReply)).queues == []
        with pytest.raises(UserError, match="no queue"):
            await switch.ask(AgentAct(agent="101", act="sign in"), QueuesReply)
        path = await switch.ask(CheckEmergency(), ExplainReply)
        assert in_language(path.steps[-1], "zh-CN").startswith("1. gsm1（可用）将拨")
