"""Frames on the UART between box and coprocessor: flags, escapes, CRC (as RFC 1662 has them). Runs on both
ends.

    7E │ control │ content, 0 to MAX_CONTENT octets │ CRC high │ CRC low │ 7E        7D, 7E inside: 7D, octet
    xor 20

This file also runs under MicroPython: plain classes, integers, no imports.
"""

FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20
MAX_CONTENT = 48
"""Octets. The longest message is a cadence of eight spans."""
_CRC_START = 0xFFFF
_CRC_POLYNOMIAL = 0x1021
_OVERHEAD = 3


def crc(data: bytes) -> int:
    """Return CRC-16/CCITT-FALSE ("123456789" gives 29B1)."""
    value = _CRC_START
    for octet in data:
        value ^= octet << 8
        for _ in range(8):
            value = (value << 1) ^ _CRC_POLYNOMIAL if value & 0x8000 else value << 1
        value &= 0xFFFF
    return value


def encode(control: int, content: bytes) -> bytes:
    """Return the octets of one frame."""
    body = bytes([control]) + content
    check = crc(body)
    out = bytearray([FLAG])
    for octet in body + bytes([check >> 8, check & 0xFF]):
        if octet in (FLAG, ESCAPE):
            out.append(ESCAPE)
            octet ^= FLIP
        out.append(octet)
    out.append(FLAG)
    return bytes(out)


class Decoder:
    """Cuts frames out of octets, however they are chunked; what is damaged or too long is dropped and
    counted."""

    def __init__(self) -> None:
        self.refused = 0
        self._body = bytearray()
        self._escaped = False
        self._spoilt = True
        """Until the first flag nothing can be a frame."""

    def forget(self) -> None:
        """Drop what has come of a frame."""
        self._body = bytearray()
        self._escaped = False
        self._spoilt = True

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the (control, content) of every frame that `data` completes."""
        frames = []
        for octet in data:
            if octet == FLAG:
                frame = self._close()
                if frame is not None:
                    frames.append(frame)
            elif self._spoilt:
                continue
            elif octet == ESCAPE:
                self._escaped = True
            elif len(self._body) >= MAX_CONTENT + _OVERHEAD:
                self.refused += 1
                self._spoilt = True
            else:
                self._body.append(octet ^ FLIP if self._escaped else octet)
                self._escaped = False
        return frames

    def _close(self) -> tuple[int, bytes] | None:
        body, escaped, spoilt = bytes(self._body), self._escaped, self._spoilt
        self._body = bytearray()
        self._escaped = self._spoilt = False
        if spoilt or not body:
            return None
        if escaped or len(body) < _OVERHEAD or crc(body[:-2]) != body[-2] << 8 | body[-1]:
            self.refused += 1
            return None
        return body[0], body[1:-2]
