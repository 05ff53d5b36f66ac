"""Starts and ends the processes of the simulation, each by the pid it was given."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware.core.errors import ZongjiError

# A process that was asked to end closes recordings and the database; then it has had its chance.
_STOP_PATIENCE_SECONDS = 8.0


class ProcessFailed(ZongjiError):
    """A process of the simulation didn't start or ended by itself; the text says which and why."""


class Child:
    """One process, its output kept in a log file.

    Args:
        name: What it is called in messages: "switch".
        arguments: For this Python: `["-m", "firmware", …]`.
        log: Where its output goes; appended to.
    """

    def __init__(self, name: str, arguments: Sequence[str | Path], log: Path) -> None:
        self.name = name
        self.log = log
        self._arguments = [str(argument) for argument in arguments]
        self._process: asyncio.subprocess.Process | None = None
        self._log_begins = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it; it gets Ctrl-C from us alone, in our order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._log_begins = output.tell()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    async def wait(self) -> int:
        """Wait until it ends; return its exit status."""
        if self._process is None:
            return 0
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and end it by force when it doesn't."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_PATIENCE_SECONDS):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def last_words(self, lines: int = 8) -> str:
        """Return the end of what it has logged since its last start, for an error message."""
        if not self.log.exists():
            return ""
        text = self.log.read_bytes()[self._log_begins :].decode("utf-8", errors="replace")
        return "\n".join("    " + line for line in text.splitlines()[-lines:])


async def until_there(path: Path, child: Child, seconds: float) -> None:
    """Wait until a process has made a socket or link.

    Raises:
        ProcessFailed: It ended first, or took too long.
    """
    try:
        async with asyncio.timeout(seconds):
            while not path.exists():
                if not child.running:
                    raise ProcessFailed(f"the {child.name} process ended at once:\n{child.last_words()}")
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise ProcessFailed(
            f"the {child.name} process was not ready after {seconds:.0f} s:\n{child.last_words()}"
        ) from None


async def until_listening(port: int, child: Child, seconds: float) -> None:
    """Wait until a process takes connections at a TCP port of this computer.

    Raises:
        ProcessFailed: It ended first, or took too long.
    """
    try:
        async with asyncio.timeout(seconds):
            while True:
                if not child.running:
                    raise ProcessFailed(f"the {child.name} process ended at once:\n{child.last_words()}")
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                return
    except TimeoutError:
        raise ProcessFailed(
            f"the {child.name} process was not ready after {seconds:.0f} s:\n{child.last_words()}"
        ) from None
