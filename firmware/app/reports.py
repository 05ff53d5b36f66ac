"""Figures for whoever asks over the control socket, and the month's report in the mail.

request ─► worker process, started when somebody asks, ended after a minute of silence ─► reply
first of the month, 7 o'clock ─► month's report as PDF and XLSX ─► mail
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from firmware.app.parts import Parts
from firmware.app.report_words import Answer, Asked, Office, Question
from firmware.control.base import BaseReply, OpenedFile
from firmware.control.reports import (
    GetFigureCalls,
    GetFigures,
    GetMonthReport,
    GetSizing,
    GetValues,
    MonthReportReply,
)
from firmware.core.errors import DeviceError, UserError

logger = logging.getLogger(__name__)

_SILENCE_S = 60.0
"""How long a worker waits for the next question: someone who reads a figure looks at its calls."""

_PATIENCE_S = 60.0
"""The longest answer is a year of a busy office on a Pi; the control socket's client gives up sooner."""

_LONGEST_ANSWER = 16 * 1024 * 1024

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


class ReportWorker:
    """The worker process, as one who asks sees it. Questions take turns.

    Args:
        database: The records file.
        folder: For files on their way; nothing stays there.
    """

    def __init__(self, database: Path, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._ending: asyncio.TimerHandle | None = None

    async def ask(self, office: Office, request: Asked, now_ms: int) -> BaseReply:
        """Return the answer to a question.

        Raises:
            UserError: There is no such figure, period or group.
            DeviceError: The worker failed.
        """
        reply = (await self._asked(Question(office, request, now_ms))).reply
        if reply is None:
            raise DeviceError("the report worker answered nothing")
        return reply

    async def month(self, office: Office, request: GetMonthReport, now_ms: int) -> int:
        """Return a descriptor of the month's report, open for reading; whoever takes it closes it.

        Raises:
            As `ask`.
        """
        file = self._folder / f"report-{secrets.token_hex(8)}"
        try:
            await self._asked(Question(office, request, now_ms, str(file)))
            return os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            file.unlink(missing_ok=True)
            if request.format == "pdf":
                # What drew it took 100 MB, which only the process's end gives back.
                await self.close()

    async def close(self) -> None:
        """End the worker; the next question starts another."""
        if self._ending is not None:
            self._ending.cancel()
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _asked(self, question: Question) -> Answer:
        async with self._turn:
            if self._ending is not None:
                self._ending.cancel()
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    line = await self._exchange(msgspec.json.encode(question) + b"\n")
            except TimeoutError:
                await self.close()
                raise UserError("That report takes too long; ask for a shorter period.") from None
            except BaseException:
                # Whatever it answers now would be taken for the answer to the next question.
                await self.close()
                raise
            loop = asyncio.get_running_loop()
            self._ending = loop.call_later(_SILENCE_S, self._end_soon)
        answer = msgspec.json.decode(line, type=Answer)
        if answer.refused:
            raise UserError(answer.refused)
        if answer.failed:
            raise DeviceError(answer.failed)
        return answer

    async def _exchange(self, question: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "firmware.app.report_worker", str(self._database)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LONGEST_ANSWER,
            )
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise DeviceError("the report worker has no pipes")
        process.stdin.write(question)
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            raise DeviceError("the report worker ended; the log says why")
        return line

    def _end_soon(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            # It ends when its input does.
            self._process.stdin.close()
            self._process = None


class Reports:
    """Answers questions about figures, with the office's settings of the moment."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._worker = ReportWorker(parts.paths.records, parts.paths.run)

    async def start(self, running: AsyncExitStack) -> None:
        """Begin to answer."""
        answers = self._parts.answers
        answers.on(GetFigures, self._ask)
        answers.on(GetValues, self._ask)
        answers.on(GetFigureCalls, self._ask)
        answers.on(GetSizing, self._ask)
        answers.on_file(GetMonthReport, self.month)
        running.push_async_callback(self._worker.close)

    def office(self) -> Office:
        """Return whose figures they are."""
        settings = self._parts.settings.current
        return Office(settings.office.name, settings.reports)

    async def month(self, request: GetMonthReport) -> OpenedFile[BaseReply]:
        """Open the month's report.

        Raises:
            UserError: There is no such month, or it takes too long.
            DeviceError: The worker failed.
        """
        now_ms = self._parts.clock.now().wall_ms
        descriptor = await self._worker.month(self.office(), request, now_ms)
        reply = MonthReportReply(
            name=f"{request.year}-{request.month:02}.{request.format}",
            media_type=MEDIA_TYPES[request.format],
            size=os.fstat(descriptor).st_size,
        )
        return OpenedFile(reply, descriptor)

    async def _ask(self, request: Asked) -> BaseReply:
        return await self._worker.ask(self.office(), request, self._parts.clock.now().wall_ms)


async def start(parts: Parts, running: AsyncExitStack) -> Reports:
    """Begin to answer questions about figures."""
    reports = Reports(parts)
    await reports.start(running)
    return reports
