"""`python -m tests.bench.web_switch STATE`: a switch with real records, and a board that keeps changing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from firmware.app.api.search import found
from firmware.control.search import CallFilter, Cursor, FoundReply
from firmware.control.server import ControlServer
from firmware.core.records import Journey
from firmware.store.records import SqliteJourneyStore
from firmware.store.search import CallSearch
from tests.control.switch import FakeSwitch
from tests.store.sample import BenchClock
from tests.web_admin.office import FakeOffice

_CHANGES_A_SECOND = 2
"""A busy office: a call begins, rings, is answered or ends twice a second."""


class RecordsSwitch(FakeSwitch):
    """A switch whose calls are in a database; the rest is from memory."""

    def __init__(self, folder: Path, store: SqliteJourneyStore) -> None:
        super().__init__(folder)
        self._store = store
        self._search = CallSearch(store.reader)

    async def call(self, call_id: str) -> Journey:
        return await asyncio.to_thread(self._store.reader.resolve, call_id)

    async def find(self, wanted: CallFilter, limit: int, after: Cursor | None) -> FoundReply:
        return await asyncio.to_thread(found, self._search, wanted, limit, after)


async def serve(folder: Path) -> None:
    """Answer at STATE/run/control.sock until the process is ended."""
    (folder / "run").mkdir(exist_ok=True)
    store = SqliteJourneyStore(folder / "records.sqlite", BenchClock())
    store.start()
    switch = RecordsSwitch(folder, store)
    server = ControlServer(folder / "run" / "control.sock", FakeOffice(switch).answers())
    await server.start()
    count = 0
    while True:
        await asyncio.sleep(1 / _CHANGES_A_SECOND)
        count += 1
        switch.goes_on(faults=[f"change {count}"])


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
