"""Offer and answer for one audio stream with telephone-event (RFC 3264, RFC 4733).

Theory of operation
-------------------
An `AudioNegotiation` is our side of one call's media: it writes offers and answers with our one audio
line and reads the peer's. A-law is preferred to µ-law; with `wideband` G.722 comes before both, which is
for two phones that both have it. The answer names one codec, so both directions agree. Other media lines of
an offer are refused with port 0, in their places. The `o=` version rises whenever what we say differs from
what we last said.

Hold is a direction: who puts the other on hold stops *receiving* (sendonly, inactive, or the old
c=0.0.0.0). We describe ours by `receiving`; the peer's is `Agreed.send`.

With `secure` the stream is SRTP with keys in the SDP (RTP/SAVP, `sdes.py`), and plain RTP is refused: what
was set to be secret must not fall back.
"""

from __future__ import annotations

import msgspec

from extensions.sip.flow import is_unspecified
from extensions.sip.sdes import CryptoKey, choose
from extensions.sip.sdp import MediaDirection, MediaLine, SessionDescription
from firmware.core.errors import PeerError
from firmware.core.media import G722, PCMA, PCMU

# The payload type we offer for telephone-event; 101 is what most phones use, which saves them a mapping.
EVENT_PAYLOAD_TYPE = 101
# Packet time of the media plane's tick.
PTIME_MS = 20

_NAMES = {G722: "G722", PCMA: "PCMA", PCMU: "PCMU"}
_NARROWBAND = (PCMA, PCMU)
_WIDEBAND = (G722, *_NARROWBAND)


class NoCommonMedia(PeerError):
    """Nothing both sides can speak: 488 on an offer, hang-up on an answer."""


class Agreed(msgspec.Struct, frozen=True):
    """What offer and answer came to, from our side."""

    host: str
    """Where our audio goes."""
    port: int
    payload_type: int
    event_payload_type: int | None
    send: bool
    """Whether the peer wants to hear us; it has put us on hold when not."""
    receive: bool
    """Whether the peer sends to us."""
    our_key: CryptoKey | None = None
    """What we encrypt with; None for plain RTP."""
    their_key: CryptoKey | None = None


class AudioNegotiation:
    """Our side of one call's media.

    Args:
        session_id: The `o=` session id, below 2**62.
        secure: Speak SRTP, and nothing else.
        wideband: Speak G.722 where the peer does.
    """

    def __init__(self, session_id: int, *, secure: bool = False, wideband: bool = False) -> None:
        self.codecs = _WIDEBAND if wideband else _NARROWBAND
        """What we speak, best first."""
        self._key = CryptoKey.new() if secure else None
        self._session_id = session_id
        self._version = session_id
        self._last: tuple[str, ...] | None = None

    @property
    def secure(self) -> bool:
        return self._key is not None

    def offer(self, host: str, port: int, *, receiving: bool = True, sending: bool = True) -> bytes:
        """Write an offer of our one stream at host:port."""
        direction = MediaDirection.of(sends=sending, receives=receiving)
        return self._write(host, [_audio_lines(port, self.codecs, EVENT_PAYLOAD_TYPE, direction, self._key)])

    def answer(
        self, offer: SessionDescription, host: str, port: int, *, receiving: bool = True
    ) -> tuple[bytes, Agreed]:
        """Write the answer to an offer; return it with what was agreed.

        Raises:
            NoCommonMedia: The offer has no stream for us; answer 488.
        """
        chosen = _choose(offer, self.codecs, secure=self._key is not None)
        if chosen is None:
            raise NoCommonMedia("no audio we speak was offered")
        agreed = self._keyed(_agree(offer, chosen, self.codecs), chosen)
        theirs = offer.direction_of(chosen)
        direction = MediaDirection.of(sends=theirs.receives, receives=theirs.sends and receiving)
        sections = [
            _audio_lines(port, (agreed.payload_type,), agreed.event_payload_type, direction, self._key)
            if line is chosen
            else [f"m={line.kind} 0 {line.protocol} {' '.join(line.formats) or '0'}"]
            for line in offer.media
        ]
        return self._write(host, sections), agreed

    def read_answer(self, answer: SessionDescription) -> Agreed:
        """Read the answer to our offer.

        Raises:
            NoCommonMedia: It refuses our stream.
        """
        chosen = _choose(answer, self.codecs, secure=self._key is not None)
        if chosen is None:
            raise NoCommonMedia("the answer has no audio we speak")
        # Of several codecs in an answer the first is what the peer sends (RFC 3264 §7).
        listed = tuple(int(one) for one in chosen.formats if one.isdigit() and int(one) in self.codecs)
        return self._keyed(_agree(answer, chosen, listed), chosen)

    def _keyed(self, agreed: Agreed, line: MediaLine) -> Agreed:
        """Add the keys; ours takes the tag and suite of theirs (RFC 4568 §5.1.2)."""
        if self._key is None:
            return agreed
        theirs = choose(line.crypto)
        if theirs is None:
            raise NoCommonMedia("no key we can use")
        self._key = msgspec.structs.replace(self._key, tag=theirs.tag, suite=theirs.suite)
        return msgspec.structs.replace(agreed, our_key=self._key, their_key=theirs)

    def _write(self, host: str, sections: list[list[str]]) -> bytes:
        family = "IP6" if ":" in host else "IP4"
        said = (host, *(line for section in sections for line in section))
        if self._last is not None and said != self._last:
            self._version += 1
        self._last = said
        lines = [
            "v=0",
            f"o=zongji {self._session_id} {self._version} IN {family} {host}",
            "s=-",
            f"c=IN {family} {host}",
            "t=0 0",
        ]
        for section in sections:
            lines += section
        return ("\r\n".join(lines) + "\r\n").encode()


