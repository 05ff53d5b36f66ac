"""Keeps a media process running and the client attached to it.

Theory of operation
-------------------
    SEEKING ──connected──► SERVING ──end of file, or no pulse for 1 s (then killed)──► SEEKING
       └─ nobody answers at the socket: start a process, ask again every 5 ms

A process that is found running (the switch was restarted) is adopted, with the calls it still bridges. One
that dies at once, again and again, is started after growing pauses; once it has been away for
`PATIENCE_SECONDS` the client is told that nobody should wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from firmware.core.media import MediaError
from firmware.media import protocol
from firmware.media.client import MediaClient
from firmware.media.protocol import MediaStats

logger = logging.getLogger(__name__)

_Take = Callable[[protocol.Event], None]

PULSE_LIMIT: Final = 1.0
"""Seconds without a pulse (200 ms apart) after which a process counts as hung."""
CHECK_SECONDS: Final = 0.1
RETRY_SECONDS: Final = 0.005
START_SECONDS: Final = 10.0
"""For a started process to answer; an SD card's first read of numpy takes seconds."""
HEALTHY_SECONDS: Final = 5.0
"""A process that lived this long did not die at once."""
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
PATIENCE_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0
"""For a process to write its recordings to the end."""
MAX_MESSAGES: Final = 64
"""Read in one go, so that a chatty process can't hold up the switch."""


