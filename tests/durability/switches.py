"""Switches that write until their power goes: one process that has all modules, and a fork of it a run.

A start of Python costs ten times what a run does.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_LIFE_S = 0.12
"""After "ready": some dozens of calls, so that kills fall into every step of a transaction."""

LONGEST_RUN_S = 60.0
"""A run takes a tenth of a second; this is for a machine with much else to do."""

KILLED = -signal.SIGKILL
CUT = 137
"""Exit status of a process whose power the faulty card cut."""


class Switches:
    """Runs `writing_switch` on one state folder, again and again.

    Args:
        state: Of the box.
        card: The faulty card as a library; None for a good one.
    """

    def __init__(self, state: Path, card: Path | None = None) -> None:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        if card is not None:
            environment["LD_PRELOAD"] = str(card)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.writing_switch", str(state)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Switches:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def cut(self, seed: int, at_write: int) -> list[str]:
        """Run a switch whose power goes at its `at_write`-th write to a file; return what it had told."""
        with self._begun(f"{seed} {at_write}"):
            lines = self._until(lambda line: line.startswith("gone "))
        assert lines.pop() == f"gone {CUT}", "the power was to go"
        return lines

    def kill(self, seed: int) -> list[str]:
        """Run a switch and kill it at a seeded moment; return what it had told."""
        with self._begun(f"{seed} 0"):
            *_, first = self._until(lambda line: line.startswith("pid "))
            lines = self._until(lambda line: line == "ready")
            time.sleep(random.Random(seed).random() * LONGEST_LIFE_S)
            os.kill(int(first.removeprefix("pid ")), signal.SIGKILL)
            lines += self._until(lambda line: line.startswith("gone "))
        assert lines.pop() == f"gone {KILLED}"
        return lines

    @contextlib.contextmanager
    def _begun(self, order: str) -> Iterator[None]:
        """Have a switch run, and not for ever."""
        watch = threading.Timer(LONGEST_RUN_S, self._process.kill)
        watch.start()
        try:
            assert self._process.stdin is not None
            print(order, file=self._process.stdin, flush=True)
            yield
        finally:
            watch.cancel()

    def _until(self, is_it: Callable[[str], bool]) -> list[str]:
        """Return the lines up to and with the one that is waited for."""
        assert self._process.stdout is not None
        lines: list[str] = []
        while not lines or not is_it(lines[-1]):
            line = self._process.stdout.readline()
            assert line.endswith("\n"), f"no more was heard after {lines}"
            lines.append(line.rstrip("\n"))
        return lines
