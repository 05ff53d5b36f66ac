"""A hundred thousand records through everything that can go wrong between a box and the fleet's database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import nats
import psycopg
import pytest

from firmware.cloud.allowance import BackOff
from firmware.cloud.fleet.consumer import create_stream
from firmware.cloud.fleet.storage import FleetStorage
from firmware.cloud.jetstream import JetStreamTransport
from firmware.cloud.sync import CloudSync
from firmware.core.ids import CallId
from firmware.store import rows
from firmware.store.migrations import connect, migrate
from firmware.store.outbox import Outbox
from firmware.store.records import SqliteJourneyStore
from tests.cloud import servers
from tests.cloud.link import Link
from tests.reports.office import random_office
from tests.store.sample import BenchClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SITE, KEY = "shop-1", "the secret of shop 1"
RECORDS = 100_000
TROUBLE_UNTIL = 0.4
"""Share of the records that go while servers die, the link is cut and clocks jump."""


@pytest.fixture
def database() -> Iterator[tuple[servers.Server, str]]:
    server, address, folder = servers.postgres()
    server.start()
    servers.wait_for(address)
    yield server, address
    server.kill()
    shutil.rmtree(folder)


@pytest.fixture
def broker() -> Iterator[tuple[servers.Server, str]]:
    server, address, folder = servers.nats()
    server.start()
    yield server, address
    server.kill()
    shutil.rmtree(folder)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SqliteJourneyStore]:
    """A box whose outbox holds all records."""
    path = tmp_path / "records.sqlite"
    connection = connect(path)
    migrate(connection)
    made = random_office(1, 5_000)
    connection.execute("BEGIN")
    for index in range(RECORDS):
        journey = made[index % len(made)]
        journey.id = CallId("01M6FB" + f"{index:010}")
        rows.write_closed(connection, journey)
    connection.execute("COMMIT")
    connection.close()
    store = SqliteJourneyStore(path, BenchClock())
    store.start()
    yield store
    store.stop()


@contextlib.asynccontextmanager
async def consumer(server: str, database: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`zongji-fleet consume` as a process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "firmware.cloud.fleet.cli", "--database", database),
        *("consume", "--server", server),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class JumpingClock:
    """A monotonic clock that isn't: it leaps hours forwards and back."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self.dice = random.Random(5)

    def jump(self) -> None:
        self._offset_s = self.dice.choice([-7200.0, 0.0, 7200.0, 1e9])

    def __call__(self) -> float:
        return time.monotonic() + self._offset_s


def rss_kb() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def stored(address: str) -> int:
    try:
        async with await psycopg.AsyncConnection.connect(address, connect_timeout=2) as connection:
            row = await (await connection.execute("SELECT count(*) FROM record")).fetchone()
            return int(row[0]) if row else 0
    except psycopg.Error:
        return -1


async def test_a_hundred_thousand_records_arrive_exactly_once(
    box: SqliteJourneyStore, database: tuple[servers.Server, str], broker: tuple[servers.Server, str]
) -> None:
    storage = await FleetStorage.connect(database[1])
    await storage.create_schema()
    await storage.add_site(SITE, KEY)
    await storage.close()
    client = await nats.connect(broker[1])
    await create_stream(client)
    await client.close()
    outbox, clock, dice = Outbox(box), JumpingClock(), random.Random(7)
    async with (
        Link(broker[0].port) as link,
        consumer(broker[1], database[1]) as first,
        consumer(broker[1], database[1]),
    ):
        transport = JetStreamTransport(f"nats://127.0.0.1:{link.port}", SITE, KEY)
        back_off = BackOff(random.Random(1), 0.05, 0.3)
        sync = CloudSync(outbox, transport, SITE, KEY, back_off=back_off, bytes_a_day=10**14, monotonic=clock)
        sending = asyncio.create_task(sync.run())
        troubles, down_s, began = 0, 0.0, time.monotonic()
        while outbox.backlog().waiting > RECORDS * (1 - TROUBLE_UNTIL):
            trouble = dice.choice(["cut", "lose", "broker", "database", "clock"])
            troubles, broke = troubles + 1, time.monotonic()
            if trouble == "cut":
                link.up = False
                link.cut()
                await asyncio.sleep(dice.random() * 0.5)
                link.up = True
            elif trouble == "lose":
                link.loses_answers = True
                await asyncio.sleep(0.2)
                link.cut()
                link.loses_answers = False
            elif trouble == "clock":
                clock.jump()
            else:
                victim = broker[0] if trouble == "broker" else database[0]
                await asyncio.to_thread(victim.kill)
                await asyncio.sleep(dice.random() * 0.3)
                await asyncio.to_thread(victim.start)
            down_s += time.monotonic() - broke
            # The next trouble finds it in the middle of its work again.
            left = outbox.backlog().waiting
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(20):
                    while outbox.backlog().waiting > left - 500:
                        await asyncio.sleep(0.05)
            await asyncio.sleep(dice.random() * 0.3)
        amid = (RECORDS - outbox.backlog().waiting) / (time.monotonic() - began - down_s)
        assert troubles >= 5
        assert link.connections > 1
        # From here on the fleet has one consumer less, killed in mid-work, and the way is clear.
        first.kill()
        left, began, spent = outbox.backlog().waiting, time.monotonic(), time.process_time()
        before_kb = rss_kb()
        async with asyncio.timeout(240):
            while outbox.backlog().waiting:
                await asyncio.sleep(0.2)
        by_wall = left / (time.monotonic() - began)
        by_core = left / (time.process_time() - spent)
        grown_kb = rss_kb() - before_kb
        async with asyncio.timeout(300):
            while await stored(database[1]) < RECORDS:
                await asyncio.sleep(0.5)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    print(
        f"{troubles} troubles; in the time the way was up between them {amid:.0f} records/s, then "
        f"{by_wall:.0f} by the clock ({by_core:.0f} a core-second), +{grown_kb} kB"
    )
    with psycopg.connect(database[1]) as connection:
        found = connection.execute("SELECT id, seq FROM record ORDER BY seq").fetchall()
        gaps = connection.execute("SELECT newest, missing FROM site_gap").fetchall()
    assert [row[0] for row in found] == [f"01M6FB{index:010}" for index in range(RECORDS)]
    assert [row[1] for row in found] == list(range(1, RECORDS + 1)), "in the order of closing"
    assert gaps == [(RECORDS, 0)]
    # On a machine that others use, too, the core's time says what the box could do alone.
    assert max(by_wall, by_core) >= 2000
    assert grown_kb < 20_000, "memory is flat"
