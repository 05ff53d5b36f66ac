"""Sends the outbox to the cloud; calls never wait for it.

Theory of operation
-------------------
One loop, one batch under way at a time, so that a site's records arrive in the order of closing; the page
behind it is read meanwhile:

    outbox page ─► redact ─► send ─┬─ stored ──────────► confirm (rows leave the outbox) ─► next page
                                   ├─ unreachable ─────► back off with jitter, half as many from the beginning
                                   ├─ not allowed ─────► alarm, back off long
                                   └─ batch refused ───► halve it; a single refused record is set aside, alarm

A crash between "stored" and "confirm" sends the page once more; the far end keeps one row per journey.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from firmware.cloud.allowance import Allowance, BackOff, BatchSize
from firmware.cloud.redaction import Redaction, redacted
from firmware.cloud.transport import BatchRefused, NotAllowed, Transport, Unreachable
from firmware.cloud.wire import Record
from firmware.core.errors import DeviceError
from firmware.core.trace.cloud import Cloud as Words
from firmware.core.trace.said import Said
from firmware.store.outbox import Backlog, Entry, Page

logger = logging.getLogger(__name__)

_IDLE_S = 5.0
"""Between two looks at an empty outbox, when nobody says that there is something."""

_NOT_ALLOWED_S = 300.0
"""A wrong key doesn't become right by itself."""


class OutboxLike(Protocol):
    """What the loop needs of `firmware.store.outbox.Outbox`."""

    def page(self, limit: int, after: int = 0) -> Page: ...
    def backlog(self) -> Backlog: ...
    async def confirm(self, entries: list[Entry]) -> None: ...
    async def set_aside(self, entry: Entry, reason: str) -> None: ...


class SyncStatus(msgspec.Struct, frozen=True):
    """How the sending stands."""

    sent: int
    """Records the cloud has confirmed since the start."""
    sent_bytes: int
    waiting: int
    refused: int
    oldest_wall_ms: int | None
    """When the oldest call that waits began, ms since 1970 UTC."""
    fault: Said | None
    """Why nothing can be sent at the moment, in plain words."""
    last_success_mono_ms: int | None


class CloudSync:
    """Sends what is in the outbox until cancelled.

    Args:
        outbox: What is to be sent.
        transport: The way to the cloud.
        site: This box's name there.
        key: The site's secret, for pseudonyms.
        redaction: What the cloud may know of callers.
        bytes_a_day: Most bytes a day on a metered line; None for no limit.
        on_alarm: Told in plain words when somebody must do something, and None when all is well again.
        back_off: How long to wait after a failure.
        allowance: What `bytes_a_day` stands for, where others use the same line.
    """

    def __init__(
        self,
        outbox: OutboxLike,
        transport: Transport,
        site: str,
        key: str,
        redaction: Redaction = Redaction.NONE,
        bytes_a_day: int | None = None,
        on_alarm: Callable[[Said | None], None] = lambda _text: None,
        back_off: BackOff | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        allowance: Allowance | None = None,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._site = site
        self._key = key
        self._redaction = redaction
        self._on_alarm = on_alarm
        self._monotonic = monotonic
        self._allowance = allowance or Allowance(bytes_a_day, monotonic())
        self._back_off = back_off or BackOff(random.Random())  # noqa: S311 - jitter needs no secrecy
        self._batch = BatchSize()
        self._next: Page | None = None
        """Read while the page before it was under way."""
        self._poke = asyncio.Event()
        self._sent = 0
        self._fault: Said | None = None
        self._last_success_ms: int | None = None

    def poke(self) -> None:
        """Say that there is something in the outbox."""
        self._poke.set()

    async def status(self) -> SyncStatus:
        """Return how things stand.

        Raises:
            DeviceError: The records can't be read.
        """
        backlog = await asyncio.to_thread(self._outbox.backlog)
        return SyncStatus(
            self._sent,
            self._transport.sent_bytes,
            backlog.waiting,
            backlog.refused,
            backlog.oldest_wall_ms,
            self._fault,
            self._last_success_ms,
        )

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                self._poke.clear()
                try:
                    pause_s = await self._round()
                except DeviceError as error:
                    pause_s = self._failed(Words.OUTBOX(why=str(error)))
                except Exception:
                    logger.exception("sending to the cloud failed by a fault of ours")
                    pause_s = self._failed(Words.OUR_FAULT())
                if pause_s is None:
                    await self._until_poked(_IDLE_S)
                elif pause_s:
                    await asyncio.sleep(pause_s)
        finally:
            await self._transport.close()

    async def _round(self) -> float | None:
        """Send one page; return seconds to wait, None when there is nothing to send."""
        delay_s = self._allowance.delay(self._monotonic())
        if delay_s:
            return delay_s
        page, self._next = self._next, None
        if page is None:
            page = await asyncio.to_thread(self._outbox.page, self._batch.records)
        if not page.entries:
            return None
        ahead = asyncio.create_task(self._behind(page))
        try:
            await self._send(page.epoch, page.entries)
            self._next = await ahead
        except Unreachable as error:
            self._batch.failed()
            return self._failed(Words.UNREACHABLE(why=str(error)))
        except NotAllowed as error:
            fault = Words.NOT_ALLOWED(why=str(error))
            self._failed(fault)
            self._on_alarm(fault)
            return _NOT_ALLOWED_S
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
        self._back_off.succeeded()
        self._batch.succeeded()
        self._last_success_ms = int(self._monotonic() * 1000)
        if self._fault is not None:
            logger.info("the cloud can be reached again")
            self._fault = None
            self._on_alarm(None)
        return 0.0

    async def _behind(self, page: Page) -> Page | None:
        """Return the page behind this one; None at the end: the next look is at the outbox's beginning."""
        if not page.full:
            return None
        following = await asyncio.to_thread(self._outbox.page, self._batch.records, page.entries[-1].position)
        return following if following.entries else None

    async def _send(self, epoch: str, entries: list[Entry]) -> None:
        """Send entries in order, in halves where the whole is refused."""
        records = [
            Record(self._site, epoch, entry.seq, redacted(entry.journey, self._redaction, self._key))
            for entry in entries
        ]
        before = self._transport.sent_bytes
        try:
            receipt = await self._transport.send(records)
        except BatchRefused as error:
            if len(entries) == 1:
                await self._set_aside(entries[0], str(error))
                return
            middle = len(entries) // 2
            await self._send(epoch, entries[:middle])
            await self._send(epoch, entries[middle:])
            return
        finally:
            self._allowance.spend(self._transport.sent_bytes - before)
        reasons = {refusal.id: refusal.reason for refusal in receipt.refused}
        for entry in entries:
            if entry.journey.id in reasons:
                await self._set_aside(entry, reasons[entry.journey.id])
        stored = [entry for entry in entries if entry.journey.id not in reasons]
        await self._outbox.confirm(stored)
        self._sent += len(stored)

    async def _set_aside(self, entry: Entry, reason: str) -> None:
        logger.error("[%s] the cloud won't have this record: %s", entry.journey.id, reason)
        await self._outbox.set_aside(entry, reason)
        self._on_alarm(Words.RECORD_REFUSED(call=entry.journey.id, why=reason))

    def _failed(self, fault: Said) -> float:
        if self._fault != fault:
            logger.warning("%s", fault)
        self._fault = fault
        return self._back_off.failed()

    async def _until_poked(self, longest_s: float) -> None:
        try:
            async with asyncio.timeout(longest_s):
                await self._poke.wait()
        except TimeoutError:
            return
