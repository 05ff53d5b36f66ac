"""Bytes from a modem, cut into lines and prompts.

Theory of operation
-------------------
ITU-T V.250 (5.7.1) frames an answer as CR LF text CR LF; an echo is text CR; SIMCom modems wrap some
notifications in CR CR LF. All three come apart when every run of CR and LF counts as one separator and empty
lines are dropped. The one thing without an end is the SMS prompt `> ` (3GPP TS 27.005, 3.5.1), recognised at
the beginning of a line. Bytes that can't begin a line (NUL, noise after power-up) are skipped.

What comes out doesn't depend on how the bytes were chunked. Memory is bounded: a line longer than `MAX_LINE`
is thrown away up to its end and counted in `refused`.
"""

from __future__ import annotations

import dataclasses
import re

MAX_LINE = 2048
"""Bytes. The longest line a voice modem sends with reason is a CMT PDU (350) or a CPOL list (about 1,500)."""

_LINE_END = re.compile(rb"[\r\n]")
# Everything below 0x21 and above 0x7e: no answer, notification or echo begins with one of these.
_NOT_A_BEGINNING = bytes(range(0x21)) + bytes(range(0x7F, 0x100))
_CONTROL = dict.fromkeys((*range(32), 127))
_PROMPT = b"> "


@dataclasses.dataclass(frozen=True)
class TextLine:
    text: str
    """Without line ends, surrounding blanks and control characters; never empty."""


@dataclasses.dataclass(frozen=True)
class Prompt:
    """The modem waits for the body of a message."""


Token = TextLine | Prompt


class LineSplitter:
    """Cuts the byte stream of one port; `refused` counts the lines that were too long."""

    def __init__(self) -> None:
        self.refused = 0
        self._partial = bytearray()
        self._discarding = False

    def feed(self, data: bytes) -> list[Token]:
        """Return what `data` completes, in order."""
        tokens: list[Token] = []
        *whole, rest = _LINE_END.split(data)
        for piece in whole:
            self._append(piece, tokens)
            if self._partial and not self._discarding:
                text = self._partial.decode("utf-8", "replace").translate(_CONTROL).strip()
                if text:
                    tokens.append(TextLine(text))
            self._partial.clear()
            self._discarding = False
        self._append(rest, tokens)
        return tokens

    def _append(self, piece: bytes, tokens: list[Token]) -> None:
        """Add to the line in hand; take prompts off its beginning; give it up when it grows too long."""
        if self._discarding:
            return
        self._partial += piece
        while True:
            begin = len(self._partial) - len(self._partial.lstrip(_NOT_A_BEGINNING))
            del self._partial[:begin]
            if not self._partial.startswith(_PROMPT):
                break
            del self._partial[: len(_PROMPT)]
            tokens.append(Prompt())
        if len(self._partial) > MAX_LINE:
            self.refused += 1
            self._partial.clear()
            self._discarding = True
