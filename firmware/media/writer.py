"""The recording writer: a thread that only calls the operating system.

Theory of operation
-------------------
The tick submits jobs and never waits. A file is right at every moment: samples are written first, then the
two sizes in its header, so a kill between the two leaves a shorter but valid file. `fdatasync` runs when
nothing waits, a file every `SYNC_SECONDS`; so a power cut costs at most that, a kill of the process half a
second.

A recording continued after a restart is positioned by the monotonic clock: the hole the restart left is a
hole in the file, which reads as silence, and both channels stay in time.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec

from firmware.media.g711 import RATE
from firmware.media.wave_sizes import HEADER_SIZE, STEREO_FRAME
from firmware.media.wavefile import stereo_header

SYNC_SECONDS: Final = 5.0
"""Between two fdatasync of a file; more often wears out an SD card."""
SYNC_PAUSE: Final = 0.25
"""Seconds between any two fdatasync, so that many recordings don't keep the disk busy with nothing else."""
MAX_WAITING: Final = 16 << 20
"""Bytes of samples waiting for the disk (50 s of ten calls) before a recording is given up."""


class Open(msgspec.Struct, frozen=True):
    recorder_id: str
    path: str
    started_ns: int


class Append(msgspec.Struct, frozen=True):
    recorder_id: str
    samples: bytes | memoryview
    """Octets."""


class Close(msgspec.Struct, frozen=True):
    recorder_id: str


Job = Open | Append | Close


class Opened(msgspec.Struct, frozen=True):
    recorder_id: str


class Closed(msgspec.Struct, frozen=True):
    recorder_id: str
    frames: int
    error: str | None


class _File(msgspec.Struct):
    descriptor: int
    frames: int
    """Stereo samples in it."""
    synced: float
    """Monotonic seconds."""


class RecordingWriter:
    """`submit` and `results` belong to the tick, the rest to the thread.

    Args:
        monotonic_ns: The clock by which a continued file's gap is measured.
    """

    def __init__(self, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic_ns = monotonic_ns
        self._jobs: queue.SimpleQueue[tuple[Job, ...] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Opened | Closed] = queue.SimpleQueue()
        self._submitted = 0
        self._written = 0
        self._files: dict[str, _File] = {}
        self._next_sync = 0.0
        self._thread = threading.Thread(target=self._run, name="recording-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, close every file and end the thread."""
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, *jobs: Job) -> None:
        """Leave jobs; samples are dropped, to the file's loss, while too much waits for the disk."""
        left: list[Job] = []
        for job in jobs:
            if isinstance(job, Append):
                if self._submitted - self._written > MAX_WAITING:
                    job = Append(job.recorder_id, b"")
                self._submitted += len(job.samples)
            left.append(job)
        self._jobs.put(tuple(left))

    def results(self) -> list[Opened | Closed]:
        """Return what has been opened, closed or has failed since the last call."""
        found: list[Opened | Closed] = []
        while not self._results.empty():
            found.append(self._results.get_nowait())
        return found

    # The thread

    def _run(self) -> None:
        while True:
            try:
                jobs = self._jobs.get(timeout=1.0 if self._files else None)
            except queue.Empty:
                self._sync_oldest()
                continue
            if jobs is None:
                break
            for job in jobs:
                self.do(job)
            if self._jobs.empty():
                self._sync_oldest()
        for recorder_id in list(self._files):
            self._close(recorder_id)

    def work_off(self) -> None:
        """Do all waiting jobs in the calling thread; for stepping without a thread."""
        while not self._jobs.empty():
            for job in self._jobs.get_nowait() or ():
                self.do(job)

    def do(self, job: Job) -> None:
        """Do one job; what the disk refuses is reported once, and ends the recording, not the call."""
        if isinstance(job, Open):
            self._open(job)
        elif isinstance(job, Append):
            self._append(job)
            self._written += len(job.samples)
        else:
            self._close(job.recorder_id)

    def _open(self, job: Open) -> None:
        try:
            descriptor = os.open(job.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        except (OSError, ValueError) as error:
            self._fail(job.recorder_id, 0, error)
            return
        frames = 0
        try:
            size = os.fstat(descriptor).st_size
            if size > HEADER_SIZE:
                elapsed = max(0, self._monotonic_ns() - job.started_ns) * RATE // 1_000_000_000
                frames = max((size - HEADER_SIZE) // STEREO_FRAME, elapsed)
                os.ftruncate(descriptor, HEADER_SIZE + frames * STEREO_FRAME)
            os.pwrite(descriptor, stereo_header(frames), 0)
        except OSError as error:
            os.close(descriptor)
            self._fail(job.recorder_id, frames, error)
            return
        self._files[job.recorder_id] = _File(descriptor, frames, time.monotonic())
        self._results.put(Opened(job.recorder_id))

    def _append(self, job: Append) -> None:
        file = self._files.get(job.recorder_id)
        if file is None:
            return
        try:
            if not job.samples:
                raise OSError(0, "the disk is too slow")
            _write_all(file.descriptor, job.samples, HEADER_SIZE + file.frames * STEREO_FRAME)
            file.frames += len(job.samples) // STEREO_FRAME
            os.pwrite(file.descriptor, stereo_header(file.frames), 0)
        except OSError as error:
            del self._files[job.recorder_id]
            os.close(file.descriptor)
            self._fail(job.recorder_id, file.frames, error)

    def _close(self, recorder_id: str) -> None:
        file = self._files.pop(recorder_id, None)
        if file is None:
            return
        error: str | None = None
        try:
            os.fdatasync(file.descriptor)
        except OSError as failure:
            error = failure.strerror
        os.close(file.descriptor)
        self._results.put(Closed(recorder_id, file.frames, error))

    def _fail(self, recorder_id: str, frames: int, error: OSError | ValueError) -> None:
        self._results.put(Closed(recorder_id, frames, getattr(error, "strerror", None) or str(error)))

    def _sync_oldest(self) -> None:
        """Make the file durable that has waited longest, if that is long enough."""
        now = time.monotonic()
        if not self._files or now < self._next_sync:
            return
        self._next_sync = now + SYNC_PAUSE
        oldest = min(self._files.values(), key=lambda file: file.synced)
        if now - oldest.synced < SYNC_SECONDS:
            return
        oldest.synced = now
        # The next write meets the same disk and reports it; this must not end the thread.
        with contextlib.suppress(OSError):
            os.fdatasync(oldest.descriptor)


def _write_all(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of it, however the kernel cuts it."""
    view = memoryview(data)
    while view:
        count = os.pwrite(descriptor, view, offset)
        view = view[count:]
        offset += count
