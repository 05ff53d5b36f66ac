"""Switches that write until their power goes: one process that has all modules, and a fork of it a run.

A start of Python costs ten times what a run does.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_LIFE_S = 0.12
"""After "ready": some dozens of calls, so that kills fall into every step of a transaction."""

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
        self._say(f"{seed} {at_write}")
        self._hear()
        lines = []
        while not (line := self._hear()).startswith("gone"):
            lines.append(line)
        assert line == f"gone {CUT}", "the power was to go"
        return lines

    def kill(self, seed: int) -> list[str]:
        """Run a switch and kill it at a seeded moment; return what it had told."""
        self._say(f"{seed} 0")
        pid = int(self._hear().removeprefix("pid "))
        lines = []
        while (line := self._hear()) != "ready":
            lines.append(line)
        time.sleep(random.Random(seed).random() * LONGEST_LIFE_S)
        os.kill(pid, signal.SIGKILL)
        while not (line := self._hear()).startswith("gone"):
            lines.append(line)
        assert line == f"gone {KILLED}"
        return lines

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)

    def _hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process that starts switches is gone"
        return line.rstrip("\n")
