"""The journeys of this box, in SQLite: what call control writes to (`JourneyStore`) and others read from.

begin, update ──► note ─┐
close ──────────► note ─┴► RecordWriter (one thread) ──► records.sqlite ──► JourneyReader (any thread)
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import enum
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from firmware.core.clock import Clock, Instant
from firmware.core.errors import DeviceError
from firmware.core.ids import CallId
from firmware.core.records import AgentSpan, Journey
from firmware.store import amendments, migrations, rows
from firmware.store.dating import Dating
from firmware.store.lock import SwitchLock
from firmware.store.numbers import normalise, party_of
from firmware.store.opening import Connect
from firmware.store.reader import JourneyReader
from firmware.store.recovery import close_interrupted
from firmware.store.writer import FaultListener, Note, RecordWriter, Waiter, WriterStatus

logger = logging.getLogger(__name__)

_OPEN_PATIENCE_S = 10.0
"""How long a start waits for the database: a WAL left by a crash is replayed meanwhile."""

_STOP_PATIENCE_S = 10.0
"""How long a stop waits for the last records: some fsyncs of a slow card."""

_RECOVERY_PATIENCE_S = 10.0

_Result = TypeVar("_Result")


class RecordEvent(enum.StrEnum):
    """What happened to a record."""

    BEGAN = "began"
    ENDED = "ended"
    """The journey is durable, or kept in memory while the card refuses."""
    CHANGED = "changed"


RecordListener = Callable[[RecordEvent, Journey], None]


def _ignore(_fault: str | None) -> None:
    return


class SqliteJourneyStore:
    """Implements `firmware.core.records.JourneyStore`.

    `begin`, `update` and `close` never raise and never block the event loop on the disk. A journey is
    durable when `close` returns, unless `status().fault` is set: then it is kept in memory and written
    as soon as the disk takes it.

    Args:
        path: The database file; its folder must exist.
        clock: For noting when a running call was last heard of.
        on_fault: Called from the writer's thread when records can't be written (the reason, in plain
            words) and when they can again (None).
        connect: Opens the database for writing; tests hand in one that fills up.
        country: ISO 3166 code of the country callers' numbers are read in.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        on_fault: FaultListener = _ignore,
        connect: Connect = migrations.connect,
        country: Callable[[], str] = lambda: "CN",
    ) -> None:
        self._clock = clock
        self._country = country
        self._dating = Dating()
        self._writer = RecordWriter(path, on_fault, connect)
        self._lock = SwitchLock(path.with_name(path.name + ".lock"))
        self._begun: set[CallId] = set()
        self._listeners: list[RecordListener] = []
        self.reader = JourneyReader(path)
        """For questions, from any thread; each takes about a millisecond of disk, so not in the loop."""

    def subscribe(self, listener: RecordListener) -> Callable[[], None]:
        """Have `listener` called in the event loop of each call's beginning, end and amendment.

        Returns:
            Ends that.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, what: RecordEvent, journey: Journey) -> None:
        for listener in list(self._listeners):
            try:
                listener(what, journey)
            except Exception:
                logger.exception("[%s] a listener to records raised", journey.id)

    def start(self) -> None:
        """Open the database and bring it to the newest schema. Blocks; a fault is reported, not raised.

        Raises:
            UserError: Another switch uses this database.
        """
        self._lock.take()
        self._writer.start(_OPEN_PATIENCE_S)

    def stop(self) -> None:
        """Write what is left and close the database. Blocks."""
        self._writer.stop(_STOP_PATIENCE_S)
        self._lock.release()

    def status(self) -> WriterStatus:
        """Return how the writing stands."""
        return self._writer.status()

    def recover(self, recordings: Path, now: Instant, voicemails: Path | None = None) -> list[Journey]:
        """Close the journeys an earlier run left open and return them. Blocks; call it before any call.

        Nothing is raised: when the database can't be read, they are left for the next start.
        """
        try:
            left = [one for one in self.reader.open_journeys() if one.journey.id not in self._begun]
        except DeviceError as error:
            logger.error("interrupted calls can't be closed now: %s", error)
            return []
        closed = [close_interrupted(one, recordings, now, voicemails) for one in left]
        waiters: list[Waiter] = [concurrent.futures.Future() for _ in closed]
        for journey, waiter in zip(closed, waiters, strict=True):
            logger.warning("[%s] was interrupted; closed now", journey.id)
            self._writer.submit(self._note(journey, closed=True, waiter=waiter))
        concurrent.futures.wait(waiters, timeout=_RECOVERY_PATIENCE_S)
        return closed

    async def perform(self, job: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Have `job` run in a transaction of the writer's thread and return what it returns.

        Raises:
            DeviceError: The card refuses; nothing was changed. Otherwise, whatever the job raises.
        """
        return await asyncio.wrap_future(self._writer.perform(job))

    async def amend(self, call_id: CallId, edit: Callable[[Journey], None]) -> Journey:
        """Have `edit` change a closed journey (wrap-up, note, voicemail heard); durable on return.

        Args:
            call_id: The whole id.
            edit: Runs in the writer's thread, so it touches the journey and nothing else.

        Raises:
            UserError: There is no such closed call.
            DeviceError: The card refuses; nothing was changed.
        """
        journey = await self.perform(lambda connection: amendments.amend(connection, call_id, edit))
        self._tell(RecordEvent.CHANGED, journey)
        return journey

    async def note_agent_time(self, span: AgentSpan) -> None:
        """Write a stretch of an agent's time; durable on return.

        Raises:
            DeviceError: The card refuses; the stretch isn't written.
        """
        dated = msgspec.structs.replace(span, started=self._dating.dated(span.started))
        await self.perform(lambda connection: rows.write_span(connection, dated))

    async def clock_was_set(self, now: Instant) -> int:
        """Date what was written on this boot before the clock was set; return how many records that were.

        Args:
            now: The present moment by the clock that is set now. Nothing happens when it isn't set.

        Raises:
            DeviceError: The card refuses; ask again.
        """
        if not now.clock_set:
            return 0
        self._dating.learn(now)
        return await self.perform(lambda connection: amendments.redate(connection, self._dating))

    def begin(self, journey: Journey) -> None:
        """Note that a call runs, so that it is found if the power goes. Returns at once."""
        self._begun.add(journey.id)
        self._writer.submit(self._note(journey, closed=False))
        self._tell(RecordEvent.BEGAN, journey)

    def update(self, journey: Journey) -> None:
        """Note what has happened so far. Returns at once."""
        self._writer.submit(self._note(journey, closed=False))

    async def close(self, journey: Journey) -> None:
        """Write the finished journey; it is durable when this returns (see the class for the exception).

        A cancelled wait changes nothing: the journey is written all the same.
        """
        waiter: Waiter = concurrent.futures.Future()
        self._writer.submit(self._note(journey, closed=True, waiter=waiter))
        self._begun.discard(journey.id)
        await asyncio.wrap_future(waiter)
        self._tell(RecordEvent.ENDED, journey)

    def _note(self, journey: Journey, *, closed: bool, waiter: Waiter | None = None) -> Note:
        if closed:
            journey.started = self._dating.dated(journey.started)
            if journey.caller_normalised is None:
                journey.caller_normalised = normalise(journey.caller, self._country())
            if journey.party is None:
                journey.party = party_of(journey, self._country())
        try:
            snapshot = msgspec.json.encode(journey)
        except UnicodeEncodeError:
            # A lone surrogate came in from some wire's undecodable bytes.
            snapshot = msgspec.json.encode(_scrubbed(msgspec.to_builtins(journey)))
        return Note(journey.id, snapshot, self._clock.now(), closed, () if waiter is None else (waiter,))


def _scrubbed(value: Any) -> Any:
    """Return builtins with every character that isn't Unicode replaced by a question mark."""
    scrub: Callable[[Any], Any] = _scrubbed
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: scrub(item) for key, item in value.items()}
    if isinstance(value, list):
        return [scrub(item) for item in value]
    return value
