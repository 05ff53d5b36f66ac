"""The outbox goes to a cloud that is away, forgets to answer, refuses: nothing lost, nothing out of order."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from firmware.cloud import sync as sync_module
from firmware.cloud.allowance import BackOff, BatchSize
from firmware.cloud.redaction import Redaction
from firmware.cloud.sync import CloudSync
from firmware.cloud.transport import BatchRefused, NotAllowed, Unreachable
from firmware.cloud.wire import Receipt, Record, Refusal
from firmware.core.ids import CallId
from firmware.core.records import Journey
from firmware.core.trace.said import Said
from firmware.store.outbox import Outbox, Page
from firmware.store.records import SqliteJourneyStore
from tests.patience import until
from tests.store.sample import BenchClock, whole_journey


class Cloud:
    """A far end that does what a test tells it to."""

    def __init__(self) -> None:
        self.received: list[Record] = []
        self.behave: Callable[[list[Record]], Receipt] = self.store
        self.sent_bytes = 0
        self.attempts = 0

    async def send(self, records: list[Record]) -> Receipt:
        await asyncio.sleep(0)
        self.attempts += 1
        self.sent_bytes += 100 * len(records)
        return self.behave(records)

    async def close(self) -> None:
        return

    def store(self, records: list[Record]) -> Receipt:
        self.received += records
        return Receipt(len(records))

    def ids(self) -> list[str]:
        """What a far end that keeps one row per revision has, in order of arrival."""
        return list(dict.fromkeys(record.journey.id for record in self.received))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteJourneyStore]:
    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    store.start()
    yield store
    store.stop()


@contextlib.asynccontextmanager
async def syncing(
    store: SqliteJourneyStore,
    cloud: Cloud,
    alarms: list[Said | None] | None = None,
    redaction: Redaction = Redaction.NONE,
) -> AsyncIterator[CloudSync]:
    sync = CloudSync(
        Outbox(store),
        cloud,
        "shop-1",
        "secret",
        on_alarm=(alarms if alarms is not None else []).append,
        back_off=BackOff(random.Random(1), 0.002, 0.01),
        redaction=redaction,
    )
    task = asyncio.create_task(sync.run())
    try:
        yield sync
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def calls(store: SqliteJourneyStore, count: int) -> list[str]:
    journeys = [whole_journey(BenchClock(), seed=seed) for seed in range(count)]
    for journey in journeys:
        await store.close(journey)
    return [journey.id for journey in journeys]


def waiting(store: SqliteJourneyStore) -> int:
    return Outbox(store).backlog().waiting


async def test_the_backlog_arrives_in_order_numbered_without_gaps(store: SqliteJourneyStore) -> None:
    ids = await calls(store, 450)
    cloud = Cloud()
    async with syncing(store, cloud):
        await until(lambda: waiting(store) == 0)
    assert [record.journey.id for record in cloud.received] == ids
    assert [record.seq for record in cloud.received] == list(range(1, 451))
    assert len({record.epoch for record in cloud.received}) == 1
    assert cloud.attempts == 3


async def test_a_line_too_slow_for_a_large_batch_gets_through_with_small_ones(
    store: SqliteJourneyStore,
) -> None:
    ids = await calls(store, 120)
    cloud, sizes = Cloud(), []

    def slow(records: list[Record]) -> Receipt:
        sizes.append(len(records))
        if len(records) > 40:
            raise Unreachable("time was up")
        return cloud.store(records)

    cloud.behave = slow
    async with syncing(store, cloud):
        await until(lambda: waiting(store) == 0)
    assert [record.journey.id for record in cloud.received] == ids
    assert sum(size > 40 for size in sizes) <= 6, "it doesn't try in vain for ever"


def test_batches_grow_on_a_line_that_is_good_and_never_vanish_on_a_bad_one() -> None:
    batch = BatchSize()
    for _ in range(20):
        batch.failed()
    assert batch.records == 20
    grown = []
    for _ in range(100):
        batch.succeeded()
        grown.append(batch.records)
    assert grown == sorted(grown)
    assert grown[0] == 22
    assert grown[-1] == grown[-2] == 500


class Unhurried(Cloud):
    """A far end whose answer to a batch waits until the box has asked its outbox for the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox: CountingOutbox | None = None

    async def send(self, records: list[Record]) -> Receipt:
        assert self.outbox is not None
        if self.attempts == 0:
            asked = self.outbox.pages
            await until(lambda: self.outbox is not None and self.outbox.pages > asked)
        return await super().send(records)


class CountingOutbox(Outbox):
    pages = 0

    def page(self, limit: int, after: int = 0) -> Page:
        self.pages += 1
        return super().page(limit, after)


