"""The modem's end of an AT port: bytes in to command lines, lines out to bytes; echo, prompts, notifications.

As long as the echo is on, the text of a message comes back too, behind the prompt. Notifications go out where
the modem was told to send them, which need not be this port (`notifies`); results always do.
"""

from __future__ import annotations

import abc
import collections
from collections.abc import Callable

from hal.fake.quirks import Quirks

MAX_COMMAND = 560
"""Characters of a command line the modem takes (SIMCom: 559 and CR)."""
MAX_HISTORY = 10_000


class AtEnd(abc.ABC):
    """What bytes and lines are to any modem."""

    def __init__(self, quirks: Quirks) -> None:
        self.quirks = quirks
        self.history: collections.deque[tuple[float, str]] = collections.deque(maxlen=MAX_HISTORY)
        """Every command line received, with its moment; PINs left out."""
        self.settings: dict[str, str] = {}
        self.powered = False
        self.refused_lines = 0
        self.echo = True
        self._listening = False
        self._partial = bytearray()
        self._overlong = False
        self._out = bytearray()
        self._slipped_in: list[tuple[str, str]] = []

    @abc.abstractmethod
    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later."""

    @property
    @abc.abstractmethod
    def prompting(self) -> bool:
        """Whether it waits for a text: whatever comes is taken for that."""

    @property
    @abc.abstractmethod
    def notifies(self) -> bool:
        """Whether notifications go out of this port."""

    @abc.abstractmethod
    def _command(self, line: str) -> None:
        """Obey a command line."""

    @abc.abstractmethod
    def _text(self, byte: int) -> None:
        """Take a byte of the text it waits for."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the AT port."""
        if not self._listening or self.quirks.deaf:
            return
        for byte in data:
            if self.echo and not self._overlong:
                self._out.append(byte)
            if self.prompting:
                self._text(byte)
            elif byte == 0x0D:
                line = self._partial.decode("ascii", "replace").strip()
                self._partial.clear()
                if self._overlong:
                    self._overlong = False
                    self.refused_lines += 1
                    self.answer("ERROR")
                elif line:
                    self._command(line)
            elif len(self._partial) < MAX_COMMAND:
                self._partial.append(byte)
            else:
                self._overlong = True

    def data_to_send(self) -> bytes:
        data, self._out = bytes(self._out), bytearray()
        return data

    def slip_in(self, *lines: str, during: str = "") -> None:
        """Put notifications just before the result of the next command, or of the next that begins so."""
        self._slipped_in += [(during, line) for line in lines]

    def say_raw(self, data: bytes) -> None:
        """Put bytes on the wire as they are: noise, or a line of 10,000 bytes."""
        self._out += data

    def prompt(self) -> None:
        """Ask for a message's text."""
        self._out += b"\r\n> "

    def say(self, text: str, odd: bool = False) -> None:
        """Send a line; `odd` in SIMCom's CR CR LF wrapping."""
        if self.powered and not self.quirks.deaf:
            end = "\r\r\n" if odd else "\r\n"
            self._out += f"{end}{text}{end}".encode()

    def notify(self, text: str, odd: bool = False) -> None:
        """Send a line nobody asked for, where such lines come out of this port."""
        if self.notifies:
            self.say(text, odd)

    def answer(self, text: str) -> None:
        """Give a command its final result."""
        command = self.history[-1][1] if self.history else ""
        due = [line for during, line in self._slipped_in if command.startswith(during)]
        self._slipped_in = [(d, line) for d, line in self._slipped_in if not command.startswith(d)]
        for line in due:
            self.notify(line)
        if self.quirks.answer_seconds > 0:
            self.after(self.quirks.answer_seconds, lambda: self.say(text))
        else:
            self.say(text)

    def refuse(self, code: int) -> None:
        """Give a command a CME error, numeric only when asked to (CMEE)."""
        self.answer(f"+CME ERROR: {code}" if self.settings["+CMEE"] != "0" else "ERROR")

    def refuse_message(self, code: int) -> None:
        """Give a command about messages a CMS error."""
        self.answer(f"+CMS ERROR: {code}" if self.settings["+CMEE"] != "0" else "ERROR")

    def _forget_wire(self) -> None:
        """Power was off: nothing is half said or half heard."""
        self.echo = True
        self._partial.clear()
        self._out.clear()
