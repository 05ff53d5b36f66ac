"""SRTP and SRTCP with AES-128 in counter mode and HMAC-SHA1 (RFC 3711), sans IO: a direction of a port each.

Theory of operation
-------------------
A master key and salt give three session keys (section 4.3): cipher, authentication, salt; three more for
RTCP. A packet's number is its sequence number with a rollover counter (ROC) above it, which is not sent: the
receiver takes the one that brings the packet nearest to what it has heard (section 3.3.1). Payloads are
enciphered with AES in counter mode, the whole packet and the ROC are authenticated by HMAC-SHA1, cut to 80
or 32 bits. A packet is believed only when its tag is right and its number is new.

We begin a stream with a sequence number below 2^15 (`transmit.py`), so that losses at the beginning can't
leave a peer with the wrong ROC. Its ROC we know from the beginning of the call on; after a restart of this
process the first packet of a source is tried with `ROCS_TRIED` of them.

Keys never change their derivation (key derivation rate 0) and there is no MKI, as in every phone's SDES.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from firmware.core.media import SRTP_KEY_BYTES, SrtpSuite
from firmware.media.rtp import HEADER, MAX_PACKET, payload_start

TAGS: Final = {SrtpSuite.TAG_80: 10, SrtpSuite.TAG_32: 4}
"""Bytes of an RTP packet's tag."""
REPORT_TAG: Final = 10
"""Bytes of an RTCP packet's tag, in either suite (RFC 4568 section 6.2)."""
REPORT_INDEX: Final = 4
"""Bytes after an RTCP packet: whether it is enciphered, and its number."""
REPORT_HEADER: Final = 8
"""Bytes of an RTCP packet that stay readable."""
ROCS_TRIED: Final = 16
"""For the first packet of a source: 5.8 hours of 20 ms packets."""
MAX_SOURCES: Final = 4
"""SSRCs of one peer that are followed; a phone has one, and a new one after a hold or a transfer."""
WINDOW: Final = 128
"""Packets behind the newest within which a late one is told from a copy."""
_ENCIPHERED: Final = 1 << 31
_CIPHER_BYTES: Final = 16
_AUTH_BYTES: Final = 20
_SALT_BYTES: Final = 14
_HALF: Final = 1 << 15

_Bytes = bytes | memoryview


def keystream(key: bytes, iv: bytes, count: int) -> bytes:
    """Return AES-CM's segment of `count` bytes (section 4.1.1)."""
    return Cipher(AES(key), CTR(iv)).encryptor().update(bytes(count))


def derive(master: bytes, label: int, count: int) -> bytes:
    """Return a session key (section 4.3.3).

    Args:
        master: Master key and salt, 30 bytes.
        label: 0 to 2 for RTP: cipher, authentication, salt; 3 to 5 for RTCP.
        count: Bytes wanted.
    """
    salt = int.from_bytes(master[_CIPHER_BYTES:], "big") ^ label << 48
    return keystream(master[:_CIPHER_BYTES], (salt << 16).to_bytes(16, "big"), count)


class _Session:
    """The three keys of RTP or RTCP, ready for use."""

    def __init__(self, master: bytes, first_label: int, tag_bytes: int) -> None:
        self.tag_bytes = tag_bytes
        self._salt = int.from_bytes(derive(master, first_label + 2, _SALT_BYTES), "big") << 16
        cipher = Cipher(AES(derive(master, first_label, _CIPHER_BYTES)), CTR(bytes(16)))
        # The context type that can be given a new counter is not named in the library's public interface.
        self._cipher: Any = cipher.encryptor()
        self._mac = hmac.new(derive(master, first_label + 1, _AUTH_BYTES), digestmod=hashlib.sha1)

    def crypt(self, data: _Bytes, ssrc: int, index: int) -> bytes:
        """Encipher or decipher."""
        self._cipher.reset_nonce((self._salt ^ ssrc << 64 ^ index << 16).to_bytes(16, "big"))
        return bytes(self._cipher.update(data))

    def tag(self, *parts: _Bytes) -> bytes:
        mac = self._mac.copy()
        for part in parts:
            mac.update(part)
        return mac.digest()[: self.tag_bytes]


class _Numbers:
    """Which packet numbers of one source have been seen (section 3.3.2)."""

    __slots__ = ("newest", "seen")

    def __init__(self, newest: int) -> None:
        self.newest = newest
        self.seen = 0
        """Bit n: number `newest` - n was seen."""

    def is_new(self, index: int) -> bool:
        behind = self.newest - index
        return behind < 0 or (behind < WINDOW and not self.seen >> behind & 1)

    def note(self, index: int) -> None:
        ahead = index - self.newest
        if ahead > 0:
            self.seen = (self.seen << min(ahead, WINDOW) | 1) & ((1 << WINDOW) - 1)
            self.newest = index
        else:
            self.seen |= 1 << -ahead


def _nearest(sequence: int, newest: int) -> int:
    """Return the number with this sequence number that lies nearest to `newest` (appendix A)."""
    ahead = (sequence - newest + _HALF) % (1 << 16) - _HALF
    return newest + ahead


