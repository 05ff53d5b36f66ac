"""A switch as the control socket sees it: answers from memory."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from firmware.app.api.audio import opened
from firmware.app.api.settings import SettingsDesk
from firmware.control.access import PasswordReset
from firmware.control.base import OpenedFile
from firmware.control.editing import (
    ChangedReply,
    ChangeSettings,
    HistoryEntry,
    RestoreSettings,
    SettingsReply,
)
from firmware.control.picture import (
    CallNow,
    DayFigures,
    HourFigures,
    HoursNow,
    LineNow,
    NowReply,
    PersonNow,
    Phase,
    Presence,
)
from firmware.control.schema import LineStatus, PhoneAccount, ProcessStatus, StatusReply
from firmware.control.search import CallFilter, CallRow, Cursor, FoundReply, RecordingReply
from firmware.core.errors import UserError
from firmware.core.ids import CallId
from firmware.core.records import Journey
from firmware.core.trace.box import Box
from firmware.settings.store import SettingsStore
from tests.store.sample import NOON_MS, BenchClock, answered, running_journey, whole_journey

FIRST_ID = "01KB0AAAAAAAAAA1"
SECOND_ID = "01KB0BBBBBBBBBB2"
SECRET = "a-made-up-password"  # noqa: S105 - as its name says


def a_picture() -> NowReply:
    """Two lines, three people, one call talking with 101."""
    call = CallId(SECOND_ID)
    return NowReply(
        at_wall_ms=NOON_MS,
        version="0.1.0",
        office="测试总机",
        zone="UTC",
        up_since_wall_ms=NOON_MS - 3_600_000,
        lines=[
            LineNow("gsm1", "in call", "中国移动, -71 dBm", -71, call),
            LineNow("gsm2", "down", "no modem at /dev/ttyUSB5"),
        ],
        people=[
            PersonNow("101", "前台 / Front desk", Presence.BUSY, 1, call),
            PersonNow("102", "<b>王</b>", Presence.FREE, 2),
            PersonNow("103", "103", Presence.AWAY),
        ],
        calls=[
            CallNow(
                id=call,
                origin="gsm1",
                caller="+8613800138000",
                called="101",
                phase=Phase.TALKING,
                people=["101"],
                began_wall_ms=NOON_MS - 60_000,
                since_wall_ms=NOON_MS - 42_000,
                recorded=True,
                doing="101 answered",
            )
        ],
        today=DayFigures(
            calls=12,
            answered=9,
            lost=3,
            talked_ms=1_834_000,
            hours=[HourFigures(1, 1)] * 12 + [HourFigures()] * 12,
        ),
        hours=HoursNow(
            enabled=True,
            is_open=True,
            mode="auto",
            state={
                "zh-CN": "营业：营业时间，至 2026-11-23 18:00",
                "en": "open: office hours until 2026-11-23 18:00",
            },
        ),
        faults=[Box.LINE_DOWN(line="gsm2", why="no modem at /dev/ttyUSB5")],
    )


class FakeSwitch:
    """Implements `ControlApi`; `broken` makes every answer fail.

    Args:
        folder: Where settings are kept and recordings lie; without one, nothing about them can be asked.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.picture = a_picture()
        self.desk: SettingsDesk | None = None
        if folder is not None:
            self.store = SettingsStore(folder / "settings.json")
            self.store.open()
            self.desk = SettingsDesk(self.store, folder / "settings-history.jsonl", BenchClock())
        clock = BenchClock()
        self.journeys = [answered(running_journey(clock, SECOND_ID)), whole_journey(clock, FIRST_ID)]
        self.broken = False
        self.password_reset = PasswordReset()
        self.asked: list[int] = []

    async def status(self) -> StatusReply:
        if self.broken:
            raise RuntimeError("secret detail of a defect")
        return StatusReply(
            version="0.1.0",
            started=BenchClock().now(),
            ready_ms=1234,
            lines=[LineStatus("gsm1", "ready", "中国移动, signal 21 of 31")],
            phones_registered=2,
            live_calls=1,
            processes=[ProcessStatus("switch", 4242, 51_200)],
            media={"tick lateness p99 ms": 0.25},
            counters={"sip refused": 3},
            faults=["call records can't be written: disk full", *self.picture.faults],
        )

    async def phones(self) -> list[PhoneAccount]:
        return [
            PhoneAccount(
                number="101",
                name="前台",
                server="192.168.1.5:5060",
                secret=SECRET,
                algorithm="MD5",
                registered=True,
                contacts=["192.168.1.20:5060"],
            )
        ]

    async def calls(self, limit: int) -> list[Journey]:
        self.asked.append(limit)
        return self.journeys[:limit]

    async def call(self, call_id: str) -> Journey:
        found = [journey for journey in self.journeys if journey.id.startswith(call_id)]
        if len(found) != 1:
            raise UserError(f"There is no call {call_id}; `zongji calls` lists the calls.")
        return found[0]

    async def now(self) -> NowReply:
        if self.broken:
            raise RuntimeError("secret detail of a defect")
        return self.picture

    async def find(self, wanted: CallFilter, limit: int, after: Cursor | None) -> FoundReply:
        rows = [
            CallRow(
                id=one.id,
                started=one.started,
                direction=one.direction,
                line=one.line,
                caller=one.caller,
                called=one.called,
                outcome=one.outcome,
                answered_ms=one.answered_ms,
                talked_ms=one.talked_ms,
                duration_ms=one.duration_ms,
                people=["101"],
                recordings=len(one.recordings),
                cost_micros=one.cost_micros,
                currency=one.currency,
            )
            for one in self.journeys
            if wanted.text in (one.caller or "")
        ]
        start = 0 if after is None else after.seq
        more = Cursor(0, start + limit) if start + limit < len(rows) else None
        return FoundReply(calls=rows[start : start + limit], more=more)

    async def recording(self, call_id: str, piece: int) -> OpenedFile[RecordingReply]:
        journey = await self.call(call_id)
        if self.folder is None or piece >= len(journey.recordings):
            raise UserError("That recording is not there any more.")
        descriptor = opened(self.folder, journey.recordings[piece].path, self.folder / "owner.key")
        size = os.fstat(descriptor).st_size
        reply = RecordingReply(name=f"{journey.id}-{piece + 1}.wav", size=size, complete=True)
        return OpenedFile(reply, descriptor)

    def _desk(self) -> SettingsDesk:
        if self.desk is None:
            raise UserError("This switch has no settings.")
        return self.desk

    async def settings(self) -> SettingsReply:
        return await self._desk().read()

    async def change_settings(self, request: ChangeSettings) -> ChangedReply:
        return await self._desk().change(request)

    async def restore_settings(self, request: RestoreSettings) -> ChangedReply:
        return await self._desk().restore(request)

    async def history(self, limit: int) -> list[HistoryEntry]:
        return await self._desk().history(limit)

    def goes_on(self, **changes: object) -> None:
        """Have something change on the switchboard."""
        self.picture = msgspec.structs.replace(self.picture, **changes)
