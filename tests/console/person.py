"""A person at a terminal of 80 × 24, on a pty; what the console shows is kept as a screen."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Protocol, cast

import pexpect
import pyte

from firmware.core.paths import StatePaths

PASSWORD = "correct horse 9"  # noqa: S105 - of a box in a test
_PATIENCE_S = 15.0
"""For a console on a busy machine to say something."""


class Reachable(Protocol):
    """A box that a console can be started at."""

    @property
    def paths(self) -> StatePaths: ...

    @property
    def steward_socket(self) -> Path: ...


class Person:
    """Somebody at a terminal of 80 × 24."""

    def __init__(self, box: Reachable, *, dumb: bool, idle: float = 60.0) -> None:
        self.dumb = dumb
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.seen = ""
        """Everything the terminal ever got."""
        self._read_to = 0
        self._child = pexpect.spawn(
            sys.executable,
            [
                "-m",
                "firmware.console",
                "--state",
                str(box.paths.root),
                "--idle",
                str(idle),
                "--tty",
                "ttyGS0",
            ],
            dimensions=(24, 80),
            env={
                **os.environ,
                "TERM": "dumb" if dumb else "vt100",
                "ZONGJI_STEWARD": str(box.steward_socket),
                "PYTHONUNBUFFERED": "1",
            },
            timeout=_PATIENCE_S,
        )

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.close(force=True)

    def types(self, text: str) -> None:
        """Type a line, once everything has been shown."""
        self._settle()
        self._child.send(text + "\r")

    def presses(self, key: str) -> None:
        self._settle()
        self._child.send(key)

    def sees(self, *texts: str, within_s: float = _PATIENCE_S) -> None:
        """Wait until these have been shown since the last key, in whatever order."""
        deadline = time.monotonic() + within_s
        missing = list(texts)
        while missing:
            missing = [text for text in missing if text not in self.seen[self._read_to :]]
            if not missing:
                return
            assert time.monotonic() < deadline, (
                f"never saw {missing} in:\n{self.seen[-2000:]}\n{self.picture()}"
            )
            self._take(0.1)

    def is_asked(self, question: str) -> None:
        """Wait until the last line on the screen is that question, with nothing typed yet."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self._last_line().startswith(question) or not self._last_line().endswith(":"):
            assert time.monotonic() < deadline, f"never asked {question!r} in:\n{self.picture()}"
            self._take(0.05)

    def has_before_him(self, picture: str) -> None:
        """Wait until the screen is that picture, without the blanks at the end of lines."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.picture() != picture:
            assert time.monotonic() < deadline, self.picture()
            self._take(0.05)

    def picture(self) -> str:
        """Return the screen as text, without the blanks at the end of lines."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip() + "\n"

    def _last_line(self) -> str:
        return self.picture().rstrip().rpartition("\n")[2]

    def is_gone(self) -> bool:
        """Wait for the console's end."""
        with contextlib.suppress(pexpect.TIMEOUT):
            self._child.expect(pexpect.EOF)
        return not self._child.isalive()

    def _settle(self) -> None:
        while self._take(0.05):
            pass
        self._read_to = len(self.seen)

    def _take(self, seconds: float) -> bool:
        try:
            # Without an encoding, pexpect reads bytes; its stubs know of text only.
            data = cast("bytes", self._child.read_nonblocking(65536, seconds))
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            raise AssertionError(f"the console ended:\n{self.seen[-2000:]}") from None
        self._stream.feed(data)
        self.seen += data.decode("utf-8", errors="replace")
        return True

    def logs_in(self, language: str = "1", password: str = PASSWORD, *, first: bool = False) -> None:
        """Come to the main menu; `1` is Chinese, `2` English."""
        self.sees("Enter, 1, 2")
        self.types("2" if language == "en" else "1")
        self.sees("New password" if first and language == "en" else "密码" if language != "en" else "assword")
        self.types(password)
        if first:
            self.sees("The same again" if language == "en" else "再次输入")
            self.types(password)
        self.sees("Main menu" if language == "en" else "主菜单", "Number" if language == "en" else "请选择")
