"""The audio of a SIP leg: one RTP port, and what each of its calls has agreed for it.

    call A ── AudioNegotiation ─┐
    call B ── AudioNegotiation ─┼─► the call that counts ─► aim ─► RTP port
    (phones that ring at once)  ┘

Every phone that is rung gets an offer of its own, since one may want keys and another not, and no two phones
may know each other's; all offers name the one port.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from extensions.sip.call import Call
from extensions.sip.offer_answer import Agreed, AudioNegotiation, NoCommonMedia, has_wideband
from extensions.sip.sdp import SessionDescription
from extensions.sip.sdp import parse as parse_sdp
from firmware.core.media import (
    G722,
    MediaPlane,
    PortEvent,
    RtpAddress,
    RtpRemote,
    SrtpKeys,
    SrtpSuite,
)

_SESSION_BITS = 31


class LegAudio:
    """One leg's.

    Args:
        media: Where the port is.
        hear: Told what happens at the port.
    """

    def __init__(self, media: MediaPlane, hear: Callable[[PortEvent], None]) -> None:
        self.rtp: RtpAddress | None = None
        """The port; None before `open` and after `close`."""
        self.wideband = False
        """Whether what was agreed is G.722."""
        self.offered: SessionDescription | None = None
        """What the caller's INVITE offered."""
        self._agreed = False
        self._media = media
        self._hear = hear
        self._unlisten: Callable[[], None] | None = None
        self._negotiations: dict[Call, AudioNegotiation] = {}

    async def open(self, host: str) -> None:
        """Open the port.

        Args:
            host: Our address as the phone reaches it.

        Raises:
            MediaError: There is none to be had.
        """
        self.rtp = await self._media.open_rtp(host)
        self._unlisten = self._media.listen(self.rtp.port_id, self._hear)

    def close(self) -> None:
        """Give the port back. Repeatable."""
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        if self.rtp is not None:
            self._media.close_port(self.rtp.port_id)
            self.rtp = None

    @property
    def can_wideband(self) -> bool:
        """Whether G.722 is what was agreed, or, as long as nothing is, the caller offered it."""
        if self._agreed:
            return self.wideband
        return self.offered is not None and has_wideband(self.offered)

    def negotiates(self, call: Call, negotiation: AudioNegotiation) -> None:
        """Let a negotiation be a call's; it may have made an offer already."""
        self._negotiations[call] = negotiation

    def speak_wideband(self, call: Call) -> None:
        """Answer the caller's offer with G.722 when it has it."""
        negotiation = self._negotiations[call]
        self._negotiations[call] = new_negotiation(secure=negotiation.secure, wideband=True)

    def offer(self, call: Call, *, receiving: bool = True) -> bytes:
        """Write an offer of ours; `b""` without a port."""
        if self.rtp is None:
            return b""
        return self._negotiations[call].offer(self.rtp.host, self.rtp.port, receiving=receiving)

    def answer(
        self, call: Call, offer: SessionDescription, *, receiving: bool = True
    ) -> tuple[bytes, Agreed]:
        """Write the answer to an offer, and aim the port where it wants its audio.

        Raises:
            NoCommonMedia: There is nothing for us in it, or no port.
        """
        if self.rtp is None:
            raise NoCommonMedia("the port is closed")
        negotiation = self._negotiations[call]
        body, agreed = negotiation.answer(offer, self.rtp.host, self.rtp.port, receiving=receiving)
        self._aim(agreed)
        return body, agreed

    def read_answer(self, call: Call, body: bytes) -> Agreed:
        """Follow the peer's answer to our offer.

        Raises:
            NoCommonMedia: It has nothing for us.
            MalformedMessage: It is no session description.
        """
        agreed = self._negotiations[call].read_answer(parse_sdp(body))
        self._aim(agreed)
        return agreed

    def _aim(self, agreed: Agreed) -> None:
        self.wideband, self._agreed = agreed.payload_type == G722, True
        if self.rtp is None:
            return
        keys = None
        if agreed.our_key is not None and agreed.their_key is not None:
            suite = SrtpSuite(agreed.our_key.suite)
            keys = SrtpKeys(suite, agreed.our_key.key, agreed.their_key.key)
        self._media.aim_rtp(
            self.rtp.port_id,
            RtpRemote(
                host=agreed.host,
                port=agreed.port,
                payload_type=agreed.payload_type,
                event_payload_type=agreed.event_payload_type,
                send=agreed.send,
                receive=agreed.receive,
                srtp=keys,
            ),
        )


def new_negotiation(*, secure: bool, wideband: bool = False) -> AudioNegotiation:
    """Return a negotiation under a session id of its own."""
    return AudioNegotiation(secrets.randbits(_SESSION_BITS), secure=secure, wideband=wideband)