class MediaSupervisor:
    """One media process and its connection.

    Args:
        client: Attached to whatever process runs.
        socket_path: The control socket; its folder must exist.
        rtp_ports: Lowest and highest local RTP port, as "20000-20999".
        starts: Whether to start a process where none answers; False where a service manager does that.
    """

    def __init__(
        self, client: MediaClient, socket_path: Path, rtp_ports: str = "20000-20999", *, starts: bool = True
    ) -> None:
        self._client = client
        self._path = socket_path
        self._rtp_ports = rtp_ports
        self._starts_process = starts
        self._child: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None
        self._swept = asyncio.Event()
        self._stats = MediaStats()
        self._restarts = 0
        self._starts = 0

    def stats(self) -> MediaStats:
        """Return the process's last figures, at most a second old; pid 0 while none answers."""
        return msgspec.structs.replace(self._stats, restarts=self._restarts)

    async def start(self) -> None:
        """Begin; returns when a media process answers and has closed what an earlier switch left running.

        Raises:
            MediaError: None could be started.
        """
        self._task = asyncio.create_task(self._run(), name="media-supervisor")
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._swept.wait()
        except TimeoutError as error:
            await self.stop()
            raise MediaError("the media process can't be started") from error

    async def stop(self) -> None:
        """End the media process, its calls and recordings with it; one that a service manager started is let
        go of. Repeatable."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        pid = self._stats.pid
        if self._child is not None:
            pid = self._child.pid
        if pid and self._starts_process:
            await self._end(pid)
        self._client.abandon("the media process was stopped")
        self._stats = MediaStats()

    async def _end(self, pid: int) -> None:
        """Ask a process to stop; insist after a while."""
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            signal.pidfd_send_signal(process, signal.SIGTERM)
            gone = asyncio.Event()
            asyncio.get_running_loop().add_reader(process, gone.set)
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await gone.wait()
            except TimeoutError:
                signal.pidfd_send_signal(process, signal.SIGKILL)
                await gone.wait()
        finally:
            asyncio.get_running_loop().remove_reader(process)
            os.close(process)
        if self._child is not None:
            self._child.wait()
            self._child = None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        away_since = loop.time()
        while True:
            connection = await self._seek(away_since)
            began = loop.time()
            try:
                await self._serve(connection)
            finally:
                connection.close()
                self._client.detach()
                self._swept.clear()
            self._restarts += 1
            away_since = loop.time()
            if away_since - began >= HEALTHY_SECONDS:
                pause = 0.0
            await asyncio.sleep(pause)
            pause = min(max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE)

    async def _seek(self, away_since: float) -> _Connection:
        """Return a connection to a running process, starting one where necessary."""
        loop = asyncio.get_running_loop()
        abandoned = False
        pause = FIRST_PAUSE
        while True:
            connection = _connect(self._path)
            if connection is not None:
                return connection
            if self._child is not None and self._child.poll() is not None:
                logger.error("media process %d ended with %d", self._child.pid, self._child.returncode)
                self._child = None
                if self._starts > 1:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
            if self._child is None and self._starts_process:
                self._spawn()
            if not abandoned and loop.time() - away_since > PATIENCE_SECONDS:
                abandoned = True
                self._client.abandon("the media process can't be started")
            await asyncio.sleep(RETRY_SECONDS)

    def _spawn(self) -> None:
        self._starts += 1
        command = [sys.executable, "-m", "firmware.media", "--socket", str(self._path)]
        command += ["--rtp-ports", self._rtp_ports]
        environment = {**os.environ, "MALLOC_ARENA_MAX": "2"}
        # A session of its own: Ctrl-C on the switch's terminal must not end the calls under it.
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, env=environment
        )
        logger.info("media process %d started", self._child.pid)

    async def _serve(self, connection: _Connection) -> None:
        """Run until the process is gone or hangs."""
        loop = asyncio.get_running_loop()
        heard = loop.time()

        def take(event: protocol.Event) -> None:
            nonlocal heard
            heard = loop.time()
            if isinstance(event, MediaStats):
                self._stats = event
            elif isinstance(event, protocol.Swept):
                self._swept.set()
            self._client.receive(event)

        self._stats = MediaStats(pid=connection.pid)
        connection.begin(take)
        self._client.attach(connection.send)
        checked = loop.time()
        while not connection.lost.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    await connection.lost.wait()
            now = loop.time()
            if now - checked > PULSE_LIMIT / 2:
                # It was us who did not get to run; what it said meanwhile is read first.
                heard = now
            checked = now
            if now - heard > PULSE_LIMIT:
                logger.error("media process %d hangs; killed", connection.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(connection.pid, signal.SIGKILL)
                break
        logger.warning("media process %d is gone", connection.pid)
        if self._child is not None and self._child.pid == connection.pid:
            await asyncio.to_thread(self._child.wait)
            self._child = None
        self._stats = MediaStats()


class _Connection:
    """The switch's end of the control socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.lost = asyncio.Event()
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        self.pid: int = struct.unpack("3i", credentials)[0]
        self._sock = sock
        # One for all messages, for the sake of the heap; see `control.py`.
        self._message = bytearray(protocol.MAX_MESSAGE)
        self._unsent: deque[bytes] = deque()
        self._take: _Take = lambda event: None
        self._loop = asyncio.get_running_loop()

    def begin(self, take: _Take) -> None:
        """Hand every event to `take` from now on."""
        self._take = take
        self._loop.add_reader(self._sock.fileno(), self._read)

    def _read(self) -> None:
        for _ in range(MAX_MESSAGES):
            try:
                size = self._sock.recv_into(self._message)
            except BlockingIOError:
                return
            except OSError:
                size = 0
            if not size:
                self._lose()
                return
            try:
                event = protocol.decode_event(memoryview(self._message)[:size])
            except msgspec.DecodeError as error:
                logger.error("media process said nonsense: %s", error)
                continue
            self._take(event)

    def send(self, command: protocol.Command) -> None:
        """Send a command, or keep it until the socket takes it."""
        self._unsent.append(protocol.encode(command))
        if len(self._unsent) == 1:
            self._flush()

    def _flush(self) -> None:
        while self._unsent:
            try:
                self._sock.send(self._unsent[0])
            except BlockingIOError:
                self._loop.add_writer(self._sock.fileno(), self._flush)
                return
            except OSError:
                self._lose()
                return
            self._unsent.popleft()
        self._loop.remove_writer(self._sock.fileno())

    def _lose(self) -> None:
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._unsent.clear()
        self.lost.set()

    def close(self) -> None:
        if self._sock.fileno() >= 0:
            self._lose()
            self._sock.close()


def _connect(path: Path) -> _Connection | None:
    """Return a connection, or None when nobody answers there."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.setblocking(False)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        return None
    return _Connection(sock)
