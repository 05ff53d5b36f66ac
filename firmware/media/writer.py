"""The recording writer: a thread that only calls the operating system.

Theory of operation
-------------------
The tick submits jobs and never waits. A file is right at every moment: samples are written first, then the
two sizes in its header, so a kill between the two leaves a shorter but valid file. `fdatasync` runs when
nothing waits, a file every `SYNC_SECONDS`; so a power cut costs at most that, a kill of the process half a
second.

A recording continued after a restart is positioned by the monotonic clock: what the restart left out is
silence, and both channels stay in time. It stays in the form it began in, whatever the ports speak now.
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
from firmware.media.recording_form import LONGEST_HEADER, Form, form_of
from firmware.media.recording_samples import converted, silence_of

SYNC_SECONDS: Final = 5.0
"""Between two fdatasync of a file; more often wears out an SD card."""
SYNC_PAUSE: Final = 0.25
"""Seconds between any two fdatasync, so that many recordings don't keep the disk busy with nothing else."""
MAX_WAITING: Final = 16 << 20
"""Bytes of samples waiting for the disk (50 s of ten calls) before a recording is given up."""
MAX_GAP: Final = 120 * RATE
"""Samples of silence put where a restart was; who was away for longer goes on where the file ends."""


class Open(msgspec.Struct, frozen=True):
    recorder_id: str
    path: str
    started_ns: int
    form: Form = Form.PCM
    """Of a file that isn't there yet."""


class Part(msgspec.Struct, frozen=True):
    """What one recorder has heard."""

    recorder_id: str
    samples: bytes | memoryview
    """Octets; none where the disk was too slow for them."""
    form: Form


class Append(msgspec.Struct, frozen=True):
    parts: list[Part]


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
    form: Form
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
                    job = Append([Part(part.recorder_id, b"", part.form) for part in job.parts])
                self._submitted += _size(job)
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
            for part in job.parts:
                self._append(part)
            self._written += _size(job)
        else:
            self._close(job.recorder_id)

    def _open(self, job: Open) -> None:
        try:
            descriptor = os.open(job.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        except (OSError, ValueError) as error:
            self._fail(job.recorder_id, 0, error)
            return
        file = _File(descriptor, job.form, 0, time.monotonic())
        try:
            form = form_of(os.pread(descriptor, LONGEST_HEADER, 0))
            if form is not None:
                file.form = form
                self._continue(file, max(0, self._monotonic_ns() - job.started_ns) * RATE // 1_000_000_000)
            os.pwrite(descriptor, file.form.header(file.frames), 0)
        except OSError as error:
            os.close(descriptor)
            self._fail(job.recorder_id, file.frames, error)
            return
        self._files[job.recorder_id] = file
        self._results.put(Opened(job.recorder_id))

    @staticmethod
    def _continue(file: _File, elapsed: int) -> None:
        """Fill a file that exists with silence up to now, `elapsed` samples after it began."""
        form = file.form
        known = max(0, os.fstat(file.descriptor).st_size - form.header_size) // form.frame_bytes
        silence = silence_of(form) * (elapsed - known if 0 < elapsed - known <= MAX_GAP else 0)
        _write_all(file.descriptor, silence, form.header_size + known * form.frame_bytes)
        file.frames = known + len(silence) // form.frame_bytes

    def _append(self, part: Part) -> None:
        file = self._files.get(part.recorder_id)
        if file is None:
            return
        form = file.form
        try:
            if not part.samples:
                raise OSError(0, "the disk is too slow")
            samples = converted(part.samples, part.form, form)
            _write_all(file.descriptor, samples, form.header_size + file.frames * form.frame_bytes)
            file.frames += len(samples) // form.frame_bytes
            os.pwrite(file.descriptor, form.header(file.frames), 0)
        except OSError as error:
            del self._files[part.recorder_id]
            os.close(file.descriptor)
            self._fail(part.recorder_id, file.frames, error)

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


def _size(job: Append) -> int:
    return sum(len(part.samples) for part in job.parts)


def _write_all(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of it, however the kernel cuts it."""
    while (count := os.pwrite(descriptor, data, offset)) < len(data):
        data = memoryview(data)[count:]
        offset += count
