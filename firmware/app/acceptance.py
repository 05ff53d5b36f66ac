"""The acceptance test on the running box: watches the calls that the installer makes, measures, judges.

The first three steps are one inbound call: it arrives (answer time), it stays (caller id), it is hung up
(time until the line is free). The next three are one outbound test call.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import importlib.metadata
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec

from firmware.app.board_tests import steps_of
from firmware.app.line_test import LineTest
from firmware.app.parts import Parts
from firmware.control.acceptance import (
    AcceptanceReply,
    AskAcceptance,
    BeginAcceptance,
    GetSheet,
    Measure,
    SheetReply,
    SkipStep,
    StepNow,
)
from firmware.control.base import BaseReply, OpenedFile
from firmware.control.line_care import AskTestCall, BeginTestCall
from firmware.core.errors import DeviceError, UserError
from firmware.core.leg import Direction, Leg, LegEnded
from firmware.self_care import acceptance as rules
from firmware.self_care.acceptance import Result

_ARRIVE_S: Final = 120.0
"""For the installer to ring."""
_ANSWER_S: Final = 30.0
_FREE_S: Final = 15.0
_LOOK_S: Final = 0.05
_PDF_S: Final = 60.0
_DRAW: Final = (
    "import sys, weasyprint; sys.stdout.buffer.write(weasyprint.HTML(string=sys.stdin.read()).write_pdf())"
)


class Acceptance:
    """One box's acceptance test.

    Args:
        parts: The running parts.
        test: Makes the outbound call.
        fitted: Steps of boards, each a coroutine that measures; steps without one aren't fitted.
    """

    def __init__(
        self, parts: Parts, test: LineTest, fitted: dict[str, Callable[[], Awaitable[Result]]] | None = None
    ) -> None:
        self._parts = parts
        self._test = test
        self._fitted = fitted or {}
        self._begun = BeginAcceptance(line="", installer="")
        self._results: dict[str, Result] = {}
        self._inbound: Leg | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self, request: BeginAcceptance) -> BaseReply:
        """Begin anew.

        Raises:
            UserError: There is no such line, or nobody signs.
        """
        if request.line not in (line.name for line in self._parts.trunks.lines):
            raise UserError(f"There is no line {request.line}. / 没有线路 {request.line}。")
        if not request.installer.strip():
            raise UserError("Who installs? The sheet needs a name. / 请填写安装人员姓名。")
        await self.stop()
        self._begun = request
        self._inbound = None
        self._results = {
            step.name: Result(
                status="not fitted"
                if step.name in ("handset", "power_fail") and step.name not in self._fitted
                else "waiting"
            )
            for step in rules.STEPS
        }
        return self._reply()

    async def measure(self, request: Measure) -> BaseReply:
        """Begin to measure a step.

        Raises:
            UserError: It can't be measured now; the text says what comes first.
        """
        if not self._results:
            raise UserError("Begin the acceptance test first. / 请先开始验收测试。")
        if request.step not in self._results:
            raise UserError(f"There is no step {request.step}. / 没有该步骤。")
        if self._results[request.step].status == "not fitted":
            raise UserError("This box doesn't have that. / 本设备未安装该部件。")
        if self._task is not None and not self._task.done():
            raise UserError("Another step is being measured; wait for it. / 正在测量其他步骤。")
        if request.step in ("caller_id", "hang_up") and self._inbound is None:
            raise UserError("Measure the inbound call first, and stay in it. / 请先测量呼入并保持通话。")
        step = "outbound" if request.step in ("echo", "gain") else request.step
        if step == "outbound":
            await self._test.begin(
                _checked(BeginTestCall(number=request.value or "-", line=self._begun.line, seconds=12))
            )
        self._results[step] = Result(status="measuring")
        self._task = asyncio.create_task(self._run(step, request.value), name=f"acceptance {step}")
        return self._reply()

    async def skip(self, request: SkipStep) -> BaseReply:
        """Leave a step out; the sheet says so."""
        if request.step not in self._results:
            raise UserError(f"There is no step {request.step}. / 没有该步骤。")
        self._results[request.step] = Result(status="skipped", figure=request.why)
        return self._reply()

    async def ask(self, _: AskAcceptance) -> BaseReply:
        """Answer how it stands."""
        return self._reply()

    async def sheet(self, request: GetSheet) -> OpenedFile[BaseReply]:
        """Return the signed sheet as an open file.

        Raises:
            UserError: Nothing was begun.
            DeviceError: It can't be made.
        """
        if not self._results:
            raise UserError("Begin the acceptance test first. / 请先开始验收测试。")
        page = await asyncio.to_thread(self._page, request.language)
        content, kind = page.encode(), "text/html"
        if request.format == "pdf":
            content, kind = await _as_pdf(page), "application/pdf"
        folder = self._parts.paths.root / "acceptance"
        descriptor = await asyncio.to_thread(_unnamed, folder, content)
        name = f"acceptance-{self._begun.line}-{self._today():%Y%m%d}.{request.format}"
        return OpenedFile(SheetReply(name=name, media_type=kind, size=len(content)), descriptor)

    async def stop(self) -> None:
        """Measure nothing any more. Repeatable."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # Measuring

    async def _run(self, step: str, value: str) -> None:
        try:
            match step:
                case "inbound":
                    self._results[step] = await self._measure_inbound()
                case "caller_id":
                    shown = None if self._inbound is None else self._inbound.party.number
                    self._results[step] = rules.judge_caller_id(shown, value)
                case "hang_up":
                    self._results[step] = await self._measure_hang_up()
                case "outbound":
                    await self._measure_outbound()
                case _:
                    self._results[step] = await self._fitted[step]()
        finally:
            if self._results[step].status == "measuring":
                self._results[step] = Result(status="failed", figure="–")

    async def _measure_inbound(self) -> Result:
        leg = await self._arrival()
        if leg is None:
            return rules.judge_inbound(None)
        arrived = time.monotonic()
        try:
            async with asyncio.timeout(_ANSWER_S):
                await leg.answered()
        except (TimeoutError, LegEnded):
            return rules.judge_inbound(None)
        self._inbound = leg
        return rules.judge_inbound(time.monotonic() - arrived)

    async def _arrival(self) -> Leg | None:
        """Return the leg of the next call on the line; of one that runs already, if it does."""
        until = time.monotonic() + _ARRIVE_S
        while time.monotonic() < until:
            for call in self._parts.exchange.calls():
                leg = call.caller
                if leg.address == self._begun.line and leg.direction is Direction.INCOMING:
                    return leg
            await asyncio.sleep(_LOOK_S)
        return None

    async def _measure_hang_up(self) -> Result:
        began = time.monotonic()
        leg = self._inbound
        if leg is None:
            return rules.judge_hang_up(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FREE_S):
                await leg.ended()
        self._inbound = None
        return rules.judge_hang_up(time.monotonic() - began if leg.ending is not None else None)

    async def _measure_outbound(self) -> None:
        for step in ("echo", "gain"):
            self._results[step] = Result(status="measuring")
        while True:
            state = await self._test.state(AskTestCall())
            if state.state == "ended":
                break
            await asyncio.sleep(4 * _LOOK_S)
        self._results["echo"] = rules.judge_echo(state.echo_db)
        self._results["gain"] = rules.judge_gain(state.heard_dbm0)
        self._results["outbound"] = rules.judge_outbound(state.answered_ms, state.ending)

    # Telling

    def _today(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self._parts.clock.now().wall_ms / 1000).astimezone()

    def _passed(self) -> bool:
        return bool(self._results) and all(
            one.status in ("passed", "not fitted") for one in self._results.values()
        )

    def _reply(self) -> AcceptanceReply:
        return AcceptanceReply(
            line=self._begun.line,
            installer=self._begun.installer,
            customer=self._begun.customer,
            steps=[
                StepNow(
                    step=step.name,
                    status=self._results[step.name].status,
                    figure=self._results[step.name].figure,
                    limit=step.limit,
                    title_zh=step.title[0],
                    title_en=step.title[1],
                    hint_zh=step.hint[0],
                    hint_en=step.hint[1],
                    asks_zh=step.asks[0],
                    asks_en=step.asks[1],
                )
                for step in rules.STEPS
                if step.name in self._results
            ],
            passed=self._passed(),
        )

    def _page(self, language: str) -> str:
        # Templates and keys are wanted once in a box's life; its start doesn't wait for them.
        from firmware.self_care.sheet import Line, Sheet, box_key, render

        sheet = Sheet(
            office=self._parts.settings.current.office.name,
            installer=self._begun.installer,
            customer=self._begun.customer,
            line=self._begun.line,
            version=importlib.metadata.version("zongji"),
            made_at=self._today().isoformat(timespec="seconds"),
            passed=self._passed(),
            lines=tuple(
                Line(
                    step=step.name,
                    status=self._results[step.name].status,
                    figure=self._results[step.name].figure,
                    limit=step.limit,
                )
                for step in rules.STEPS
            ),
        )
        return render(sheet, box_key(self._parts.paths.root / "acceptance" / "box.key"), language)


