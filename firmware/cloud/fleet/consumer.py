"""The JetStream end of the fleet: takes messages, stores them, and only then confirms.

Any number of consumers share the stream; a message whose consumer died comes again to another, and meets
the row it had made.
"""

from __future__ import annotations

import asyncio
import logging

import nats.errors
import nats.js.errors
import psycopg
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, RetentionPolicy, StorageType, StreamConfig

from firmware.cloud import wire
from firmware.cloud.fleet.storage import FleetStorage
from firmware.cloud.jetstream import STREAM, SUBJECT
from firmware.cloud.wire import Record
from firmware.core.errors import PeerError

logger = logging.getLogger(__name__)

_DURABLE = "fleet"
_BATCH = 256
_FETCH_S = 5.0
_ACK_S = 60.0
"""A message not confirmed by then goes to another consumer."""

_DUPLICATES_S = 3600.0
"""How long the stream itself recognises repeats; the database always does."""


async def create_stream(client: Client) -> None:
    """Make the stream, or leave it as it is."""
    config = StreamConfig(
        name=STREAM,
        subjects=[f"{SUBJECT}.*"],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        duplicate_window=_DUPLICATES_S,
    )
    await client.jetstream().add_stream(config)


class Consumer:
    """Takes records from the stream into the database until cancelled."""

    def __init__(self, client: Client, storage: FleetStorage) -> None:
        self._client = client
        self._storage = storage
        self.stored = 0

    async def run(self) -> None:
        """Take and store.

        Raises:
            psycopg.Error: The database is away; what wasn't confirmed comes again.
            nats.errors.Error: The server is away.
        """
        subscription = await self._client.jetstream().pull_subscribe(
            f"{SUBJECT}.*",
            durable=_DURABLE,
            stream=STREAM,
            config=ConsumerConfig(ack_wait=_ACK_S, max_ack_pending=_BATCH * 64),
        )
        while True:
            try:
                messages = await subscription.fetch(_BATCH, timeout=_FETCH_S)
            except (nats.errors.TimeoutError, TimeoutError):
                continue
            await self._take(messages)

    async def _take(self, messages: list[Msg]) -> None:
        good: list[tuple[Msg, Record]] = []
        for message in messages:
            try:
                good.append((message, await self._record(message)))
            except PeerError as error:
                logger.warning("%s: %s", message.subject, error)
                await self._storage.set_aside(message.subject, str(error), message.data)
                await message.term()
        refused = {one.id: one.reason for one in await self._storage.store([r for _, r in good])}
        for message, record in good:
            if record.journey.id in refused:
                await self._storage.set_aside(record.site, refused[record.journey.id], message.data)
        await asyncio.gather(*(message.ack() for message, _ in good))
        self.stored += len(good) - len(refused)

    async def _record(self, message: Msg) -> Record:
        """Return the message's record.

        Raises:
            PeerError: It isn't signed by the site it speaks for, or can't be read.
        """
        headers = message.headers or {}
        site = message.subject.removeprefix(f"{SUBJECT}.")
        key = await self._storage.key_of(site) if wire.is_site(site) else None
        idempotency, signature = headers.get("Nats-Msg-Id", ""), headers.get("Zongji-Signature", "")
        if key is None or not wire.is_signed(key, site, idempotency, message.data, signature):
            raise PeerError("the site or its signature isn't known")
        records = wire.unpack(message.data)
        if len(records) != 1 or records[0].site != site:
            raise PeerError("not one record of that site")
        return records[0]


async def consume_for_ever(server: str, database: str) -> None:
    """Consume until cancelled, connecting again whenever server or database were away."""
    while True:
        client = Client()
        storage: FleetStorage | None = None
        try:
            await client.connect(server, name="zongji-fleet", max_reconnect_attempts=3)
            storage = await FleetStorage.connect(database)
            await create_stream(client)
            await Consumer(client, storage).run()
        except (psycopg.Error, nats.errors.Error, nats.js.errors.Error, OSError) as error:
            logger.warning("starting again in a moment: %s: %s", type(error).__name__, error)
        finally:
            if storage is not None:
                await storage.close()
            if client.is_connected:
                await client.close()
        await asyncio.sleep(1.0)
