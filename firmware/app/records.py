"""The records: opened before any call, mended from what the last power cut left."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from firmware.core.clock import Clock, Instant
from firmware.core.paths import StatePaths
from firmware.store.records import SqliteJourneyStore


def open_store(
    paths: StatePaths, clock: Clock, started: Instant, running: AsyncExitStack
) -> SqliteJourneyStore:
    """Return the store, started. Calls that were broken off are closed before a new one begins; their
    recordings are complete by now, even where media had outlived the switch.

    Raises:
        DeviceError: The database can't be opened.
    """
    store = SqliteJourneyStore(paths.records, clock)
    store.start()
    running.push_async_callback(asyncio.to_thread, store.stop)
    store.recover(paths.recordings, started)
    return store
