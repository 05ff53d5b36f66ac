"""Messages in the records database."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware.core.clock import SystemClock
from firmware.core.messages import Message, MessageState, MessageStore
from firmware.store.messages import SqliteMessages
from firmware.store.records import SqliteJourneyStore
from tests.contracts.message_contract import MessageStoreContract
from tests.ivr.memory_messages import MemoryMessages

BOTH = [MessageState.NEW, MessageState.SAVED]
SHARE_OF_ALL = 1 / 3
"""How much of the time in which the whole mailbox is read a page of 200 and the counts may take."""


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[SqliteJourneyStore]:
    store = SqliteJourneyStore(tmp_path / "records.sqlite", SystemClock())
    store.start()
    yield store
    await asyncio.to_thread(store.stop)


class TestSqliteMessages(MessageStoreContract):
    @pytest.fixture
    def store(self, records: SqliteJourneyStore) -> MessageStore:
        return SqliteMessages(records, SystemClock())


class TestMemoryMessages(MessageStoreContract):
    @pytest.fixture
    def store(self) -> MessageStore:
        return MemoryMessages()


async def test_a_message_of_a_call_under_legal_hold_stays(records: SqliteJourneyStore) -> None:
    store = SqliteMessages(records, SystemClock())
    await store.add(
        Message("one", "101", MessageState.DELETED, SystemClock().now(), None, "one.wav", None, "case")
    )
    await records.perform(
        lambda connection: connection.execute("INSERT INTO legal_hold VALUES ('case', 'why', 0)")
    )
    assert not await store.remove("one")
    assert await store.get("one") is not None
    await records.perform(lambda connection: connection.execute("DELETE FROM legal_hold"))
    assert await store.remove("one")
    assert await store.get("one") is None


async def test_ten_thousand_messages_are_listed_at_once(records: SqliteJourneyStore) -> None:
    store = SqliteMessages(records, SystemClock())
    values = [(f"{number:06}", BOTH[number % 2].value, number % 7 == 0) for number in range(10_000)]

    def fill(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO message VALUES (?, '101', ?, ?, '13800138000', NULL, NULL, 'a.wav', "
            "1795000000000, 0, 'boot', 1, 5000, 1, '', 0)",
            values,
        )

    await records.perform(fill)
    # Turn about, and the best of each: whatever else the machine does, it does to all three.
    rounds = [(await _page(store, 0), await _page(store, 9_800), await _all(store)) for _ in range(8)]
    first, last, everything = (min(times) for times in zip(*rounds, strict=True))
    print(f"of 10,000 messages, the first 200: {first * 1000:.1f} ms, the last: {last * 1000:.1f} ms")
    print(f"all: {everything * 1000:.1f} ms")
    assert max(first, last) < everything * SHARE_OF_ALL
    with records.reader.connected() as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM message WHERE mailbox = '101' AND state IN ('new', 'saved') "
            "ORDER BY urgent DESC, id LIMIT 200"
        ).fetchall()
    assert "TEMP B-TREE" not in str(plan), "a page is read, not sorted out of the whole mailbox"


async def _page(store: SqliteMessages, offset: int) -> float:
    """Return how long a listener's or a web page's view of a mailbox takes: the messages and the counts."""
    began = time.perf_counter()
    assert len(await store.listed("101", BOTH, 200, offset)) == 200
    await store.counts()
    return time.perf_counter() - began


async def _all(store: SqliteMessages) -> float:
    """Return how long reading the whole mailbox takes: what a page must not come near."""
    began = time.perf_counter()
    assert len(await store.listed("101", BOTH)) == 10_000
    return time.perf_counter() - began
