"""The month's report in the mail: on its day, once, to those the settings name; a fault is an alarm."""

from __future__ import annotations

import asyncio
import datetime
import os
import types
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from firmware.app import report_mail
from firmware.app.parts import Parts
from firmware.app.report_mail import ReportMail
from firmware.app.report_words import Office
from firmware.app.reports import Reports
from firmware.control.answers import Answers
from firmware.control.base import OpenedFile
from firmware.control.reports import GetMonthReport, MonthReportReply
from firmware.core.clock import Instant
from firmware.core.errors import DeviceError, UserError
from firmware.core.letters import Attachment
from firmware.core.paths import StatePaths
from firmware.settings.document import Settings
from firmware.settings.reports import ReportSettings
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import BenchClock

ZONE = datetime.timezone(datetime.timedelta(hours=8))


class Wall(BenchClock):
    """A clock that a test sets to a date."""

    moment = datetime.datetime(2026, 12, 1, 8, tzinfo=ZONE)

    def now(self) -> Instant:
        return Instant(int(self.moment.timestamp() * 1000), 0, "boot-a", self.clock_set)


class Desk:
    """Draws reports: what is in them is others' business here."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[GetMonthReport] = []
        self.fault: Exception | None = None
        self._folder = folder

    def office(self) -> Office:
        return Office("一号总机", ReportSettings(zone="Asia/Shanghai"))

    async def month(self, request: GetMonthReport) -> OpenedFile[Any]:
        if self.fault is not None:
            raise self.fault
        self.asked.append(request)
        file = self._folder / "drawn"
        file.write_text(f"{request.year}-{request.month} {request.format}")
        reply = MonthReportReply(name="x", media_type="x", size=1)
        return OpenedFile(reply, os.open(file, os.O_RDONLY))


class Post:
    def __init__(self) -> None:
        self.letters: list[tuple[str, str, list[str]]] = []

    async def send(
        self, recipient: str, subject: str, body: str, *, attachments: Sequence[Attachment], purpose: str
    ) -> str:
        names = [f"{one.name}: {Path(one.path).read_text()}" for one in attachments]
        self.letters.append((recipient, subject, names))
        return "id"


class Box:
    """A box with an owner who wants reports."""

    def __init__(self, folder: Path, store: SqliteJourneyStore, to: tuple[str, ...]) -> None:
        counting = ReportSettings(zone="Asia/Shanghai", mail_to=to)
        settings = msgspec.structs.replace(Settings(), reports=counting)
        self.clock, self.desk, self.post = Wall(), Desk(folder), Post()
        self.alarms: list[str] = []
        self._parts = types.SimpleNamespace(
            paths=StatePaths(folder),
            clock=self.clock,
            settings=types.SimpleNamespace(current=settings),
            store=store,
            mail=self.post,
            alarms=self.alarms.append,
            answers=Answers(),
        )

    async def runs_for(self, looks: int) -> None:
        """Let it look at the clock so many times, then switch off."""
        self._parts.answers = Answers()
        async with AsyncExitStack() as running:
            await ReportMail(cast(Parts, self._parts), cast(Reports, self.desk)).start(running)
            await asyncio.sleep(0.05 * looks + 0.3)
            # Whatever is being drawn or mailed at this moment gets done.
            async with asyncio.timeout(20):
                while self.desk.asked and not self._is_noted():
                    await asyncio.sleep(0.02)

    def _is_noted(self) -> bool:
        with self._parts.store.reader.connected() as connection:
            found = connection.execute("SELECT 1 FROM box WHERE key = 'report mailed'").fetchone()
        return found is not None


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteJourneyStore]:
    monkeypatch.setattr(report_mail, "_LOOK_S", 0.05)
    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    store.start()
    yield store
    store.stop()


async def test_last_months_report_goes_out_once_and_not_again_after_a_restart(
    tmp_path: Path, store: SqliteJourneyStore
) -> None:
    box = Box(tmp_path, store, ("owner@example.com", "boss@example.com"))
    await box.runs_for(3)
    await box.runs_for(3)
    assert [(to, subject) for to, subject, _ in box.post.letters] == [
        ("owner@example.com", "总机 2026-11 运营管理报表"),
        ("boss@example.com", "总机 2026-11 运营管理报表"),
    ]
    assert box.post.letters[0][2] == ["zongji-2026-11.pdf: 2026-11 pdf", "zongji-2026-11.xlsx: 2026-11 xlsx"]


async def test_not_before_its_hour_but_late_when_the_box_was_off(
    tmp_path: Path, store: SqliteJourneyStore
) -> None:
    box = Box(tmp_path, store, ("owner@example.com",))
    box.clock.moment = datetime.datetime(2026, 12, 1, 6, 59, tzinfo=ZONE)
    await box.runs_for(2)
    assert box.post.letters == []
    box.clock.moment = datetime.datetime(2026, 12, 20, 3, 0, tzinfo=ZONE)
    await box.runs_for(2)
    assert len(box.post.letters) == 1


async def test_a_box_that_doesnt_know_the_date_waits(tmp_path: Path, store: SqliteJourneyStore) -> None:
    box = Box(tmp_path, store, ("owner@example.com",))
    box.clock.clock_set = False
    await box.runs_for(2)
    assert box.post.letters == []


async def test_what_cant_be_drawn_is_an_alarm_and_tried_again(
    tmp_path: Path, store: SqliteJourneyStore
) -> None:
    box = Box(tmp_path, store, ("owner@example.com",))
    box.desk.fault = DeviceError("there is no Pango")
    await box.runs_for(4)
    assert [str(one) for one in box.alarms] == ["the month's report can't be mailed: there is no Pango"]
    box.desk.fault = None
    await box.runs_for(2)
    assert len(box.post.letters) == 1


async def test_asked_for_without_anybody_to_mail(tmp_path: Path, store: SqliteJourneyStore) -> None:
    box = Box(tmp_path, store, ())
    mail = ReportMail(cast(Parts, box._parts), cast(Reports, box.desk))
    with pytest.raises(UserError, match=r"reports\.mail_to"):
        await mail.mail(2026, 11)