def _checked(request: BeginTestCall) -> BeginTestCall:
    try:
        return msgspec.convert(msgspec.structs.asdict(request), BeginTestCall)
    except msgspec.ValidationError:
        raise UserError("Type the number to call, digits only. / 请输入要呼叫的号码（仅数字）。") from None


async def _as_pdf(page: str) -> bytes:
    """Have another process draw it, so that its memory goes with it.

    Raises:
        DeviceError: It can't.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _DRAW,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    try:
        async with asyncio.timeout(_PDF_S):
            content, _ = await process.communicate(page.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise DeviceError("the sheet could not be drawn in time") from None
    if process.returncode != 0 or not content.startswith(b"%PDF"):
        raise DeviceError("the sheet could not be drawn as PDF; take it as HTML")
    return content


def _unnamed(folder: Path, content: bytes) -> int:
    """Return a descriptor of a file that is gone once it is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(content)
        file.flush()
        file.seek(0)
        return os.dup(file.fileno())


async def start(parts: Parts, running: AsyncExitStack, test: LineTest) -> None:
    """Answer about the acceptance test."""
    one = Acceptance(parts, test, steps_of(parts))
    on = parts.answers.on
    on(BeginAcceptance, one.begin)
    on(Measure, one.measure)
    on(SkipStep, one.skip)
    on(AskAcceptance, one.ask)
    parts.answers.on_file(GetSheet, one.sheet)
    running.push_async_callback(one.stop)
