"""Telling other systems what happens: a POST per event, signed, retried, in order for each of them.

Theory of operation
-------------------
An event is a row for each system that wants it, so a power cut loses none that was written. Each system has a
loop of its own: the oldest row is posted until it is answered with 2xx, then the next.

    event ─► hook_delivery ─► POST ─┬─ 2xx ─────────────────────────► row deleted ─► next
                                    ├─ 4xx (but 408, 425, 429) ─────► row deleted, counted, alarm
                                    └─ anything else, no answer ────► back off, jitter; given up after 3 days

    Zongji-Event: call.ended     Zongji-Delivery: ID, the same for every repeat     Zongji-Time: Unix seconds
    Zongji-Signature: v1=HMAC-SHA256(secret, "ID\\nTIME\\n" + body)
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http
import logging
import random
import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from firmware.cloud.allowance import BackOff
from firmware.core.clock import Clock
from firmware.core.errors import DeviceError
from firmware.core.ids import new_call_id
from firmware.core.late import LateModule
from firmware.core.trace.cloud import Cloud as Words
from firmware.core.trace.said import Said
from firmware.store.records import SqliteJourneyStore
from firmware.store.statements import delete, marks

if TYPE_CHECKING:
    import httpx
else:
    httpx = LateModule("httpx")

logger = logging.getLogger(__name__)

_TIMEOUT_S = 15.0
_IDLE_S = 30.0
_LONGEST_AGE_MS = 3 * 86_400_000
"""Who has been away for a long weekend is told; after that it is old news."""

_MOST_WAITING = 10_000
"""Rows of one system; the oldest go."""

_LATER = {http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_EARLY, http.HTTPStatus.TOO_MANY_REQUESTS}


class Hook(msgspec.Struct, frozen=True):
    """One system."""

    url: str
    secret: str
    events: tuple[str, ...] = ()
    """Which it wants; none means all."""

    def wants(self, event: str) -> bool:
        """Return whether it is told of such events."""
        return not self.events or event in self.events

    def __repr__(self) -> str:
        return f"Hook({self.url!r}, secret=***, {self.events})"


class Progress(msgspec.Struct):
    """How telling one system goes."""

    delivered: int = 0
    given_up: int = 0
    fault: str | None = None


def sign(secret: str, delivery: str, time_s: int, body: bytes) -> str:
    """Return the signature of a delivery."""
    message = f"{delivery}\n{time_s}\n".encode() + body
    return "v1=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


class Webhooks:
    """Tells a set of systems until cancelled.

    Args:
        store: Keeps what is to be told.
        hooks: Whom.
        clock: For the age of events.
        on_alarm: Told when a system won't have an event, or has been away for too long.
        client: Tests hand in their own.
    """

    def __init__(
        self,
        store: SqliteJourneyStore,
        hooks: Sequence[Hook],
        clock: Clock,
        on_alarm: Callable[[Said], None] = lambda _: None,
        client: httpx.AsyncClient | None = None,
        back_off: Callable[[], BackOff] = lambda: BackOff(random.Random(), 1.0, 600.0),  # noqa: S311 - jitter
    ) -> None:
        self._store = store
        self._hooks = {hook.url: hook for hook in hooks}
        self._clock = clock
        self._on_alarm = on_alarm
        self._client = client or httpx.AsyncClient(timeout=_TIMEOUT_S)
        self._new_back_off = back_off
        self._wake = {url: asyncio.Event() for url in self._hooks}
        self.progress = {url: Progress() for url in self._hooks}

    def wants(self, event: str) -> bool:
        """Return whether anybody is told of such events."""
        return any(hook.wants(event) for hook in self._hooks.values())

    async def tell(self, event: str, data: object) -> None:
        """Note an event for all who want it; durable on return.

        Raises:
            DeviceError: The card refuses; nobody will be told.
        """
        urls = [hook.url for hook in self._hooks.values() if hook.wants(event)]
        if not urls:
            return
        now_ms = self._clock.now().wall_ms
        body = msgspec.json.encode({"event": event, "at_ms": now_ms, "data": data}).decode()
        rows = [(url, event, str(new_call_id()), body, now_ms) for url in urls]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO hook_delivery (url, event, id, body, created_ms) VALUES (?, ?, ?, ?, ?)", rows
            )
            for url in urls:
                connection.execute(
                    "DELETE FROM hook_delivery WHERE url = ?1 AND seq NOT IN "
                    "(SELECT seq FROM hook_delivery WHERE url = ?1 ORDER BY seq DESC LIMIT ?2)",
                    (url, _MOST_WAITING),
                )

        await self._store.perform(write)
        for url in urls:
            self._wake[url].set()

    def waiting(self) -> dict[str, int]:
        """Return how many events wait for each system. Blocks.

        Raises:
            DeviceError: The records can't be read.
        """
        with self._store.reader.connected() as connection:
            found = dict(connection.execute("SELECT url, count(*) FROM hook_delivery GROUP BY url"))
        return {url: found.get(url, 0) for url in self._hooks}

    async def run(self) -> None:
        """Tell until cancelled."""
        try:
            await self._forget_others()
            async with asyncio.TaskGroup() as group:
                for hook in self._hooks.values():
                    group.create_task(self._keep_telling(hook))
        finally:
            await self._client.aclose()

    async def _forget_others(self) -> None:
        sql = delete("hook_delivery", f"WHERE url NOT IN ({marks(len(self._hooks))})")
        try:
            await self._store.perform(lambda connection: connection.execute(sql, tuple(self._hooks)))
        except DeviceError as error:
            logger.warning("webhooks: %s", error)

    async def _keep_telling(self, hook: Hook) -> None:
        back_off = self._new_back_off()
        progress, wake = self.progress[hook.url], self._wake[hook.url]
        while True:
            wake.clear()
            try:
                row = await asyncio.to_thread(self._oldest, hook.url)
                if row is None:
                    await _until(wake, _IDLE_S)
                    continue
                fault = await self._post(hook, row, progress)
                if fault is None:
                    back_off.succeeded()
                    progress.fault = None
                    continue
            except DeviceError as error:
                fault = str(error)
            if progress.fault != fault:
                logger.warning("%s: %s", hook.url, fault)
            progress.fault = fault
            await asyncio.sleep(back_off.failed())

    async def _post(self, hook: Hook, row: tuple[Any, ...], progress: Progress) -> str | None:
        """Post one event; return why it must be tried again, None when it is settled."""
        seq, event, delivery, body, created_ms = row
        raw = body.encode()
        now = self._clock.now()
        time_s = now.wall_ms // 1000
        headers = {
            "Content-Type": "application/json",
            "Zongji-Event": event,
            "Zongji-Delivery": delivery,
            "Zongji-Time": str(time_s),
            "Zongji-Signature": sign(hook.secret, delivery, time_s, raw),
        }
        try:
            answer = await self._client.post(hook.url, content=raw, headers=headers)
            status: int | None = answer.status_code
            fault = f"HTTP {status}"
        except httpx.HTTPError as error:
            status, fault = None, f"{type(error).__name__}: {error}"
        if status is not None and answer.is_success:
            progress.delivered += 1
        elif status is not None and answer.is_client_error and status not in _LATER:
            self._give_up(progress, Words.HOOK_REFUSED(url=hook.url, event=event, why=fault))
        elif now.clock_set and now.wall_ms - created_ms > _LONGEST_AGE_MS:
            self._give_up(progress, Words.HOOK_AWAY(url=hook.url, event=event, why=fault))
        else:
            return fault
        await self._store.perform(
            lambda connection: connection.execute("DELETE FROM hook_delivery WHERE seq = ?", (seq,))
        )
        return None

    def _give_up(self, progress: Progress, why: Said) -> None:
        progress.given_up += 1
        if progress.given_up == 1:
            self._on_alarm(why)

    def _oldest(self, url: str) -> tuple[Any, ...] | None:
        with self._store.reader.connected() as connection:
            found: tuple[Any, ...] | None = connection.execute(
                "SELECT seq, event, id, body, created_ms FROM hook_delivery "
                "WHERE url = ? ORDER BY seq LIMIT 1",
                (url,),
            ).fetchone()
        return found


async def _until(event: asyncio.Event, longest_s: float) -> None:
    try:
        async with asyncio.timeout(longest_s):
            await event.wait()
    except TimeoutError:
        return
