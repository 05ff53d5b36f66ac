"""A backlog's way to the cloud over a clean link: from its outbox into a real nats-server here.

    outbox ─► CloudSync ─► JetStreamTransport ─► nats-server (a process of its own, records on its disk)

What trouble on the link costs is `tests/cloud/test_large_sync.py`'s to show.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import nats

from firmware.cloud.fleet.consumer import create_stream
from firmware.cloud.jetstream import STREAM, JetStreamTransport
from firmware.cloud.sync import CloudSync
from firmware.core.ids import CallId
from firmware.store import rows
from firmware.store.migrations import connect, migrate
from firmware.store.outbox import Outbox
from firmware.store.records import SqliteJourneyStore
from tests.cloud import servers
from tests.reports.office import random_office
from tests.store.sample import BenchClock

CASES = {"10k": 10_000, "50k": 50_000}
SITE, KEY = "shop-1", "the secret of shop 1"
LONGEST_S = 300.0
LOOK_S = 0.1


def run(cases: list[str] | None) -> list[dict[str, Any]]:
    """Return the rows of the cases asked for."""
    return [row for case in cases or list(CASES) for row in _case(case, CASES[case])]


def _case(case: str, count: int) -> list[dict[str, Any]]:
    server, address, folder = servers.nats()
    with tempfile.TemporaryDirectory(prefix="zjbench") as box:
        path = Path(box) / "records.sqlite"
        _fill(path, count)
        store = SqliteJourneyStore(path, BenchClock())
        store.start()
        server.start()
        try:
            wall_s, core_s = asyncio.run(_drain(Outbox(store), address, count))
        finally:
            store.stop()
            server.kill()
            shutil.rmtree(folder)
    figures = {"drain_rps": count / wall_s, "drain_per_core_rps": count / core_s}
    return [
        {"bench": "sync", "case": case, "figure": name, "unit": "records/s", "value": value}
        for name, value in figures.items()
    ]


def _fill(path: Path, count: int) -> None:
    connection = connect(path)
    migrate(connection)
    connection.execute("PRAGMA synchronous = OFF")
    made = random_office(1, min(count, 5_000))
    connection.execute("BEGIN")
    for index in range(count):
        journey = made[index % len(made)]
        journey.id = CallId("01M6FB" + f"{index:010}")
        rows.write_closed(connection, journey)
    connection.execute("COMMIT")
    connection.close()


async def _drain(outbox: Outbox, address: str, count: int) -> tuple[float, float]:
    """Return the seconds by the clock, and of a core in this process, until all is confirmed."""
    client = await nats.connect(address)
    await create_stream(client)
    sync = CloudSync(outbox, JetStreamTransport(address, SITE, KEY), SITE, KEY)
    began, spent = time.monotonic(), time.process_time()
    sending = asyncio.create_task(sync.run())
    async with asyncio.timeout(LONGEST_S):
        while outbox.backlog().waiting:
            await asyncio.sleep(LOOK_S)
    taken = time.monotonic() - began, time.process_time() - spent
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    stored = (await client.jetstream().stream_info(STREAM)).state.messages
    await client.close()
    if stored != count:
        raise RuntimeError(f"{stored} of {count} records are in the stream")
    return taken
