"""Answers about the storage: how it stands, legal holds, checks, exports, the owner's key, backups."""

from __future__ import annotations

import asyncio
import csv
import datetime
import io
import os
import tempfile
from typing import Any

import msgspec

from firmware.app.backup import Backups
from firmware.app.parts import Parts
from firmware.app.records import Keeping
from firmware.control.base import BaseReply, OpenedFile
from firmware.control.search import CallFilter
from firmware.control.storage import (
    BackingUpReply,
    BackUp,
    CheckAudio,
    CheckedReply,
    ExportCalls,
    ExportReply,
    GetStorage,
    Hold,
    HoldCall,
    HoldsReply,
    ListHolds,
    MakeOwnerKey,
    OwnerKeyReply,
    ReleaseCall,
    StorageReply,
)
from firmware.core.errors import UserError
from firmware.core.ids import CallId
from firmware.core.trace.box import Box
from firmware.settings.document import Settings
from firmware.store import keeping as levels
from firmware.store import owner_key
from firmware.store.keeper import disk_of
from firmware.store.search import CallSearch, Listed, Place, Wanted

MOST_EXPORTED = 200_000
"""Calls of one file: two years of a busy office."""

_PAGE = 1000
_MOST_HOLDS = 500
_LONGEST_REASON = 200

_HEADINGS = {
    "en": "id,started,direction,line,caller,called,outcome,answered_s,talked_s,duration_s,people,recordings",
    "zh-CN": "编号,开始时间,方向,线路,主叫,被叫,结果,应答秒数,通话秒数,总秒数,接听人,录音数",
}