class SrtpSender:
    """What we send on one port.

    Args:
        suite: How long the tags are.
        master: Our master key and salt, 30 bytes.

    Raises:
        ValueError: It has another length.
    """

    def __init__(self, suite: SrtpSuite, master: bytes) -> None:
        _check(master)
        self._packets = _Session(master, 0, TAGS[suite])
        self._reports = _Session(master, 3, REPORT_TAG)
        self._newest: tuple[int, int] | None = None
        """SSRC and number of the last packet."""
        self._report_index = 0

    def protect(self, packet: _Bytes) -> bytes:
        """Return an RTP packet, as `rtp.build` makes them, ready to be sent; longer by its tag."""
        ssrc = int.from_bytes(packet[8:12], "big")
        sequence = int.from_bytes(packet[2:4], "big")
        known = self._newest is not None and self._newest[0] == ssrc
        index = _nearest(sequence, self._newest[1]) if self._newest is not None and known else sequence
        self._newest = (ssrc, index)
        sealed = bytes(packet[:HEADER]) + self._packets.crypt(packet[HEADER:], ssrc, index)
        return sealed + self._packets.tag(sealed, (index >> 16).to_bytes(4, "big"))

    def protect_report(self, packet: _Bytes) -> bytes:
        """Return a compound RTCP packet ready to be sent; 14 bytes longer."""
        index = self._report_index
        self._report_index = (index + 1) % _ENCIPHERED
        ssrc = int.from_bytes(packet[4:REPORT_HEADER], "big")
        sealed = (
            bytes(packet[:REPORT_HEADER])
            + self._reports.crypt(packet[REPORT_HEADER:], ssrc, index)
            + (index | _ENCIPHERED).to_bytes(REPORT_INDEX, "big")
        )
        return sealed + self._reports.tag(sealed)


class SrtpReceiver:
    """What a peer sends to one port.

    Args:
        suite: How long the tags are.
        master: The peer's master key and salt, 30 bytes.

    Raises:
        ValueError: It has another length.
    """

    def __init__(self, suite: SrtpSuite, master: bytes) -> None:
        _check(master)
        self._packets = _Session(master, 0, TAGS[suite])
        self._reports = _Session(master, 3, REPORT_TAG)
        self._sources: dict[int, _Numbers] = {}
        self._report_sources: dict[int, _Numbers] = {}

    def unprotect(self, packet: _Bytes) -> bytes | None:
        """Return the RTP packet, or None when it is forged, a copy, or nonsense."""
        cut = len(packet) - self._packets.tag_bytes
        if cut < HEADER or len(packet) > MAX_PACKET:
            return None
        body, tag = packet[:cut], packet[cut:]
        start = payload_start(body)
        if start is None:
            return None
        ssrc = int.from_bytes(packet[8:12], "big")
        sequence = int.from_bytes(packet[2:4], "big")
        numbers = self._sources.get(ssrc)
        if numbers is None:
            choices = [roc << 16 | sequence for roc in range(ROCS_TRIED)]
        else:
            choices = [_nearest(sequence, numbers.newest)]
        for index in choices:
            expected = self._packets.tag(body, (index >> 16 & 0xFFFFFFFF).to_bytes(4, "big"))
            if hmac.compare_digest(expected, bytes(tag)):
                break
        else:
            return None
        if not _believe(self._sources, ssrc, index):
            return None
        return bytes(body[:start]) + self._packets.crypt(body[start:], ssrc, index)

    def unprotect_report(self, packet: _Bytes) -> bytes | None:
        """Return the compound RTCP packet, or None when it is forged, a copy, or nonsense."""
        cut = len(packet) - REPORT_TAG
        if cut < REPORT_HEADER + REPORT_INDEX or len(packet) > MAX_PACKET:
            return None
        body, tag = packet[:cut], packet[cut:]
        if not hmac.compare_digest(self._reports.tag(body), bytes(tag)):
            return None
        ssrc = int.from_bytes(body[4:REPORT_HEADER], "big")
        trailer = int.from_bytes(body[-REPORT_INDEX:], "big")
        index = trailer & ~_ENCIPHERED
        if not _believe(self._report_sources, ssrc, index):
            return None
        content = body[REPORT_HEADER:-REPORT_INDEX]
        if trailer & _ENCIPHERED:
            content = self._reports.crypt(content, ssrc, index)
        return bytes(body[:REPORT_HEADER]) + bytes(content)


def _believe(sources: dict[int, _Numbers], ssrc: int, index: int) -> bool:
    """Note an authentic number of a source; return whether it is new."""
    numbers = sources.get(ssrc)
    if numbers is None:
        if len(sources) >= MAX_SOURCES:
            del sources[next(iter(sources))]
        numbers = sources[ssrc] = _Numbers(index - 1)
    if index < 0 or not numbers.is_new(index):
        return False
    numbers.note(index)
    return True


def _check(master: bytes) -> None:
    if len(master) != SRTP_KEY_BYTES:
        raise ValueError(f"an SRTP master key and salt have {SRTP_KEY_BYTES} bytes")


class SrtpPort(msgspec.Struct, frozen=True):
    """Both directions of one port."""

    sender: SrtpSender
    receiver: SrtpReceiver
