"""The month's report in the mail: as PDF and XLSX, on its day, to those the settings name.

Which month was mailed last is kept in the records, so that a restart mails none twice and a box that was off
on the day mails it when it is on again.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import os
import shutil
import sqlite3
from contextlib import AsyncExitStack
from pathlib import Path

from firmware.app.parts import Parts
from firmware.app.reports import MEDIA_TYPES, Reports
from firmware.app.tasks import keep
from firmware.control.base import BaseReply
from firmware.control.reports import GetMonthReport, MailedReply, MailMonthReport
from firmware.core.errors import DeviceError, UserError, ZongjiError
from firmware.core.letters import Attachment
from firmware.core.trace.box import Box

logger = logging.getLogger(__name__)

_LOOK_S = 300.0
_KEY = "report mailed"
_KEPT = 12
"""Months whose files stay: a letter is tried for some days."""

_WORDS = {
    "zh-CN": ("{office} {month} 运营管理报表", "附件为 {month} 的运营管理报表（PDF 和 Excel）。"),
    "en": ("{office}: management report {month}", "Attached is the report of {month} (PDF and Excel)."),
}


class ReportMail:
    """Mails the report."""

    def __init__(self, parts: Parts, reports: Reports) -> None:
        self._parts = parts
        self._reports = reports
        self._folder = parts.paths.root / "reports"
        self._fault: str | None = None

    async def start(self, running: AsyncExitStack) -> None:
        """Begin to watch the day."""
        self._parts.answers.on(MailMonthReport, self._asked)
        keep(running, self._run(), "report mail")

    async def mail(self, year: int, month: int) -> list[str]:
        """Mail a month's report now; return to whom.

        Raises:
            UserError: Nobody is to be mailed, or there is no such month.
            DeviceError: It can't be drawn or kept.
        """
        settings = self._parts.settings.current
        to, language = settings.reports.mail_to, settings.reports.mail_language
        if not to:
            raise UserError("Setting reports.mail_to: say who shall be mailed first.")
        name = f"{year}-{month:02}"
        attachments = []
        for form in ("pdf", "xlsx"):
            request = GetMonthReport(year=year, month=month, language=language, format=form)
            opened = await self._reports.month(request)
            path = self._folder / f"{name}.{form}"
            await asyncio.to_thread(self._keep, opened.descriptor, path)
            attachments.append(Attachment(str(path), f"zongji-{name}.{form}", MEDIA_TYPES[form]))
        subject, body = (text.format(office=settings.office.name, month=name) for text in _WORDS[language])
        for recipient in to:
            await self._parts.mail.send(recipient, subject, body, attachments=attachments, purpose="report")
        return list(to)

    async def _asked(self, request: MailMonthReport) -> BaseReply:
        return MailedReply(to=await self.mail(request.year, request.month))

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
                self._fault = None
            except ZongjiError as error:
                if self._fault != str(error):
                    self._parts.alarms(Box.REPORT_NOT_MAILED(why=str(error)))
                self._fault = str(error)
            await asyncio.sleep(_LOOK_S)

    async def _look(self) -> None:
        now, counting = self._parts.clock.now(), self._parts.settings.current.reports
        if not now.clock_set or not counting.mail_to:
            return
        local = datetime.datetime.fromtimestamp(now.wall_ms / 1000, self._reports.office().zone())
        if (local.day, local.hour) < (counting.mail_day, counting.mail_hour):
            return
        last = local.replace(day=1) - datetime.timedelta(days=1)
        month = f"{last.year}-{last.month:02}"
        if await asyncio.to_thread(self._mailed) == month:
            return
        await self.mail(last.year, last.month)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO box VALUES (?, ?)", (_KEY, month))

        await self._parts.store.perform(write)
        logger.info("the report of %s is in the mail", month)

    def _mailed(self) -> str | None:
        with self._parts.store.reader.connected() as connection:
            row = connection.execute("SELECT value FROM box WHERE key = ?", (_KEY,)).fetchone()
        return None if row is None else str(row[0])

    def _keep(self, descriptor: int, path: Path) -> None:
        try:
            with os.fdopen(descriptor, "rb") as source:
                self._folder.mkdir(mode=0o750, exist_ok=True)
                with path.open("wb") as target:
                    shutil.copyfileobj(source, target)
        except OSError as error:
            raise DeviceError(f"the report can't be kept: {error.strerror}") from error
        for old in sorted(self._folder.iterdir())[: -2 * _KEPT]:
            old.unlink(missing_ok=True)
