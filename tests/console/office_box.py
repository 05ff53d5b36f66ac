"""A box for the console to look at: a control socket and a steward in a thread, with answers made up here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
from firmware.control.access import AllowPasswordReset, PasswordResetReply
from firmware.control.answers import Answers
from firmware.control.base import BaseReply, BaseRequest, OpenedFile
from firmware.control.care import CareReply, GetCare, LeaveSafeMode, LeavingReply, TestCall, TestCallReply
from firmware.control.editing import ChangedReply, ChangeSettings
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
from firmware.control.schema import (
    GetStatus,
    LineStatus,
    ListPhones,
    PhoneAccount,
    PhonesReply,
    ProcessStatus,
    StatusReply,
)
from firmware.control.server import ControlServer
from firmware.control.storage import BackingUpReply, BackUp, BackupStatus, GetStorage, StorageReply
from firmware.core.clock import Instant
from firmware.core.errors import UserError
from firmware.core.paths import StatePaths
from firmware.core.trace import Said
from firmware.steward.host import PretendHost
from firmware.steward.server import Server
from firmware.steward.steward import Steward
from firmware.steward.versions import PretendVersions

_PATIENCE_S = 15.0
"""For the thread to begin and to end, on a busy machine."""


class OfficeBox:
    """A switch and a steward that answer what they are told to; every request is kept in `asked`."""

    def __init__(self, folder: Path) -> None:
        self.paths = StatePaths(folder / "state")
        self.paths.ensure()
        self.steward_socket = folder / "steward.sock"
        self.host = PretendHost(folder / "host")
        (self.host.root / "usr/share/zoneinfo/Asia").mkdir(parents=True)
        (self.host.root / "usr/share/zoneinfo/Asia/Shanghai").touch()
        self.asked: list[BaseRequest] = []
        self.faults: list[str | Said] = []
        self.people = {"101": "王芳 Wang Fang", "102": "李雷"}
        self.versions = PretendVersions()
        self.refuse: str | None = None
        self.steps = dict.fromkeys(("inbound", "caller_id"), "waiting")

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Serve both sockets for the length of the block, in a thread."""
        ready, stop = threading.Event(), threading.Event()

        async def serve() -> None:
            import socket

            control = ControlServer(self.paths.control_socket, self._answers())
            await control.start()
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(self.steward_socket))
            listener.listen(8)
            (self.paths.root / "uploads").mkdir(exist_ok=True)
            steward = Steward(self.host, self.paths.root, self.versions)
            serving = asyncio.create_task(Server(steward, listener).run(None))
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.05)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await control.close()

        thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        assert ready.wait(_PATIENCE_S)
        try:
            yield
        finally:
            stop.set()
            thread.join(_PATIENCE_S)

    def commands(self) -> list[str]:
        """Return what the steward ran, a line each."""
        return [" ".join(command) for command in self.host.history]

    def last(self, kind: type[BaseRequest]) -> Any:
        """Return the last request of a kind."""
        return next(one for one in reversed(self.asked) if isinstance(one, kind))

    def _answers(self) -> Answers:
        answers = Answers()

        def on(request: type[BaseRequest], reply: Any) -> None:
            async def answer(asked: BaseRequest) -> BaseReply:
                self.asked.append(asked)
                if self.refuse is not None:
                    raise UserError(self.refuse)
                found: BaseReply = reply(asked) if callable(reply) else reply
                return found

            answers.on(request, answer)

        now = Instant(wall_ms=1_795_300_000_000, mono_ms=0, boot_id="b", clock_set=True)
        on(
            GetStatus,
            lambda _: StatusReply(
                version="0.1.0",
                started=now,
                ready_ms=500,
                lines=[LineStatus("gsm1", "ready", "CHINA MOBILE, -71 dBm")],
                phones_registered=2,
                live_calls=1,
                processes=[ProcessStatus("switch", 1, 52_000), ProcessStatus("media", 2, 39_000)],
                media={},
                counters={},
                faults=self.faults,
            ),
        )
        on(
            GetCare,
            CareReply(card="mmcblk0p2", card_used_percent=31.0, card_free_mb=9000, card_life_tenths=2),
        )
        on(LeaveSafeMode, LeavingReply())
        on(TestCall, TestCallReply(ok=True, answer_ms=3, heard_ms=74))
        verdicts = [
            VerdictSaid(step="power", fine=True, zh="模块正常", en="the modem answers"),
            VerdictSaid(
                step="sim",
                fine=False,
                zh="SIM 卡要求输入 PIN 码",
                en="the SIM card asks for its PIN",
                remedy_zh="输入 PIN 码",
                remedy_en="Enter the PIN",
            ),
            VerdictSaid(step="signal", fine=None, zh="尚未检查", en="not examined"),
        ]
        on(
            CheckLines,
            LinesReply(
                lines=[
                    LineChecked(
                        name="gsm1",
                        state="starting",
                        detail="SIM asks for its PIN",
                        verdicts=verdicts,
                        takes_pin=True,
                        gain_db=1.5,
                    )
                ]
            ),
        )
        for request in (GivePin, SetGain, ForgetBusyTone):
            on(request, LineCareDone())
        on(LearnBusyTone, LineCareDone(text="450 Hz, 350/350 ms"))
        on(BeginTestCall, lambda asked: TestCallState(state="dialling", number=asked.number, line="gsm1"))
        done = TestCallState(
            state="ended", number="10086", line="gsm1", answered_ms=4200, heard_dbm0=-18.5, echo_db=31.0
        )
        on(AskTestCall, done)
        on(EndTestCall, done)
        on(ListPhones, lambda _: PhonesReply(phones=self._phones()))
        on(ChangeSettings, ChangedReply(revision=2, changes=[]))
        on(AllowPasswordReset, PasswordResetReply(seconds=600))
        on(
            GetStorage,
            lambda _: StorageReply(
                level="ok",
                total_bytes=32 * 2**30,
                used_bytes=8 * 2**30,
                database_bytes=40 * 2**20,
                waiting=0,
                lost=0,
                fault=None,
                sealed=10,
                archived=0,
                removed=0,
                archive="none",
                encrypted=False,
                readable=False,
                held=0,
                backup=self._backup(),
            ),
        )
        on(BackUp, BackingUpReply())
        on(
            AskAcceptance,
            lambda _: self._acceptance() if self.steps["inbound"] != "waiting" else AcceptanceReply(),
        )
        on(BeginAcceptance, lambda _: self._acceptance())
        on(Measure, lambda asked: self._acceptance(asked.step, "passed"))
        on(SkipStep, lambda asked: self._acceptance(asked.step, "skipped"))

        async def levels(_: WatchLevels) -> BaseReply:
            return LevelsReply(
                levels=[LevelNow(line="gsm1", input_dbm0=-20.0, peak_dbm0=-8.2, output_dbm0=-96.0)]
            )

        async def sheet(request: GetSheet) -> OpenedFile[BaseReply]:
            reader, writer = os.pipe()
            os.write(writer, b"<html>" if request.format == "html" else b"%PDF-1.7")
            os.close(writer)
            return OpenedFile(
                SheetReply(name=f"acceptance-gsm1.{request.format}", media_type="", size=6), reader
            )

        answers.on_watch(WatchLevels, levels)
        answers.on_file(GetSheet, sheet)
        return answers

    def _phones(self) -> list[PhoneAccount]:
        return [
            PhoneAccount(
                number=number,
                name=name,
                server="192.168.1.20:5060",
                secret="s3cretWord",  # noqa: S106
                algorithm="MD5",
                registered=number == "101",
            )
            for number, name in self.people.items()
        ]

    def _backup(self) -> BackupStatus:
        made = any(isinstance(one, BackUp) for one in self.asked)
        if made:
            (self.paths.root / "uploads" / "zongji-box.age").write_bytes(b"age")
        return BackupStatus(
            to="folder",
            last_ms=1 if made else None,
            last_name="zongji-box.age" if made else "",
            last_bytes=9000,
        )

    def _acceptance(self, step: str = "", status: str = "") -> AcceptanceReply:
        if step:
            self.steps[step] = status
        return AcceptanceReply(
            line="gsm1",
            installer="Li",
            steps=[
                msgspec.convert(
                    {
                        "step": name,
                        "status": now,
                        "figure": "1.2 s" if now == "passed" else "",
                        "limit": "≤ 6 s",
                        "title_zh": "呼入" if name == "inbound" else "来电显示",
                        "title_en": "Inbound call" if name == "inbound" else "Caller id",
                        "hint_zh": "用手机拨打本线路",
                        "hint_en": "Ring this line",
                        "asks_zh": "手机号码" if name == "caller_id" else "",
                        "asks_en": "Number called from" if name == "caller_id" else "",
                    },
                    StepNow,
                )
                for name, now in self.steps.items()
            ],
        )
