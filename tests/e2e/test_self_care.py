"""The running box looks after itself, ends in time, and is measured for its customer."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from firmware.control.acceptance import (
    AcceptanceReply,
    AskAcceptance,
    BeginAcceptance,
    GetSheet,
    Measure,
    SheetReply,
    SkipStep,
)
from firmware.control.base import BaseRequest
from firmware.control.care import CareReply, GetCare, LeaveSafeMode, LeavingReply, TestCall, TestCallReply
from firmware.control.client import ControlClient, NoSwitch, open_file
from firmware.control.line_care import (
    CheckLines,
    GivePin,
    LevelsReply,
    LineCareDone,
    LinesReply,
    SetGain,
    WatchLevels,
)
from firmware.control.lines import ServiceChanged, SetService
from firmware.core.errors import UserError
from firmware.core.records import Outcome
from firmware.self_care.sheet import verify
from firmware.trunks.sound import SILENCE_DBM0
from hal.fake.network import PartyScript
from tests.e2e.box import Box, dump

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(120)]

MOBILE = "13900139000"


def pid_of(box: Box, name: str) -> int:
    child = {"switch": box.simulation.switch, "web": box.simulation.web}[name]
    assert child is not None
    assert child.pid is not None
    return child.pid


async def gone(pid: int) -> float:
    """Ask a process to end; return how long it took, seconds."""
    began = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    while Path(f"/proc/{pid}").exists() and b"Z" not in _state(pid):
        assert time.monotonic() - began < 20, "it does not end"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


def _state(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return b"Z"


async def test_asked_to_end_in_mid_call_the_switch_writes_the_record_and_is_gone_in_three_seconds(
    box: Box,
) -> None:
    await box.phone("101", auto_answer=True)
    await box.talking()
    await asyncio.sleep(2)
    processes = {process.name: process.pid for process in (await box.status()).processes}
    # The simulation starts another switch at once, as systemd would; the record is read from that one.
    took = await gone(processes["switch"])
    assert took < 3.0
    assert not Path(f"/proc/{processes['media']}").exists() or b"Z" in _state(processes["media"])
    journey = await box.journey()
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert journey.duration_ms is not None
    assert journey.recordings[0].complete, dump(journey)
    assert journey.hung_up_by


@pytest.mark.parametrize("words", [["web_admin", "--port", "0"], ["firmware.console"], ["firmware.steward"]])
async def test_asked_to_end_every_other_process_is_gone_in_three_seconds_too(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZONGJI_STEWARD", str(tmp_path / "steward.sock"))
    reader, writer = os.pipe()
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        words[0],
        "--state",
        str(tmp_path),
        *words[1:],
        stdin=reader,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await asyncio.sleep(4)
    assert child.returncode is None, "it did not even start"
    began = time.monotonic()
    child.terminate()
    await asyncio.wait_for(child.wait(), 20)
    os.close(reader)
    os.close(writer)
    assert time.monotonic() - began < 3.0


async def test_the_box_calls_itself_without_a_trace_in_the_records(box: Box) -> None:
    async with ControlClient(box.paths.control_socket) as switch:
        reply = await switch.ask(TestCall(), TestCallReply)
    assert reply.ok, reply.detail
    assert reply.heard_ms is not None
    assert reply.heard_ms < 2000
    assert await box.journeys() == []


async def test_after_three_crashes_only_pages_and_console_run_until_somebody_says_so(box: Box) -> None:
    for _ in range(3):
        os.kill((await box.status()).processes[0].pid, signal.SIGKILL)
        await asyncio.sleep(0.5)
        await box.until(lambda: _answers(box))
    async with ControlClient(box.paths.control_socket) as switch:
        assert (await switch.ask(GetCare(), CareReply)).safe_mode
        status = await switch.status()
        assert status.lines == []
        assert "safe mode" in str(status.faults[0])
        assert (await switch.settings()).people
        await switch.ask(LeaveSafeMode(), LeavingReply)
    await asyncio.sleep(0.5)
    await box.until(lambda: _answers(box))
    await box.simulation.until_line_ready()


async def _answers(box: Box) -> bool:
    try:
        await box.status()
    except NoSwitch:
        return False
    return True


async def test_an_installer_sees_to_a_line(box: Box) -> None:
    async with ControlClient(box.paths.control_socket) as switch:
        (line,) = (await switch.ask(CheckLines(), LinesReply)).lines
        assert [verdict.step for verdict in line.verdicts][:3] == ["power", "sim", "signal"]
        assert all(verdict.fine is not False for verdict in line.verdicts), line
        await switch.ask(SetGain(line="gsm1", gain_db=-6.0, by="test"), LineCareDone)
        await switch.ask(GivePin(line="gsm1", pin="1234", by="installer"), LineCareDone)
        await switch.ask(SetService(line="gsm1", in_service=False, by="owner"), ServiceChanged)
        await switch.ask(SetService(line="gsm1", in_service=True, by="owner"), ServiceChanged)
        assert [one.by for one in await switch.history()][:4] == ["owner", "owner", "installer", "test"]
        with pytest.raises(UserError, match="There is no line gsm9"):
            await switch.ask(SetGain(line="gsm9", gain_db=0, by="test"), LineCareDone)
    await box.phone("101", auto_answer=True)
    await box.talking()
    before = SILENCE_DBM0
    async with ControlClient(box.paths.control_socket) as switch:
        async for picture in switch.follow(WatchLevels(), LevelsReply):
            now = picture.levels[0].input_dbm0 if picture.levels else SILENCE_DBM0
            # The first reading may be half of something else: keys, silence.
            if now > -60 and abs(now - before) < 0.5:
                break
            before = now
    (level,) = picture.levels
    # The caller sings at -15 dBm0, heard 6 dB weaker.
    assert level.line == "gsm1"
    assert level.input_dbm0 == pytest.approx(-21, abs=1.5)


async def test_the_acceptance_test_is_walked_through_and_its_sheet_verifies(box: Box) -> None:
    async with ControlClient(box.paths.control_socket) as switch:

        async def ask(request: BaseRequest) -> AcceptanceReply:
            return await switch.ask(request, AcceptanceReply)

        async def measured(step: str, value: str = "") -> str:
            now = await ask(Measure(step=step, value=value))
            while any(one.status == "measuring" for one in now.steps):
                await asyncio.sleep(0.2)
                now = await ask(AskAcceptance())
            found = next(one for one in now.steps if one.step == step)
            return f"{found.status} {found.figure}"

        with pytest.raises(UserError, match="Begin the acceptance test first"):
            await ask(Measure(step="inbound"))
        await ask(BeginAcceptance(line="gsm1", installer="Li Lei", customer="Wang & <Sons>"))
        with pytest.raises(UserError, match="inbound call first"):
            await ask(Measure(step="hang_up"))
        caller = await box.calls("13800138000")
        assert (await measured("inbound")).startswith("passed")
        assert (await measured("caller_id", "13900000000")).startswith("failed")
        assert await measured("caller_id", "138 0013 8000") == "passed 13800138000"
        await caller.hang_up()
        assert (await measured("hang_up")).startswith("passed")
        await box.simulation.until_line_ready()
        script = PartyScript(play=("silence:6", "tone:440:-20"), loop=False)
        await box.world.set_number(MOBILE, "answers", 1.0, script)
        assert (await measured("outbound", MOBILE)).startswith("passed")
        now = await ask(AskAcceptance())
        figures = {one.step: one for one in now.steps}
        assert figures["echo"].status == "passed", figures["echo"]
        assert figures["gain"].status == "passed", figures["gain"]
        assert figures["gain"].figure.startswith(("-19", "-20", "-21"))
        for name in ("handset", "power_fail"):
            if figures[name].status == "waiting":
                now = await ask(SkipStep(step=name, why="no handset"))
    opened = await asyncio.to_thread(
        open_file, box.paths.control_socket, GetSheet(format="html", language="zh"), SheetReply
    )
    with os.fdopen(opened.descriptor, "rb") as file:
        page = file.read().decode()
    sheet, fingerprint = verify(page)
    assert (sheet.installer, sheet.customer, sheet.line) == ("Li Lei", "Wang & <Sons>", "gsm1")
    assert fingerprint in page
    pdf = await asyncio.to_thread(open_file, box.paths.control_socket, GetSheet(format="pdf"), SheetReply)
    with os.fdopen(pdf.descriptor, "rb") as file:
        assert file.read(5) == b"%PDF-"
