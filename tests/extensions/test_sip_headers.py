"""Header values: parsed, written, and parsed again."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions.sip.errors import MalformedMessage
from extensions.sip.headers import AuthValue, CSeq, NameAddr, Reason, Via, first_reason
from extensions.sip.params import quote, unquote
from extensions.sip.uri import SipUri, parse_host_port

TOKEN = st.from_regex(r"[A-Za-z0-9.!%*_+`'~-]{1,20}", fullmatch=True)
HOST = st.one_of(
    st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True), st.just("[2001:db8::1]"), st.just("10.0.0.1")
)
PORT = st.none() | st.integers(0, 65535)
PARAMS = st.lists(
    st.tuples(st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True), st.none() | TOKEN), max_size=4
)


@given(st.sampled_from(["UDP", "TCP", "TLS"]), HOST, PORT, PARAMS)
def test_via_round_trip(
    transport: str, host: str, port: int | None, params: list[tuple[str, str | None]]
) -> None:
    via = Via(transport, host, port, tuple(params))
    assert Via.parse(str(via)) == via


@given(st.text(max_size=30), HOST, PARAMS)
def test_address_round_trip(display: str, host: str, params: list[tuple[str, str | None]]) -> None:
    clean = unquote(quote(display))
    address = NameAddr(f"sip:101@{host}", clean, tuple(params))
    assert NameAddr.parse(str(address)) == address


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=20), HOST, PORT, PARAMS)
def test_uri_round_trip(user: str, host: str, port: int | None, params: list[tuple[str, str | None]]) -> None:
    uri = SipUri("sip", user, host, port, None, tuple(params))
    assert SipUri.parse(str(uri)) == uri


@given(st.integers(0, 2**31 - 1), TOKEN)
def test_cseq_round_trip(number: int, method: str) -> None:
    assert CSeq.parse(str(CSeq(number, method))) == CSeq(number, method)


@given(st.text(max_size=60))
def test_no_text_breaks_a_parser(text: str) -> None:
    for parse in (Via.parse, NameAddr.parse, CSeq.parse, Reason.parse, AuthValue.parse, SipUri.parse):
        try:
            parse(text)
        except MalformedMessage:
            continue


def test_parameters_after_a_bare_uri_belong_to_the_header() -> None:
    address = NameAddr.parse("sip:a@b;tag=1")
    assert (address.uri, address.tag) == ("sip:a@b", "1")
    assert NameAddr.parse("<sip:a@b;tag=1>").tag is None


def test_transport_in_capitals() -> None:
    assert SipUri.parse("sip:101@10.0.0.2:5062;transport=UDP").transport == "udp"


def test_the_same_contact_written_differently() -> None:
    one = SipUri.parse("sip:101@Phone.lan;ob")
    other = SipUri.parse("sip:101@phone.LAN:5060")
    assert one.address == other.address
    assert one.address != SipUri.parse("sip:102@phone.lan").address


@pytest.mark.parametrize(
    "text", ["tel:123", "sip:", "sip:a@", "sip:a@b:99999", "sip:a b@c", "http://x", "sip:a@[::1"]
)
def test_not_sip_uris(text: str) -> None:
    with pytest.raises(MalformedMessage):
        SipUri.parse(text)


def test_host_and_port_with_blanks() -> None:
    assert parse_host_port(" [::1] : 5060 ") == ("[::1]", 5060)


def test_auth_parameters_with_commas_and_escapes_in_quotes() -> None:
    value = AuthValue.parse(r'Digest realm="a, \"b\"", qop="auth,auth-int" , algorithm=MD5,nc=00000001')
    assert value.scheme == "digest"
    assert dict(value.params) == {
        "realm": 'a, "b"',
        "qop": "auth,auth-int",
        "algorithm": "MD5",
        "nc": "00000001",
    }


@pytest.mark.parametrize(
    "rubbish", ["a" * 16_000, 'a="' + "\\" * 16_000, "a=b," * 4000 + "c", '"a"=b', "a=b c=d"]
)
def test_broken_credentials_are_refused_however_long(rubbish: str) -> None:
    began = time.process_time()
    with pytest.raises(MalformedMessage):
        AuthValue.parse(f"Digest {rubbish}")
    # To search such a text from each of its characters takes a second.
    assert time.process_time() - began < 0.1


def test_the_q850_reason_counts_most() -> None:
    reason = first_reason(['SIP;cause=200;text="Call completed elsewhere"', "Q.850 ;cause=17", ";;"])
    assert reason is not None
    assert (reason.protocol, reason.cause) == ("Q.850", 17)
    assert str(Reason("Q.850", 16, "x")) == 'Q.850;cause=16;text="x"'
