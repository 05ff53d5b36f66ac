"""Prompt files into memory, without the tick ever touching the disk.

A thread reads whole files; all it does in Python is to call the operating system. The tick asks with
`request` and finds the samples in what it got back, some ticks later. Small files are kept, and read anew
when they changed.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections import OrderedDict
from typing import Final

from firmware.core.media import MediaError
from firmware.media.g711 import I16
from firmware.media.wavefile import mono_samples

MAX_FILE: Final = 64 << 20
"""Bytes: over an hour; longer is no prompt and would not fit this box's memory."""
MAX_KEPT_FILE: Final = 1 << 20
"""Bytes (one minute) up to which a file is kept for the next time."""
MAX_KEPT: Final = 8 << 20
"""Bytes kept in all."""

_Signature = tuple[int, int, int]


class Loading:
    """A file on its way: neither samples nor error yet, then one of them."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.samples: I16 | None = None
        self.error: str | None = None


class FileLoader:
    """The cache and its thread. `request` and `poll` belong to the tick."""

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[Loading | None] = queue.SimpleQueue()
        self._read: queue.SimpleQueue[tuple[Loading, bytes | str]] = queue.SimpleQueue()
        self._kept: OrderedDict[str, tuple[_Signature, bytes]] = OrderedDict()
        self._kept_size = 0
        self._thread = threading.Thread(target=self._run, name="file-loader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._wanted.put(None)

    def request(self, path: str) -> Loading:
        """Ask for a file."""
        loading = Loading(path)
        self._wanted.put(loading)
        return loading

    def poll(self) -> None:
        """Take over what the thread has read."""
        while not self._read.empty():
            loading, content = self._read.get_nowait()
            if isinstance(content, str):
                loading.error = f"{loading.path}: {content}"
                continue
            try:
                loading.samples = mono_samples(content)
            except MediaError as error:
                loading.error = f"{loading.path}: {error}"

    def _load(self, loading: Loading) -> None:
        try:
            self._read.put((loading, self._content(loading.path)))
        except (OSError, ValueError) as error:
            self._read.put((loading, getattr(error, "strerror", None) or str(error)))

    def _run(self) -> None:
        while (loading := self._wanted.get()) is not None:
            self._load(loading)

    def load_wanted(self) -> None:
        """Read all that was asked for, in the calling thread; for stepping without a thread."""
        with contextlib.suppress(queue.Empty):
            while (loading := self._wanted.get_nowait()) is not None:
                self._load(loading)

    def _content(self, path: str) -> bytes:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            signature = (status.st_ino, status.st_mtime_ns, status.st_size)
            kept = self._kept.get(path)
            if kept is not None and kept[0] == signature:
                self._kept.move_to_end(path)
                return kept[1]
            if status.st_size > MAX_FILE:
                raise OSError(0, f"longer than {MAX_FILE} bytes")
            content = _read_all(descriptor, status.st_size)
        finally:
            os.close(descriptor)
        self._keep(path, signature, content)
        return content

    def _keep(self, path: str, signature: _Signature, content: bytes) -> None:
        old = self._kept.pop(path, None)
        if old is not None:
            self._kept_size -= len(old[1])
        if len(content) > MAX_KEPT_FILE:
            return
        self._kept[path] = (signature, content)
        self._kept_size += len(content)
        while self._kept_size > MAX_KEPT:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._kept_size -= len(dropped)


def _read_all(descriptor: int, size: int) -> bytes:
    parts = []
    while size > 0 and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
