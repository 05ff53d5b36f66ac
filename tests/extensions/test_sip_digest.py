"""Digest: the published vectors, and nonces that can't be replayed."""

from __future__ import annotations

import pytest

from extensions.sip.client_auth import ClientAuth
from extensions.sip.digest import Challenge, Credentials, NonceBook, NonceVerdict, answer
from extensions.sip.message import Headers, Request, Response

RFC7616 = Challenge(
    "http-auth@example.org",
    "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = Challenge(RFC7616.realm, RFC7616.nonce, algorithm, opaque=RFC7616.opaque)
    credentials = answer(
        challenge, "Mufasa", "Circle of Life", "GET", "/dir/index.html",
        count=1, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )  # fmt: skip
    assert credentials.response == response
    assert Credentials.parse(str(credentials)) == credentials
    assert credentials.verify("Circle of Life", "GET")
    assert not credentials.verify("Circle of Life", "PUT")
    assert not credentials.verify("circle of life", "GET")


def test_the_vector_of_the_reference_for_register() -> None:
    credentials = answer(
        Challenge("pbx.local", "0123456789abcdef", "SHA-256"), "1001", "secret", "REGISTER", "sip:pbx.local",
        count=1, cnonce="0a4f113b",
    )  # fmt: skip
    assert credentials.response == "3be450982133beea377e6107bc3758c5201593d8b22a033736c26dad09a8d337"


def test_a_challenge_with_two_qops_is_answered_with_auth() -> None:
    challenge = Challenge.parse('Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=md5, stale=TRUE')
    assert (challenge.qop_auth, challenge.algorithm, challenge.stale) == (True, "MD5", True)


def test_credentials_without_qop_are_those_of_rfc_2069() -> None:
    challenge = Challenge.parse('Digest realm="r", nonce="n"')
    credentials = answer(challenge, "u", "s", "INVITE", "sip:x", count=1, cnonce="ignored")
    assert credentials.qop is None
    assert credentials.verify("s", "INVITE")


def test_a_nonce_lives_and_dies() -> None:
    book = NonceBook(life_s=300)
    nonce = book.issue(1000.0)
    assert book.check(nonce, 1299.0) is NonceVerdict.FRESH
    assert book.check(nonce, 1301.0) is NonceVerdict.STALE
    assert NonceBook().check(nonce, 1000.0) is NonceVerdict.FOREIGN
    assert book.check("bm90IG91cnM=", 1000.0) is NonceVerdict.FOREIGN
    assert book.check("§", 1000.0) is NonceVerdict.FOREIGN


def test_a_nonce_count_is_used_once() -> None:
    book = NonceBook()
    nonce = book.issue(0.0)
    assert book.use(nonce, "00000001") is NonceVerdict.FRESH
    assert book.use(nonce, "00000001") is NonceVerdict.STALE
    assert book.use(nonce, "00000003") is NonceVerdict.FRESH
    assert book.use(nonce, "00000002") is NonceVerdict.STALE
    assert book.use(nonce, "rubbish") is NonceVerdict.STALE
    other = book.issue(0.0)
    assert book.use(other, None) is NonceVerdict.FRESH
    assert book.use(other, None) is NonceVerdict.STALE


def test_a_client_does_not_try_a_refused_secret_again() -> None:
    auth = ClientAuth("101", "wrong")
    request = Request("REGISTER", "sip:box")
    challenged = Response(401, "", Headers(("www-authenticate", 'Digest realm="r", nonce="n", qop="auth"')))
    assert auth.take(challenged, request)
    auth.sign(request)
    assert not auth.take(challenged, request)
    stale = Response(
        401, "", Headers(("www-authenticate", 'Digest realm="r", nonce="m", qop="auth", stale=true'))
    )
    assert auth.take(stale, request)
    assert "wrong" not in repr(auth)


def test_a_client_answers_a_server_that_has_forgotten_its_nonces() -> None:
    """A registrar that was started anew, or another one of the same provider, doesn't say `stale`."""
    auth = ClientAuth("101", "right")
    assert auth.take(challenged("first"), Request("REGISTER", "sip:x"))
    for _ in range(2):
        request = Request("REGISTER", "sip:x")
        auth.sign(request)
    assert auth.take(challenged("second"), request)
    again = Request("REGISTER", "sip:x")
    auth.sign(again)
    assert 'nonce="second"' in (again.headers.get("authorization") or "")
    # Its own challenge has now been answered: the secret is wrong.
    assert not auth.take(challenged("third"), again)


def challenged(nonce: str) -> Response:
    challenge = str(Challenge("provider", nonce))
    return Response(401, "Unauthorized", Headers(("www-authenticate", challenge)))


def test_a_client_takes_the_first_challenge_it_speaks() -> None:
    auth = ClientAuth("101", "s")
    headers = Headers(
        ("www-authenticate", 'Digest realm="r", nonce="1", algorithm=SHA-512-256'),
        ("www-authenticate", 'Digest realm="r", nonce="2", algorithm=SHA-256'),
    )
    request = Request("REGISTER", "sip:box")
    assert auth.take(Response(401, "", headers), request)
    auth.sign(request)
    signed = Credentials.parse(request.headers.get("authorization") or "")
    assert (signed.nonce, signed.algorithm) == ("2", "SHA-256")
