"""The media process's end of the control socket. Read before each tick, within a time budget, written
after it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from firmware.media import protocol

BUDGET_SECONDS: Final = 0.004
"""Spent on commands in one tick; hundreds of ports told anew must not make the next tick late."""
LEAST_SECONDS: Final = 0.0005
"""Spent on commands even when the next tick is late: some of them end calls."""
MAX_UNSENT: Final = 4096
"""Events kept for a switch that doesn't read; then the connection is dropped, and told anew after the
next."""


class ControlServer:
    """Listens at `path`, serves one switch at a time.

    Raises:
        OSError: The path can't be used, or another media process serves it.
    """

    def __init__(self, path: str) -> None:
        self.refused = 0
        """Messages that were no commands."""
        self._path = path
        self._turn = 0
        # One for all messages. A new one for each, cut to the message's length, would have the heap grow for
        # hours: what is kept of a message settles in the midst of room that the next one then doesn't fit in.
        self._message = bytearray(protocol.MAX_MESSAGE + 1)
        self._switch: socket.socket | None = None
        self._unsent: deque[bytes] = deque()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.setblocking(False)
        _clear_stale(path)
        before = os.umask(0o177)
        try:
            self._listener.bind(path)
        finally:
            os.umask(before)
        self._listener.listen(4)
        self._inbox = select.epoll()
        """What there is to read; one descriptor, and a low one, however many sockets are opened later."""
        self._inbox.register(self._listener, select.EPOLLIN)

    @property
    def connected(self) -> bool:
        return self._switch is not None

    def receive(self, apply: Callable[[protocol.Command], None], until: float) -> None:
        """Hand over what the switch has sent, until that moment, or for `LEAST_SECONDS` if it is past."""
        self._accept()
        until = max(until, time.monotonic() + LEAST_SECONDS)
        while self._switch is not None and time.monotonic() < until:
            try:
                size = self._switch.recv_into(self._message)
            except BlockingIOError:
                return
            except OSError:
                size = 0
            if not size:
                self.drop()
                return
            try:
                command = protocol.decode_command(memoryview(self._message)[:size])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.refused += 1
                continue
            apply(command)

    def wait(self, seconds: float) -> bool:
        """Sleep so long, or until the switch, or somebody new, has something to say; tell whether it has."""
        # select takes microseconds where epoll takes milliseconds.
        heard, _, _ = select.select((self._inbox,), (), (), max(0.0, seconds))
        return bool(heard)

    def send(self, events: Sequence[protocol.Event]) -> None:
        """Send events; without a switch they are forgotten, as the next is told its own state anyway."""
        if self._switch is None:
            return
        self._unsent.extend(protocol.encode(event) for event in events)
        while self._unsent and self._switch is not None:
            try:
                self._switch.send(self._unsent[0])
            except BlockingIOError:
                if len(self._unsent) > MAX_UNSENT:
                    self.drop()
                return
            except OSError:
                self.drop()
                return
            self._unsent.popleft()

    def _accept(self) -> None:
        try:
            newcomer, _ = self._listener.accept()
        except OSError:
            return
        if self._switch is not None:
            newcomer.close()
            return
        newcomer.setblocking(False)
        self._switch = newcomer
        self._inbox.register(newcomer, select.EPOLLIN)

    def drop(self) -> None:
        """Let the switch go; calls go on."""
        if self._switch is not None:
            self._switch.close()
        self._switch = None
        self._unsent.clear()

    def close(self) -> None:
        """Stop listening and remove the path."""
        self.drop()
        self._inbox.close()
        self._listener.close()
        with contextlib.suppress(OSError):
            Path(self._path).unlink()


def _clear_stale(path: str) -> None:
    """Remove a socket that nobody answers at, as a killed process leaves it.

    Raises:
        OSError: Somebody does answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            with contextlib.suppress(FileNotFoundError):
                Path(path).unlink()
            return
        except BlockingIOError:
            pass
    raise OSError(f"{path}: another media process listens there")
