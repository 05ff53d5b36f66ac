"""A box as an installer finds it: lines, an acceptance test, a steward that only pretends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

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
from firmware.control.answers import Answers
from firmware.control.base import BaseRequest, OpenedFile
from firmware.control.line_care import (
    AskTestCall,
    BeginTestCall,
    CheckLines,
    EndTestCall,
    ForgetBusyTone,
    GivePin,
    LearnBusyTone,
    LevelNow,
    LevelsReply,
    LineCareDone,
    LineChecked,
    LinesReply,
    SetGain,
    TestCallState,
    VerdictSaid,
    WatchLevels,
)
from firmware.control.lines import ServiceChanged, SetService
from firmware.core.errors import UserError
from firmware.self_care.acceptance import STEPS
from firmware.steward.host import PretendHost
from firmware.steward.server import Server
from firmware.steward.steward import Steward
from firmware.steward.versions import PretendVersions

LINE = LineChecked(
    name="gsm1",
    state="ready",
    detail="中国移动, -71 dBm",
    verdicts=[
        VerdictSaid(step="power", fine=True, zh="模块有响应", en="The modem answers"),
        VerdictSaid(
            step="sim",
            fine=False,
            zh="SIM 卡需要 PIN 码",
            en="The SIM asks for its PIN",
            remedy_zh="请输入 PIN 码",
            remedy_en="Give the PIN",
        ),
    ],
    takes_pin=True,
    gain_db=-3.0,
    busy_tone="450 Hz, 350/350 ms",
)


class FakeInstallation:
    """Lines and the acceptance test, from memory."""

    def __init__(self) -> None:
        self.asked: list[BaseRequest] = []
        self.refusal = ""
        self.call = TestCallState(state="none")
        self.begun: BeginAcceptance | None = None
        self.status: dict[str, str] = {}

    def answer(self, answers: Answers) -> None:
        """Add the answers."""
        answers.on(CheckLines, self._lines)
        for care in (GivePin, SetGain, LearnBusyTone, ForgetBusyTone):
            answers.on(care, self._cared)
        answers.on(SetService, self._service)
        answers.on_watch(WatchLevels, self._levels)
        answers.on(BeginTestCall, self._test)
        answers.on(AskTestCall, self._test_state)
        answers.on(EndTestCall, self._test_state)
        answers.on(AskAcceptance, self._acceptance)
        answers.on(BeginAcceptance, self._acceptance)
        answers.on(Measure, self._acceptance)
        answers.on(SkipStep, self._acceptance)
        answers.on_file(GetSheet, self._sheet)

    def last(self) -> BaseRequest:
        """Return what was asked last, without its number."""
        return msgspec.structs.replace(self.asked[-1], id=0)

    async def _lines(self, _: CheckLines) -> LinesReply:
        return LinesReply(lines=[LINE])

    async def _cared(self, request: BaseRequest) -> LineCareDone:
        self._note(request)
        return LineCareDone()

    async def _service(self, request: SetService) -> ServiceChanged:
        self._note(request)
        return ServiceChanged(line=request.line, in_service=request.in_service)

    async def _levels(self, _: WatchLevels) -> LevelsReply:
        return LevelsReply(
            levels=[LevelNow(line="gsm1", input_dbm0=-21.4, peak_dbm0=-12.0, output_dbm0=-18.0)]
        )

    async def _test(self, request: BeginTestCall) -> TestCallState:
        self._note(request)
        self.call = TestCallState(state="dialling", number=request.number, line="gsm1")
        return self.call

    async def _test_state(self, request: BaseRequest) -> TestCallState:
        if isinstance(request, EndTestCall):
            self._note(request)
            self.call = msgspec.structs.replace(self.call, state="ended", ending="NORMAL by us")
        return msgspec.structs.replace(self.call)

    async def _acceptance(self, request: BaseRequest) -> AcceptanceReply:
        match request:
            case BeginAcceptance():
                self._note(request)
                self.begun = request
                self.status = {one.name: "waiting" for one in STEPS} | {"handset": "not fitted"}
            case Measure(step=step):
                self._note(request)
                self.status[step] = "measuring"
            case SkipStep(step=step):
                self._note(request)
                self.status[step] = "skipped"
        if self.begun is None:
            return AcceptanceReply()
        steps = [
            msgspec.convert(
                {
                    "step": one.name,
                    "status": self.status[one.name],
                    "limit": one.limit,
                    "title_zh": one.title[0],
                    "title_en": one.title[1],
                    "hint_zh": one.hint[0],
                    "hint_en": one.hint[1],
                    "asks_zh": one.asks[0],
                    "asks_en": one.asks[1],
                },
                StepNow,
            )
            for one in STEPS
        ]
        begun = self.begun
        return AcceptanceReply(
            line=begun.line, installer=begun.installer, customer=begun.customer, steps=steps
        )

    async def _sheet(self, request: GetSheet) -> OpenedFile[SheetReply]:
        self._note(request)
        with tempfile.TemporaryFile() as file:
            file.write(b"<!doctype html>a sheet")
            file.flush()
            name = f"acceptance-gsm1.{request.format}"
            return OpenedFile(SheetReply(name=name, media_type="text/html", size=22), os.dup(file.fileno()))

    def _note(self, request: BaseRequest) -> None:
        self.asked.append(request)
        if self.refusal:
            raise UserError(self.refusal)


class FakeBox:
    """What the steward looks after."""

    def __init__(self, folder: Path) -> None:
        self.host = PretendHost(folder / "host")
        self.versions = PretendVersions()
        self.state = folder / "state"
        self.socket = folder / "steward.sock"


@contextlib.asynccontextmanager
async def steward_at(folder: Path) -> AsyncIterator[FakeBox]:
    """Serve a steward that touches nothing but `folder`, at FakeBox.socket."""
    box = FakeBox(folder)
    (box.state / "uploads").mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(box.socket))
    listener.listen(8)
    steward = Steward(box.host, box.state, box.versions)
    serving = asyncio.create_task(Server(steward, listener).run(None))
    try:
        yield box
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
