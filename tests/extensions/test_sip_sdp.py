"""Session descriptions, offers and answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions.sip.errors import MalformedMessage
from extensions.sip.offer_answer import AudioNegotiation, NoCommonMedia, is_acceptable
from extensions.sip.sdp import MediaDirection, parse


def sdp(*lines: str) -> bytes:
    return "\r\n".join(
        ["v=0", "o=- 1 1 IN IP4 10.0.0.2", "s=-", "c=IN IP4 10.0.0.2", "t=0 0", *lines, ""]
    ).encode()


BOTH = sdp("m=audio 4000 RTP/AVP 0 8 96", "a=rtpmap:96 telephone-event/8000", "a=ptime:30")


def test_a_law_is_preferred_and_events_keep_their_number() -> None:
    answer, agreed = AudioNegotiation(7).answer(parse(BOTH), "10.0.0.1", 5000)
    assert (agreed.host, agreed.port, agreed.payload_type) == ("10.0.0.2", 4000, 8)
    assert (agreed.event_payload_type, agreed.send, agreed.receive) == (96, True, True)
    (line,) = parse(answer).media
    assert (line.port, line.formats, line.ptime_ms) == (5000, ("8", "96"), 20)
    assert line.direction is MediaDirection.SENDRECV


def test_mu_law_when_there_is_nothing_else() -> None:
    _, agreed = AudioNegotiation(7).answer(parse(sdp("m=audio 4000 RTP/AVP 3 0")), "10.0.0.1", 5000)
    assert (agreed.payload_type, agreed.event_payload_type) == (0, None)


def test_other_media_are_refused_in_their_places() -> None:
    offer = sdp("m=video 6000 RTP/AVP 97", "m=audio 4000 RTP/AVP 8", "m=audio 4002 RTP/AVP 8")
    answer, _ = AudioNegotiation(7).answer(parse(offer), "10.0.0.1", 5000)
    assert [(line.kind, line.port) for line in parse(answer).media] == [
        ("video", 0),
        ("audio", 5000),
        ("audio", 0),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("m=audio 4000 RTP/AVP 18",),
        ("m=audio 0 RTP/AVP 8",),
        ("m=audio 4000 RTP/SAVP 8",),
        ("m=video 4000 RTP/AVP 8",),
        (),
        ("m=audio 4000 RTP/AVP 8", "a=rtpmap:8 opus/48000/2"),
    ],
)
def test_nothing_in_common(lines: tuple[str, ...]) -> None:
    assert not is_acceptable(parse(sdp(*lines)))
    with pytest.raises(NoCommonMedia):
        AudioNegotiation(7).answer(parse(sdp(*lines)), "10.0.0.1", 5000)


@pytest.mark.parametrize(
    ("hold", "says", "send", "receive"),
    [
        ("a=sendonly", MediaDirection.RECVONLY, False, True),
        ("a=inactive", MediaDirection.INACTIVE, False, False),
        ("a=recvonly", MediaDirection.SENDONLY, True, False),
        ("a=sendrecv", MediaDirection.SENDRECV, True, True),
        ("c=IN IP4 0.0.0.0", MediaDirection.SENDRECV, False, True),
    ],
)
def test_a_phone_holds(hold: str, says: MediaDirection, send: bool, receive: bool) -> None:
    offer = parse(sdp("m=audio 4000 RTP/AVP 8", hold))
    answer, agreed = AudioNegotiation(7).answer(offer, "10.0.0.1", 5000)
    assert (agreed.send, agreed.receive) == (send, receive)
    assert parse(answer).media[0].direction is says


def test_we_hold() -> None:
    negotiation = AudioNegotiation(7)
    assert (
        parse(negotiation.offer("10.0.0.1", 5000, receiving=False)).media[0].direction
        is MediaDirection.SENDONLY
    )
    answer, agreed = negotiation.answer(parse(BOTH), "10.0.0.1", 5000, receiving=False)
    assert parse(answer).media[0].direction is MediaDirection.SENDONLY
    assert agreed.send


def test_the_version_rises_when_what_we_say_changes() -> None:
    negotiation = AudioNegotiation(7)
    versions = [
        parse(negotiation.offer("10.0.0.1", 5000, receiving=receiving)).origin.split()[2]
        for receiving in (True, True, False, True)
    ]
    assert versions == ["7", "7", "8", "9"]


def test_session_direction_and_bare_line_feeds() -> None:
    description = parse(b"v=0\no=x\nc=IN IP4 10.0.0.9\na=inactive\nm=audio 4000 RTP/AVP 8\n")
    assert description.direction_of(description.media[0]) is MediaDirection.INACTIVE
    assert description.host_of(description.media[0]) == "10.0.0.9"


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"v=0\r\nm=audio x RTP/AVP 8", b"v=0\r\nc=IN IP5 x", b"v=0\r\nrubbish"]
)
def test_no_description(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse(body)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(rubbish: bytes) -> None:
    try:
        is_acceptable(parse(b"v=0\r\n" + rubbish))
    except MalformedMessage:
        return
