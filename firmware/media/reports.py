"""The RTCP conversation of every RTP port: what we report, what we were told. No sockets, no clock."""

from __future__ import annotations

import secrets

import msgspec

from firmware.media import rtcp
from firmware.media.g711 import RATE
from firmware.media.jitter_state import Reception


class _Peer(msgspec.Struct):
    expected: int = 0
    """Packets expected, as of our last report."""
    received: int = 0
    sender_ntp: int = 0
    """Of its last sender report."""
    heard_at: float = 0.0
    """Wall seconds of that report."""
    far: rtcp.FarReport | None = None


class Reporter:
    """All ports, by row."""

    def __init__(self) -> None:
        self._peers: dict[int, _Peer] = {}
        self._cname = f"zongji-{secrets.token_hex(6)}"

    def report(self, row: int, ssrc: int, reception: Reception, sent: rtcp.Sent | None, wall: float) -> bytes:
        """Return what is to be sent to a row's peer now."""
        peer = self._peers.setdefault(row, _Peer())
        blocks = []
        if reception.expected > 0:
            expected = reception.expected - peer.expected
            lost = expected - (reception.received - peer.received)
            fraction = min(255, 256 * lost // expected) if expected > 0 and lost > 0 else 0
            delay = int((wall - peer.heard_at) * 65536) if peer.sender_ntp else 0
            blocks.append(
                rtcp.Block(
                    ssrc=reception.ssrc,
                    fraction_lost=fraction,
                    lost=max(-(1 << 23), min((1 << 23) - 1, reception.expected - reception.received)),
                    highest=reception.highest,
                    jitter=int(reception.jitter * RATE),
                    last_sr=peer.sender_ntp,
                    delay_since_sr=max(0, delay),
                )
            )
            peer.expected, peer.received = reception.expected, reception.received
        return rtcp.build(ssrc, self._cname, wall, sent, blocks)

    def take(self, row: int, data: bytes, own_ssrc: int, wall: float) -> bool:
        """Take a packet from a row's peer; return whether it was RTCP."""
        heard = rtcp.parse(data, own_ssrc, wall)
        if heard is None:
            return False
        peer = self._peers.setdefault(row, _Peer())
        if heard.sender_ntp is not None:
            peer.sender_ntp, peer.heard_at = heard.sender_ntp, wall
        if heard.report is not None:
            peer.far = heard.report
        return True

    def far(self, row: int) -> rtcp.FarReport | None:
        """Return what a row's peer last reported of our stream."""
        peer = self._peers.get(row)
        return None if peer is None else peer.far

    def answered(self, row: int) -> bool:
        """Whether a row's peer has ever sent a report."""
        peer = self._peers.get(row)
        return peer is not None and (peer.far is not None or peer.sender_ntp != 0)

    def forget(self, row: int) -> None:
        """Forget a row's peer."""
        self._peers.pop(row, None)
