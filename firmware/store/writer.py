"""The one thread that writes call records.

Theory of operation
-------------------
Call control hands in *notes*: the journey so far, or the finished journey. The backlog keeps one note a
journey, the latest, in order of arrival; so a slow card gets fewer, not more, writes. The thread takes what
is there, up to `_BATCH`, and writes it in one transaction:

    notes ──► backlog (bounded) ──► one transaction ──► fsync ──► those who wait for a close are told
                  ▲                      │ card full, card gone
                  └──── put back ◄───────┘ then again after 0.25, 0.5 … 30 s, on a new connection

While the card refuses, `fault` says so, the notes stay in memory, and nobody is kept waiting: a close
returns as soon as the fault is known. When the backlog is full, running calls are forgotten before finished
ones, and what is lost is counted. A note that alone can't be written (a defect of ours) is dropped, logged
and counted, so that it can't hold up the others.

Besides notes it runs *jobs*, what others want done to the database: amending a closed journey, confirming
what the cloud has. A job comes after the notes that were there before it, in a transaction of its own; while
the card refuses it fails, and who asked may ask again.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import itertools
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from firmware.core.clock import Instant
from firmware.core.errors import DeviceError, ZongjiError
from firmware.core.ids import CallId
from firmware.core.records import Journey
from firmware.store import migrations, rows
from firmware.store.opening import Connect, open_records

logger = logging.getLogger(__name__)

Waiter = concurrent.futures.Future[None]
FaultListener = Callable[[str | None], None]
Job = Callable[[sqlite3.Connection], Any]
_Result = TypeVar("_Result")

BACKLOG_LIMIT = 2000
"""Journeys kept in memory while the card refuses: days of a small office, at some 4 kB each."""

_BATCH = 64
"""Journeys in one transaction: bounds what a failure repeats and how long a close can take."""

_JOBS_LIMIT = 200
"""Jobs that wait: more are refused, because whoever asks for them doesn't wait for the answers."""

_FIRST_BACK_OFF_S = 0.25
_LONGEST_BACK_OFF_S = 30.0


@dataclasses.dataclass(frozen=True)
class Note:
    """What is to be written about one journey."""

    call_id: CallId
    snapshot: bytes
    """The journey as JSON, taken when the note was made."""
    noted: Instant
    closed: bool
    waiters: tuple[Waiter, ...] = ()
    """Told when the note is durable, or can't be made so for now."""


class WriterStatus(msgspec.Struct, frozen=True):
    """How the writing of records stands."""

    backlog: int
    """Journeys noted and not yet on the card."""
    written: int
    """Journeys finished and durable, since the start."""
    lost: int
    """Finished journeys that could not be kept."""
    fault: str | None
    """Why records can't be written at the moment, in plain words."""


def _tell(note: Note) -> None:
    for waiter in note.waiters:
        # It may have been told of a fault before, by either thread, or have been cancelled.
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            waiter.set_result(None)


def _refuse(jobs: Sequence[tuple[Job, concurrent.futures.Future[Any]]], reason: str | None) -> None:
    for _, future in jobs:
        if future.set_running_or_notify_cancel():
            future.set_exception(DeviceError(reason or "the records are closed"))


def _is_the_disks(error: Exception) -> bool:
    """Whether an error may pass by itself; any other is the fault of the note that was written."""
    if isinstance(error, sqlite3.DatabaseError):
        # The bare class stands for a damaged file; IntegrityError and its like for a bad note.
        return isinstance(error, sqlite3.OperationalError | sqlite3.InternalError) or (
            type(error) is sqlite3.DatabaseError
        )
    return isinstance(error, OSError | MemoryError)