async def test_the_next_page_is_read_while_one_is_on_its_way(store: SqliteJourneyStore) -> None:
    ids = await calls(store, 450)
    cloud = Unhurried()
    outbox = cloud.outbox = CountingOutbox(store)
    task = asyncio.create_task(CloudSync(outbox, cloud, "shop-1", "secret").run())
    await until(lambda: waiting(store) == 0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [record.journey.id for record in cloud.received] == ids
    assert outbox.pages <= 5, "no page is read twice"


async def test_what_was_set_aside_is_sent_after_the_pages_under_way(store: SqliteJourneyStore) -> None:
    """Its place is in front of the page that was read ahead."""
    ids = await calls(store, 400)
    cloud, outbox = Cloud(), Outbox(store)
    first = outbox.page(1).entries[0]
    await outbox.set_aside(first, "somebody looks into it")
    retried: list[asyncio.Task[int]] = []

    def let_in_again(records: list[Record]) -> Receipt:
        if not retried:
            retried.append(asyncio.create_task(outbox.retry()))
        return cloud.store(records)

    cloud.behave = let_in_again
    async with syncing(store, cloud):
        await until(lambda: waiting(store) == 0)
    assert cloud.ids() == [*ids[1:], ids[0]]


async def test_a_new_call_goes_out_at_once_when_somebody_says_so(
    store: SqliteJourneyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "_IDLE_S", 3600.0)
    cloud = Cloud()
    async with syncing(store, cloud) as sync:
        await asyncio.sleep(0.05)
        ids = await calls(store, 1)
        sync.poke()
        await until(lambda: cloud.ids() == ids)


@pytest.mark.parametrize("seed", range(5))
async def test_a_bad_link_loses_nothing_and_keeps_the_order(store: SqliteJourneyStore, seed: int) -> None:
    dice = random.Random(seed)
    cloud = Cloud()

    def bad_link(records: list[Record]) -> Receipt:
        fate = dice.random()
        if fate < 0.4:
            raise Unreachable("no answer")
        if fate < 0.6:
            cloud.store(records[: dice.randrange(len(records) + 1)])
            raise Unreachable("the acknowledgement was lost")
        return cloud.store(records)

    cloud.behave = bad_link
    ids = await calls(store, 300)
    async with syncing(store, cloud):
        ids += await calls(store, 100)
        await until(lambda: waiting(store) == 0)
    assert cloud.ids() == ids


async def test_a_stop_in_the_middle_is_taken_up_again(store: SqliteJourneyStore) -> None:
    ids = await calls(store, 500)
    cloud = Cloud()
    while waiting(store):
        cloud.attempts = 0
        async with syncing(store, cloud):
            # What was confirmed while the last run ended may have been all there was.
            await until(lambda: cloud.attempts > 0 or not waiting(store))
    assert cloud.ids() == ids


async def test_one_record_that_breaks_the_batch_is_set_aside_with_an_alarm(store: SqliteJourneyStore) -> None:
    ids = await calls(store, 50)
    cloud, alarms = Cloud(), list[Said | None]()
    poison = ids[17]

    def picky(records: list[Record]) -> Receipt:
        if any(record.journey.id == poison for record in records):
            raise BatchRefused("can't read it")
        return cloud.store(records)

    cloud.behave = picky
    async with syncing(store, cloud, alarms) as sync:
        await until(lambda: waiting(store) == 0)
        status = await sync.status()
    assert cloud.ids() == [one for one in ids if one != poison]
    assert (status.refused, status.sent) == (1, 49)
    assert alarms and poison in str(alarms[0])
    cloud.behave = cloud.store
    assert await Outbox(store).retry() == 1
    async with syncing(store, cloud):
        await until(lambda: len(cloud.ids()) == 50)


async def test_a_record_the_cloud_names_is_set_aside(store: SqliteJourneyStore) -> None:
    ids = await calls(store, 3)
    cloud = Cloud()
    cloud.behave = lambda records: Receipt(2, [Refusal(ids[1], "out of range")])
    async with syncing(store, cloud):
        await until(lambda: waiting(store) == 0)
    assert Outbox(store).backlog().refused == 1


async def test_a_wrong_key_alarms_and_is_not_hammered(store: SqliteJourneyStore) -> None:
    await calls(store, 3)
    cloud, alarms = Cloud(), list[Said | None]()

    def strangers(_: list[Record]) -> Receipt:
        raise NotAllowed("HTTP 401")

    cloud.behave = strangers
    async with syncing(store, cloud, alarms) as sync:
        await until(lambda: bool(alarms))
        await asyncio.sleep(0.1)
        status = await sync.status()
    assert cloud.attempts == 1
    assert alarms == [status.fault]
    assert status.fault is not None and "云端不接受本站点" in status.fault.in_language("zh-CN")
    assert status.waiting == 3
    assert status.oldest_wall_ms is not None


async def test_an_amendment_made_while_the_record_was_under_way_is_sent(store: SqliteJourneyStore) -> None:
    (call_id,) = await calls(store, 1)
    cloud = Cloud()
    amending: list[asyncio.Task[Journey]] = []

    def slow(records: list[Record]) -> Receipt:
        if not amending:
            amending.append(
                asyncio.create_task(store.amend(CallId(call_id), lambda journey: journey.tags.append("late")))
            )
        return cloud.store(records)

    cloud.behave = slow
    async with syncing(store, cloud) as sync:
        await until(lambda: bool(amending) and amending[0].done())
        sync.poke()
        await until(lambda: waiting(store) == 0)
    assert cloud.received[-1].journey.tags == ["late"]
    assert cloud.received[-1].journey.revision == 2


async def test_a_fault_of_ours_does_not_end_the_sending(store: SqliteJourneyStore) -> None:
    ids = await calls(store, 2)
    cloud = Cloud()

    def broken(records: list[Record]) -> Receipt:
        cloud.behave = cloud.store
        raise ZeroDivisionError

    cloud.behave = broken
    async with syncing(store, cloud) as sync:
        await until(lambda: cloud.ids() == ids)
        await until(lambda: waiting(store) == 0)
        assert (await sync.status()).fault is None


async def test_numbers_are_hidden_where_the_office_says_so(store: SqliteJourneyStore) -> None:
    await calls(store, 1)
    cloud = Cloud()
    async with syncing(store, cloud, redaction=Redaction.REMOVE):
        await until(lambda: bool(cloud.received))
    assert cloud.received[0].journey.caller is None