class StorageDesk:
    """Answers over the parts that keep."""

    def __init__(self, parts: Parts, keeping: Keeping, backups: Backups) -> None:
        self._parts = parts
        self._keeping = keeping
        self._backups = backups
        self._search = CallSearch(parts.store.reader)

    def register(self) -> None:
        """Begin to answer."""
        answers = self._parts.answers
        answers.on(GetStorage, self._storage)
        answers.on(CheckAudio, self._check)
        answers.on(HoldCall, self._hold)
        answers.on(ReleaseCall, self._release)
        answers.on(ListHolds, self._holds)
        answers.on(BackUp, self._back_up)
        answers.on(MakeOwnerKey, self._make_key)
        answers.on_file(ExportCalls, self.export)

    async def _storage(self, _: GetStorage) -> BaseReply:
        return await asyncio.to_thread(self._storage_now)

    def _storage_now(self) -> StorageReply:
        parts, storage = self._parts, self._parts.settings.current.storage
        disk = disk_of(parts.paths.root)
        with parts.store.reader.connected() as connection:
            sealed, archived, removed = connection.execute(
                "SELECT coalesce(sum(removed_wall_ms IS NULL), 0), "
                "coalesce(sum(exported AND removed_wall_ms IS NULL), 0), "
                "coalesce(sum(removed_wall_ms IS NOT NULL), 0) FROM audio_file"
            ).fetchone()
            (held,) = connection.execute("SELECT count(*) FROM legal_hold").fetchone()
        stick = self._keeping.keeper.archive if storage.archive_folder else None
        writer = parts.store.status()
        return StorageReply(
            level=levels.level(disk).value,
            total_bytes=disk.total_bytes,
            used_bytes=disk.used_bytes,
            database_bytes=parts.paths.records.stat().st_size,
            waiting=writer.backlog,
            lost=writer.lost,
            fault=writer.fault,
            sealed=sealed,
            archived=archived,
            removed=removed,
            archive="none" if stick is None else "in" if stick.is_there() else "out",
            encrypted=storage.encrypt_recordings,
            readable=parts.paths.owner_key.exists(),
            held=held,
            backup=self._backups.status(),
        )

    async def _check(self, _: CheckAudio) -> BaseReply:
        altered = await self._keeping.keeper.altered()
        for name in altered[:3]:
            self._parts.alarms(Box.ALTERED(name=name))
        return CheckedReply(checked=await asyncio.to_thread(self._sealed), altered=altered)

    def _sealed(self) -> int:
        with self._parts.store.reader.connected() as connection:
            sql = "SELECT count(*) FROM audio_file WHERE removed_wall_ms IS NULL"
            return int(connection.execute(sql).fetchone()[0])

    async def _hold(self, request: HoldCall) -> BaseReply:
        journey = await asyncio.to_thread(self._parts.store.reader.resolve, request.call)
        await self._keeping.keeper.hold(journey.id, request.reason[:_LONGEST_REASON])
        return await self._holds(ListHolds())

    async def _release(self, request: ReleaseCall) -> BaseReply:
        await self._keeping.keeper.release(CallId(request.call))
        return await self._holds(ListHolds())

    async def _holds(self, _: ListHolds) -> BaseReply:
        def read() -> list[Hold]:
            with self._parts.store.reader.connected() as connection:
                sql = "SELECT journey_id, reason, since_ms FROM legal_hold ORDER BY since_ms DESC LIMIT ?"
                return [Hold(*row) for row in connection.execute(sql, (_MOST_HOLDS,))]

        return HoldsReply(holds=await asyncio.to_thread(read))

    async def _back_up(self, _: BackUp) -> BaseReply:
        self._backups.want()
        return BackingUpReply()

    async def _make_key(self, request: MakeOwnerKey) -> BaseReply:
        if self._parts.settings.current.storage.owner_key:
            raise UserError(
                "There is an owner's key already; what was encrypted to it needs its private key. "
                "Empty the setting storage.owner_key first if another shall take its place."
            )
        private, public = owner_key.new_key()

        def with_key(before: Settings) -> Settings:
            storage = msgspec.structs.replace(before.storage, owner_key=public)
            return msgspec.structs.replace(before, storage=storage)

        if request.keep:
            path = self._parts.paths.owner_key
            path.unlink(missing_ok=True)
            await asyncio.to_thread(owner_key.write_private, path, private)
        await self._parts.editing.edit(with_key, request.by)
        return OwnerKeyReply(public=public, private=private)

    async def export(self, request: ExportCalls) -> OpenedFile[BaseReply]:
        """Open a file of calls.

        Raises:
            UserError: It takes too long.
        """
        return await asyncio.to_thread(self._exported, request)

    def _exported(self, request: ExportCalls) -> OpenedFile[BaseReply]:
        with tempfile.TemporaryFile(dir=self._parts.paths.root) as file:
            write = self._csv if request.format == "csv" else self._json
            calls, cut = write(file, request)
            file.flush()
            reply = ExportReply(
                name=f"calls.{'csv' if request.format == 'csv' else 'jsonl'}",
                media_type="text/csv; charset=utf-8" if request.format == "csv" else "application/x-ndjson",
                size=file.tell(),
                calls=calls,
                cut=cut,
            )
            file.seek(0)
            return OpenedFile(reply, os.dup(file.fileno()))

    def _pages(self, wanted: CallFilter) -> Any:
        after: Place | None = None
        asked = Wanted(
            text=wanted.text,
            person=wanted.person,
            since_ms=wanted.since_ms,
            until_ms=wanted.until_ms,
            outcome=wanted.outcome,
            recorded=wanted.recorded,
        )
        while True:
            page, after = self._search.find(asked, _PAGE, after)
            yield page
            if after is None:
                return

    def _csv(self, file: Any, request: ExportCalls) -> tuple[int, bool]:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(_HEADINGS[request.language].split(","))
        count = 0
        for page in self._pages(request.filter):
            writer.writerows(_cells(call) for call in page)
            count += len(page)
            if count >= MOST_EXPORTED:
                break
        text.flush()
        text.detach()
        return count, count >= MOST_EXPORTED

    def _json(self, file: Any, request: ExportCalls) -> tuple[int, bool]:
        count = 0
        for page in self._pages(request.filter):
            for call in page:
                journey = self._parts.store.reader.get(call.id)
                if journey is not None:
                    file.write(msgspec.json.encode(journey) + b"\n")
                    count += 1
            if count >= MOST_EXPORTED:
                break
        return count, count >= MOST_EXPORTED


def _cells(call: Listed) -> list[str]:
    started = ""
    if call.started.clock_set:
        moment = datetime.datetime.fromtimestamp(call.started.wall_ms / 1000, datetime.UTC).astimezone()
        started = moment.isoformat(timespec="seconds")
    cells = [call.id, started, call.direction.value, call.line, call.caller or "", call.called or ""]
    cells.append("" if call.outcome is None else call.outcome.value)
    times = (call.answered_ms, call.talked_ms, call.duration_ms)
    cells += ["" if value is None else f"{value / 1000:.1f}" for value in times]
    cells += [" ".join(call.people), str(call.recordings)]
    # A caller's name must not become a formula in somebody's spreadsheet.
    return [f"'{cell}" if cell[:1] in ("=", "@", "\t", "\r") else cell for cell in cells]
