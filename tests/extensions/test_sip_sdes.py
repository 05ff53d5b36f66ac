"""SRTP keys in SDP: offered, answered, refused; never a fall-back to plain audio."""

from __future__ import annotations

import pytest

from extensions.sip.errors import MalformedMessage
from extensions.sip.offer_answer import AudioNegotiation, NoCommonMedia
from extensions.sip.sdes import SUITES, CryptoKey, choose
from extensions.sip.sdp import parse

RFC_4568 = "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"


def test_the_example_of_the_standard() -> None:
    key = CryptoKey.parse(RFC_4568)
    assert (key.tag, key.suite, len(key.key)) == (1, SUITES[0], 30)
    assert str(key) == RFC_4568
    assert CryptoKey.parse(f"{RFC_4568}|2^20").key == key.key
    assert "WVNf" not in repr(key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 AES_256_CM_HMAC_SHA1_80 inline:x",
        f"{RFC_4568}|2^20|1:4",
        f"{RFC_4568} UNENCRYPTED_SRTP",
        RFC_4568[:-4],
    ],
)
def test_what_we_cannot_use(text: str) -> None:
    with pytest.raises(MalformedMessage):
        CryptoKey.parse(text)


def test_both_sides_learn_each_others_keys() -> None:
    caller, callee = AudioNegotiation(1, secure=True), AudioNegotiation(2, secure=True)
    offer = caller.offer("10.0.0.1", 4000)
    assert b"RTP/SAVP" in offer
    answer, there = callee.answer(parse(offer), "10.0.0.2", 4002)
    here = caller.read_answer(parse(answer))
    assert here.our_key == there.their_key and here.their_key == there.our_key
    assert here.our_key is not None and here.our_key != here.their_key


def test_the_better_suite_is_chosen_and_its_tag_answered() -> None:
    weak = RFC_4568.replace("_80", "_32").replace("1 AES", "7 AES")
    chosen = choose((weak, RFC_4568.replace("1 AES", "9 AES")))
    assert chosen is not None
    assert (chosen.tag, chosen.suite) == (9, SUITES[0])
    # The answer names what it takes by that tag (RFC 4568 §5.1.2).
    offer = AudioNegotiation(1, secure=True).offer("10.0.0.1", 4000).replace(b"a=crypto:1 ", b"a=crypto:9 ")
    answer, _ = AudioNegotiation(2, secure=True).answer(parse(offer), "10.0.0.2", 4002)
    assert b"a=crypto:9 AES_CM_128_HMAC_SHA1_80 " in answer
    assert b"a=crypto:1 " not in answer


def test_secret_audio_does_not_fall_back() -> None:
    plain, secure = AudioNegotiation(1), AudioNegotiation(2, secure=True)
    with pytest.raises(NoCommonMedia):
        secure.answer(parse(plain.offer("10.0.0.1", 4000)), "10.0.0.2", 4002)
    with pytest.raises(NoCommonMedia):
        plain.answer(parse(secure.offer("10.0.0.1", 4000)), "10.0.0.2", 4002)
