"""The person at the terminal: lines shown and typed, on a VT100 or on a terminal that can nothing at all.

A VT100 gets prompt_toolkit's line editor, headings in bold and meters that move. A dumb terminal gets plain
lines and an editor of its own that knows backspace, because prompt_toolkit echoes passwords there. Nothing
typed is ever longer than `LONGEST`; who types nothing for `idle_s` is logged out.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import termios
import tty
from collections.abc import Iterator, Sequence
from typing import Any, Final

import wcwidth

WIDTH: Final = 80
HEIGHT: Final = 24
LONGEST: Final = 500
"""Characters of a typed line."""

IDLE_S: Final = 300.0
"""A person who went away leaves nobody else a box to play with."""

_CLEAR = "\x1b[2J\x1b[H"
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_ERASE_LINE = "\r\x1b[K"


class Gone(Exception):
    """The person has gone: said nothing for too long, or the line was cut."""

    def __init__(self, idle: bool) -> None:
        super().__init__("idle" if idle else "line cut")
        self.idle = idle


class Cancelled(Exception):
    """Ctrl-C: back to where one came from."""


class Terminal:
    """One terminal on a pair of descriptors.

    Args:
        read_from: Open for reading; a tty, or a pipe in tests.
        write_to: Open for writing.
        dumb: Whether it understands no escape sequences.
        idle_s: How long it may be silent.
    """

    def __init__(self, read_from: int, write_to: int, *, dumb: bool, idle_s: float = IDLE_S) -> None:
        self._in = read_from
        self._out = write_to
        self.dumb = dumb
        self.idle_s = idle_s
        self._editor: Any = None

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Have the terminal to ourselves for the length of the block: nothing typed ahead is echoed by it."""
        with self._raw():
            yield

    # Showing

    def show(self, *lines: str) -> None:
        """Show lines, each cut to the width of the screen; control characters in them are made visible."""
        for line in lines:
            self._write(clipped(plain(line)) + "\r\n")

    def tell(self, text: str, indent: int = 0) -> None:
        """Show a sentence, in as many lines as it takes; those after the first begin `indent` cells in."""
        # The terminal by itself would break it in the middle of a word. Rows of tables are cut instead.
        self.show(*wcwidth.wrap(plain(text), WIDTH - 1, subsequent_indent=" " * indent))

    def heading(self, text: str) -> None:
        """Begin a new screen."""
        if self.dumb:
            self._write("\r\n" + clipped(f"== {plain(text)} ==") + "\r\n")
        else:
            self._write(f"{_CLEAR}{_BOLD}{clipped(plain(text))}{_PLAIN}\r\n\r\n")

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", errors="replace")
        while data:
            try:
                data = data[os.write(self._out, data) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Gone(idle=False) from None

    # Asking

    async def ask(self, prompt: str, *, secret: bool = False, default: str = "") -> str:
        """Return a typed line without the blanks around it.

        Raises:
            Cancelled: Ctrl-C.
            Gone: Nobody types any more.
        """
        label = f"{prompt} [{default}]: " if default else f"{prompt}: "
        try:
            async with asyncio.timeout(self.idle_s):
                typed = await (self._ask_dumb(label, secret) if self.dumb else self._ask_vt100(label, secret))
        except TimeoutError:
            raise Gone(idle=True) from None
        typed = typed[:LONGEST] if secret else typed[:LONGEST].strip()
        return typed or default

    async def pause(self, prompt: str) -> None:
        """Wait for Enter."""
        with contextlib.suppress(Cancelled):
            await self.ask(prompt)

    async def pages(self, lines: Sequence[str], more: str) -> None:
        """Show lines, a screen at a time; `q` ends it."""
        room = HEIGHT - 4
        for start in range(0, len(lines), room):
            self.show(*lines[start : start + room])
            if start + room < len(lines) and (await self.ask(more)).lower() in ("q", "0"):
                return

    async def live(self, line: str) -> bool:
        """Show a line in the place of the last one; True when a key was pressed since."""
        text = clipped(plain(line))
        self._write(f"{text}\r\n" if self.dumb else f"{_ERASE_LINE}{text}")
        with self._raw():
            loop = asyncio.get_running_loop()
            pressed = asyncio.Event()
            loop.add_reader(self._in, pressed.set)
            try:
                async with asyncio.timeout(1.0 if self.dumb else 0.25):
                    await pressed.wait()
            except TimeoutError:
                return False
            finally:
                loop.remove_reader(self._in)
            if not os.read(self._in, 64):
                raise Gone(idle=False)
        self._write("\r\n")
        return True

    async def _ask_vt100(self, label: str, secret: bool) -> str:
        # Takes half a second to import on a Pi, and its memory: not before somebody is there.
        from prompt_toolkit import PromptSession
        from prompt_toolkit.data_structures import Size
        from prompt_toolkit.input.vt100 import Vt100Input
        from prompt_toolkit.output.vt100 import Vt100_Output

        if self._editor is None:
            self._editor = PromptSession(
                input=Vt100Input(os.fdopen(os.dup(self._in), "r")),
                output=Vt100_Output(
                    os.fdopen(os.dup(self._out), "w"),
                    get_size=lambda: Size(rows=HEIGHT, columns=WIDTH),
                    term="vt100",
                    enable_cpr=False,
                ),
            )
        try:
            return str(await self._editor.prompt_async(label, is_password=secret))
        except KeyboardInterrupt:
            raise Cancelled from None
        except (EOFError, OSError):
            raise Gone(idle=False) from None

    async def _ask_dumb(self, label: str, secret: bool) -> str:
        self._write(label)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        typed: list[str] = []
        loop = asyncio.get_running_loop()
        there = asyncio.Event()
        with self._raw():
            loop.add_reader(self._in, there.set)
            try:
                while True:
                    await there.wait()
                    there.clear()
                    # One octet at a time: what follows the end of the line belongs to the next question.
                    data = os.read(self._in, 1)
                    if not data:
                        raise Gone(idle=False)
                    for letter in decoder.decode(data):
                        if letter in "\r\n":
                            self._write("\r\n")
                            return "".join(typed)
                        if letter == "\x03":
                            self._write("^C\r\n")
                            raise Cancelled
                        if letter == "\x04" and not typed:
                            raise Gone(idle=False)
                        self._edit(typed, letter, secret)
            except OSError:
                raise Gone(idle=False) from None
            finally:
                loop.remove_reader(self._in)

    def _edit(self, typed: list[str], letter: str, secret: bool) -> None:
        if letter in "\x7f\x08":
            if typed:
                gone = typed.pop()
                cells = 1 if secret else max(1, wcwidth.wcwidth(gone))
                self._write("\b \b" * cells)
        elif letter == "\x15":
            while typed:
                self._edit(typed, "\x08", secret)
        elif letter.isprintable() and len(typed) < LONGEST:
            typed.append(letter)
            self._write("*" if secret else letter)

    @contextlib.contextmanager
    def _raw(self) -> Iterator[None]:
        """Have keys come one by one, without echo, for the length of the block."""
        try:
            before = termios.tcgetattr(self._in)
        except termios.error:
            yield
            return
        tty.setraw(self._in, termios.TCSADRAIN)
        try:
            yield
        finally:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._in, termios.TCSADRAIN, before)


def plain(text: str) -> str:
    """Return a text without anything that a terminal would obey: what came from a wire stays harmless."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def clipped(text: str, width: int = WIDTH - 1) -> str:
    """Return a text cut to `width` cells; a Chinese character takes two."""
    if wcwidth.wcswidth(text) <= width:
        return text
    cells, kept = 0, []
    for letter in text:
        cells += max(0, wcwidth.wcwidth(letter))
        if cells > width - 1:
            break
        kept.append(letter)
    return "".join(kept) + "…"


def padded(text: str, width: int) -> str:
    """Return a text cut or filled to exactly `width` cells."""
    text = clipped(text, width)
    return text + " " * max(0, width - wcwidth.wcswidth(text))
