"""The stream of a voice modem: audio with codes shielded by DLE (ITU-T V.253, 7.2 and 9.1).

DLE DLE is one octet 10h of audio, DLE SUB two of them; DLE and another octet is a code: an event from the
modem, a command to it. DLE ETX ends the stream.
"""

from __future__ import annotations

import dataclasses
import enum

DLE, ETX, SUB, CAN = 0x10, 0x03, 0x1A, 0x18
END_DUPLEX = b"\x10^"
END_RECEIVE = b"\x10!"
END_TRANSMIT = b"\x10\x03"
FLUSH = b"\x10\x18"
"""Throw away what waits to be played, before ending a transmission."""


@dataclasses.dataclass(frozen=True)
class Audio:
    samples: bytes
    """In the format agreed by AT+VSM."""


@dataclasses.dataclass(frozen=True)
class Code:
    letter: str
    """What followed the DLE: a key, or an event of `Event`."""


@dataclasses.dataclass(frozen=True)
class StreamEnded:
    """DLE ETX: what comes now is a final result."""


class Event(enum.StrEnum):
    """Codes from the modem that say something about the line."""

    BUSY = "b"
    FAST_BUSY = "K"
    DIAL_TONE = "d"
    RINGBACK = "r"
    SILENCE = "s"
    """Nothing was heard for as long as +VSD says."""
    LOOP_BREAK = "l"
    ANSWER_TONE = "a"
    KEY_BEGINS = "/"
    KEY_ENDS = "~"


KEYS = frozenset("0123456789*#ABCD")
StreamPiece = Audio | Code | StreamEnded


def shield(samples: bytes) -> bytes:
    """Return audio as it goes into the stream."""
    return samples.replace(b"\x10", b"\x10\x10")


class Unshielder:
    """Takes a stream apart, however it is chunked."""

    def __init__(self) -> None:
        self._shielded = False

    def feed(self, data: bytes) -> tuple[list[StreamPiece], bytes]:
        """Return the pieces that `data` completes, and what comes after the end of the stream."""
        pieces: list[StreamPiece] = []
        audio = bytearray()

        def flush() -> None:
            if audio:
                pieces.append(Audio(bytes(audio)))
                audio.clear()

        for at, octet in enumerate(data):
            if not self._shielded:
                if octet == DLE:
                    self._shielded = True
                else:
                    audio.append(octet)
                continue
            self._shielded = False
            if octet == DLE:
                audio.append(DLE)
            elif octet == SUB:
                audio += b"\x10\x10"
            else:
                flush()
                if octet == ETX:
                    pieces.append(StreamEnded())
                    return pieces, data[at + 1 :]
                pieces.append(Code(chr(octet)))
        flush()
        return pieces, b""
