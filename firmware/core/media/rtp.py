"""RTP ports as their SDP speaks of them: formats, keys, the far end, our own address."""

from __future__ import annotations

import enum

import msgspec

from firmware.core.ids import PortId

PCMU = 0
PCMA = 8
"""RTP payload types of G.711 µ-law and A-law (RFC 3551, table 4)."""
G722 = 9
"""RTP payload type of G.722 at 64 kbit/s: wideband audio whose RTP clock runs at 8000 all the same."""
SRTP_KEY_BYTES = 30
"""A 128-bit master key and a 112-bit master salt (RFC 3711 §8.2)."""


class SrtpSuite(enum.StrEnum):
    """Crypto suites of SRTP (RFC 4568 §6.2): AES-128 in counter mode with HMAC-SHA1 tags of 80 or 32 bits."""

    TAG_80 = "AES_CM_128_HMAC_SHA1_80"
    TAG_32 = "AES_CM_128_HMAC_SHA1_32"


class SrtpKeys(msgspec.Struct, frozen=True):
    """What an RTP port encrypts with and what it decrypts with."""

    suite: SrtpSuite
    """In both directions."""
    ours: bytes
    """Master key and salt for what we send, `SRTP_KEY_BYTES` long."""
    theirs: bytes
    """Likewise for what the peer sends."""

    def __repr__(self) -> str:
        return f"SrtpKeys({self.suite}, ours=…, theirs=…)"


class RtpRemote(msgspec.Struct, frozen=True):
    """The far end of an RTP port, as its SDP said."""

    host: str
    port: int
    payload_type: int
    """`PCMU`, `PCMA` or `G722`, in both directions. G.722 goes unchanged from one such port to another where
    nothing is mixed in, and is decoded and encoded at 8000 Hz everywhere else."""
    event_payload_type: int | None = None
    """Payload type of telephone-event (RFC 4733); None when the peer has none."""
    send: bool = True
    """Whether we may send to it; false while it has us on hold with `inactive` or `sendonly`."""
    receive: bool = True
    """Whether what it sends enters the call."""
    srtp: SrtpKeys | None = None
    """Keys where the stream is encrypted; a packet that doesn't authenticate is then no packet. None for
    plain RTP. Keys that stay the same from one `aim_rtp` to the next go on where they were."""


class RtpAddress(msgspec.Struct, frozen=True):
    """An opened RTP port: what to write into our SDP."""

    port_id: PortId
    host: str
    port: int