class RecordWriter:
    """Writes notes in order of arrival.

    Args:
        path: The database file.
        on_fault: Called from the writer's thread when a fault begins (the text) and ends (None).
        connect: Opens the database; tests hand in one that fills up.
    """

    def __init__(self, path: Path, on_fault: FaultListener, connect: Connect = migrations.connect) -> None:
        self._path = path
        self._on_fault = on_fault
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._backlog: dict[CallId, Note] = {}
        self._jobs: collections.deque[tuple[Job, concurrent.futures.Future[Any]]] = collections.deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._ended = False
        """Whether the thread has written its last."""
        self._tried_to_open = threading.Event()
        self._fault: str | None = None
        self._written = 0
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)

    def start(self, patience_s: float) -> None:
        """Start the thread and wait until it has opened the database, or failed to, or time is up."""
        self._thread.start()
        self._tried_to_open.wait(patience_s)

    def stop(self, patience_s: float) -> None:
        """Write what is there, once more if it failed, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(patience_s)

    def submit(self, note: Note) -> None:
        """Take a note; returns at once and never raises."""
        kept_waiting = note.closed
        with self._changed:
            earlier = self._backlog.get(note.call_id)
            if earlier is not None and earlier.closed:
                if not note.closed:
                    return
                note = dataclasses.replace(note, waiters=earlier.waiters + note.waiters)
            full = earlier is None and len(self._backlog) >= BACKLOG_LIMIT
            if self._ended or (full and not self._make_room()):
                logger.error("[%s] this journey can't be kept", note.call_id)
                self._lost += note.closed
                kept_waiting = False
            else:
                self._backlog[note.call_id] = note
                self._changed.notify_all()
            if self._fault is not None:
                kept_waiting = False
        if not kept_waiting:
            _tell(note)

    def perform(self, job: Callable[[sqlite3.Connection], _Result]) -> concurrent.futures.Future[_Result]:
        """Have `job` run in the thread, in a transaction; the future brings what it returned or raised.

        It brings a DeviceError when the card refuses; the database is then as it was.
        """
        future: concurrent.futures.Future[_Result] = concurrent.futures.Future()
        with self._changed:
            refusal = self._fault or ("the records are closed" if self._ended or self._stopping else None)
            if refusal is None and len(self._jobs) >= _JOBS_LIMIT:
                refusal = "the records are busy"
            if refusal is None:
                self._jobs.append((job, future))
                self._changed.notify_all()
        if refusal is not None:
            future.set_exception(DeviceError(refusal))
        return future

    def status(self) -> WriterStatus:
        """Return how things stand."""
        with self._changed:
            return WriterStatus(len(self._backlog), self._written, self._lost, self._fault)

    # The rest runs in the thread, but for _make_room.

    def _make_room(self) -> bool:
        """Forget the oldest note of a call that still runs; its end will be noted anyway."""
        victim = next((note.call_id for note in self._backlog.values() if not note.closed), None)
        if victim is None:
            return False
        del self._backlog[victim]
        return True

    def _run(self) -> None:
        back_off_s = _FIRST_BACK_OFF_S
        batch: list[Note] = []
        while True:
            last_attempt = self._stopping
            try:
                connection = self._opened()
                if not self._backlog:
                    self._faulted(None)
                self._tried_to_open.set()
                batch, jobs = self._take()
                if not batch and not jobs:
                    break
                if batch:
                    self._write(connection, batch)
                    batch = []
                self._run_jobs(connection, jobs)
            except Exception as error:
                self._close_connection()
                self._put_back(batch)
                self._faulted(f"call records can't be written: {error}", batch)
                self._tried_to_open.set()
                batch = []
                if last_attempt:
                    break
                with self._changed:
                    self._changed.wait_for(lambda: self._stopping, back_off_s)
                back_off_s = min(back_off_s * 2, _LONGEST_BACK_OFF_S)
            else:
                batch = []
                back_off_s = _FIRST_BACK_OFF_S
                self._faulted(None)
        self._close_connection()
        self._give_up()

    def _take(self) -> tuple[list[Note], int]:
        """Wait for notes and take up to `_BATCH`, and tell how many jobs may follow them.

        None of either means that it is time to stop.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._backlog or self._jobs or self._stopping)
            taken = list(itertools.islice(self._backlog.values(), _BATCH))
            for note in taken:
                del self._backlog[note.call_id]
            # A job may build on a note that was made before it.
            return taken, 0 if self._backlog else len(self._jobs)

    def _run_jobs(self, connection: sqlite3.Connection, count: int) -> None:
        for _ in range(count):
            with self._changed:
                if not self._jobs:
                    return
                job, future = self._jobs.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                connection.execute("BEGIN IMMEDIATE")
                result = job(connection)
                connection.execute("COMMIT")
            except Exception as error:
                with contextlib.suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                if _is_the_disks(error):
                    future.set_exception(DeviceError(f"call records can't be written: {error}"))
                    raise
                if not isinstance(error, ZongjiError):
                    logger.exception("a job on the records failed")
                future.set_exception(error)
            else:
                future.set_result(result)

    def _put_back(self, batch: list[Note]) -> None:
        """Put notes back in front, where no newer one about the same call has come."""
        with self._changed:
            older = {note.call_id: note for note in batch}
            self._backlog = {**older, **self._backlog}

    def _write(self, connection: sqlite3.Connection, batch: list[Note]) -> None:
        try:
            self._transaction(connection, batch)
        except Exception as error:
            if _is_the_disks(error):
                raise
            logger.exception("a batch of %d journeys was refused; writing them one by one", len(batch))
            self._write_singly(connection, batch)

    def _write_singly(self, connection: sqlite3.Connection, batch: list[Note]) -> None:
        for note in batch:
            try:
                self._transaction(connection, [note])
            except Exception as error:
                if _is_the_disks(error):
                    raise
                logger.exception("[%s] this journey can't be written and is dropped", note.call_id)
                with self._changed:
                    self._lost += note.closed
                _tell(note)

    def _transaction(self, connection: sqlite3.Connection, batch: list[Note]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for note in batch:
                if note.closed:
                    rows.write_closed(connection, msgspec.json.decode(note.snapshot, type=Journey))
                else:
                    rows.write_open(connection, note.call_id, note.snapshot, note.noted)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        with self._changed:
            self._written += sum(note.closed for note in batch)
        for note in batch:
            _tell(note)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_records(self._path, self._connect)
        return self._connection

    def _close_connection(self) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except sqlite3.Error as error:
                logger.warning("closing the records database: %s", error)
            self._connection = None

    def _faulted(self, fault: str | None, batch: Sequence[Note] = ()) -> None:
        with self._changed:
            before, self._fault = self._fault, fault
            waiting = list(self._backlog.values()) if fault is not None else []
            refused = list(self._jobs) if fault is not None else []
            if fault is not None:
                self._jobs.clear()
        _refuse(refused, fault)
        for note in [*batch, *waiting]:
            _tell(note)
        if before == fault:
            return
        if fault is None:
            logger.info("call records can be written again")
        else:
            logger.error("%s; they are kept in memory meanwhile", fault)
        try:
            self._on_fault(fault)
        except Exception:
            logger.exception("the listener to record faults raised")

    def _give_up(self) -> None:
        with self._changed:
            self._ended = True
            left, self._backlog = list(self._backlog.values()), {}
            refused = list(self._jobs)
            self._jobs.clear()
            self._lost += sum(note.closed for note in left)
        _refuse(refused, "the records are closed")
        for note in left:
            logger.error("[%s] stopped before this journey could be written", note.call_id)
            _tell(note)
