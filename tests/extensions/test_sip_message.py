"""Messages: the situations of RFC 4475, the limits, and what survives a round trip."""

from __future__ import annotations

from pathlib import Path

import pytest

from extensions.sip.errors import MalformedMessage, TooLarge
from extensions.sip.headers import NameAddr, Via
from extensions.sip.message import (
    MAX_HEADERS,
    MAX_MESSAGE,
    Headers,
    Request,
    Response,
    parse_message,
    respond_to,
)
from extensions.sip.validate import can_be_answered, fault_of

VECTORS = Path(__file__).parent.parent / "vectors" / "sip"
VALID = sorted((VECTORS / "valid").glob("*.sip"))
INVALID = sorted((VECTORS / "invalid").glob("*.sip"))


def wire(path: Path) -> bytes:
    """Return a vector as it travels: CRLF at line ends."""
    return path.read_bytes().replace(b"\n", b"\r\n")


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_torture_messages_are_understood(path: Path) -> None:
    message = parse_message(wire(path))
    assert fault_of(message) is None
    again = parse_message(message.encode())
    assert again.start_line == message.start_line
    assert list(again.headers)[:-1] == [pair for pair in message.headers if pair[0] != "content-length"]
    assert again.body == message.body


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_broken_messages_are_refused(path: Path) -> None:
    try:
        message = parse_message(wire(path))
    except MalformedMessage:
        return
    assert fault_of(message) is not None


def test_there_are_enough_vectors() -> None:
    assert len(VALID) >= 13
    assert len(INVALID) >= 20


def test_folding_compact_forms_and_odd_blanks() -> None:
    message = parse_message(wire(VECTORS / "valid" / "wsinv.sip"))
    assert isinstance(message, Request)
    assert message.to.tag == "1918181833n"
    assert message.from_.display == 'J Rosenberg \\"'
    assert (message.cseq.number, message.cseq.method) == (9, "INVITE")
    assert (message.via.transport, message.via.host, message.via.branch) == ("UDP", "192.0.2.2", "390skdjuw")
    assert [Via.parse(item).transport for item in message.headers.items("via")] == ["UDP", "TCP", "UDP"]
    (contact,) = message.contacts()
    assert contact.display == 'Quoted string ""'
    assert contact.params == (("newparam", "newvalue"), ("secondparam", None), ("q", "0.33"))
    assert message.headers.get("subject") == ""


def test_escapes_are_undone_in_the_user_part_only() -> None:
    message = parse_message(wire(VECTORS / "valid" / "esc01.sip"))
    assert message.to.sip_uri.user == "user"
    assert message.from_.sip_uri.user == "I have spaces"


def test_what_follows_content_length_is_dropped() -> None:
    message = parse_message(wire(VECTORS / "valid" / "dblreq.sip"))
    assert message.body == b""
    assert message.headers.get("call-id") == "dblreq.0ha0isndaksdj99sdfafnl3lk233412"


def test_a_contact_list_splits_outside_quotes_and_brackets() -> None:
    headers = Headers(("contact", '"Doe, John" <sip:j@h;a=1,2>;q=1, <sip:k@h>'))
    contacts = [NameAddr.parse(item) for item in headers.items("contact")]
    assert [(contact.display, contact.uri) for contact in contacts] == [
        ("Doe, John", "sip:j@h;a=1,2"),
        ("", "sip:k@h"),
    ]


def request(*lines: str, body: bytes = b"") -> bytes:
    return ("\r\n".join(["OPTIONS sip:a@b SIP/2.0", *lines]) + "\r\n\r\n").encode() + body


def test_limits() -> None:
    with pytest.raises(TooLarge):
        parse_message(request(body=bytes(MAX_MESSAGE)))
    with pytest.raises(TooLarge):
        parse_message(request(*["A: b"] * (MAX_HEADERS + 1)))
    with pytest.raises(TooLarge):
        parse_message(request("A: " + "b" * 20_000))
    assert parse_message(request(*["A: b"] * MAX_HEADERS))
    with pytest.raises(MalformedMessage):
        parse_message(b"")


def test_crlf_before_a_message_is_skipped() -> None:
    assert isinstance(parse_message(b"\r\n\r\n" + request("Via: x")), Request)


def test_bytes_that_are_no_utf8_survive() -> None:
    data = b"OPTIONS sip:a@b SIP/2.0\r\nSubject: \xff\xfe\r\nContent-Length: 3\r\n\r\n\x00\xff\r"
    assert parse_message(data).encode() == data


def test_a_response_copies_what_it_must() -> None:
    invite = parse_message(
        b"INVITE sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h1;branch=z9hG4bK1\r\nv: SIP/2.0/UDP h2\r\n"
        b"f: <sip:c@d>;tag=f\r\nt: <sip:a@b>\r\ni: id\r\nCSeq: 1 INVITE\r\n"
        b"Record-Route: <sip:p;lr>\r\nSubject: x\r\n\r\n"
    )
    assert isinstance(invite, Request)
    response = parse_message(respond_to(invite, 180, tag="mine").encode())
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (180, "Ringing")
    assert len(response.headers.lines("via")) == 2
    assert response.to.tag == "mine"
    assert response.from_.tag == "f"
    assert response.headers.get("record-route") == "<sip:p;lr>"
    assert "subject" not in response.headers
    assert respond_to(invite, 100).headers.get("to") == "<sip:a@b>"


def test_received_and_rport_go_into_the_topmost_via_only() -> None:
    message = parse_message(
        b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h1;rport;branch=z9hG4bK1, SIP/2.0/UDP h2;rport\r\n"
        b"Via: SIP/2.0/UDP h3\r\n\r\n"
    )
    assert isinstance(message, Request)
    message.replace_via(message.via.received_from("10.1.1.1", 5062))
    first, second, third = (Via.parse(item) for item in message.headers.items("via"))
    assert dict(first.params) == {"rport": "5062", "branch": "z9hG4bK1", "received": "10.1.1.1"}
    assert (second.params, third.params) == ((("rport", None),), ())


def test_a_request_without_via_cannot_be_answered() -> None:
    broken = parse_message(request("From: x", "To: y", "Call-ID: 1", "CSeq: 1 OPTIONS"))
    assert isinstance(broken, Request)
    assert not can_be_answered(broken)