def is_acceptable(offer: SessionDescription, *, secure: bool = False) -> bool:
    """Tell whether an offer has a stream we can answer, encrypted where it must be."""
    line = _choose(offer, _NARROWBAND, secure=secure)
    return line is not None and (not secure or choose(line.crypto) is not None)


def has_wideband(offer: SessionDescription) -> bool:
    """Tell whether who offers speaks G.722."""
    return any(
        line.kind == "audio" and line.port and _codec(line, (G722,)) is not None for line in offer.media
    )


def _audio_lines(
    port: int,
    payload_types: tuple[int, ...],
    events: int | None,
    direction: MediaDirection,
    key: CryptoKey | None,
) -> list[str]:
    formats = [str(payload_type) for payload_type in payload_types]
    lines = [f"a=rtpmap:{payload_type} {_NAMES[payload_type]}/8000" for payload_type in payload_types]
    if events is not None:
        formats.append(str(events))
        lines += [f"a=rtpmap:{events} telephone-event/8000", f"a=fmtp:{events} 0-15"]
    return [
        f"m=audio {port} {'RTP/AVP' if key is None else 'RTP/SAVP'} {' '.join(formats)}",
        *lines,
        *([] if key is None else [f"a=crypto:{key}"]),
        f"a=ptime:{PTIME_MS}",
        f"a={direction.value}",
    ]


def _choose(description: SessionDescription, codecs: tuple[int, ...], *, secure: bool) -> MediaLine | None:
    protocols = ("RTP/SAVP", "RTP/SAVPF") if secure else ("RTP/AVP", "RTP/AVPF")
    for line in description.media:
        usable = line.kind == "audio" and line.port and line.protocol in protocols
        if usable and description.host_of(line) and _codec(line, codecs) is not None:
            return line
    return None


def _codec(line: MediaLine, codecs: tuple[int, ...]) -> int | None:
    """Return the best payload type of a line that is a codec of ours and not mapped to something else."""
    remapped = {number: name for number, name, _ in line.encodings}
    for payload_type in codecs:
        name = _NAMES[payload_type].lower()
        if str(payload_type) in line.formats and remapped.get(payload_type, name) == name:
            return payload_type
    return None


def _agree(description: SessionDescription, line: MediaLine, codecs: tuple[int, ...]) -> Agreed:
    codec = _codec(line, codecs)
    host = description.host_of(line)
    if codec is None or host is None:
        raise NoCommonMedia("the stream can't be used")
    events = next(
        (
            number
            for number, name, rate in line.encodings
            if name == "telephone-event" and rate == 8000 and str(number) in line.formats and number >= 96
        ),
        None,
    )
    direction = description.direction_of(line)
    return Agreed(
        host=host,
        port=line.port,
        payload_type=codec,
        event_payload_type=events,
        send=direction.receives and not is_unspecified(host),
        receive=direction.sends,
    )
