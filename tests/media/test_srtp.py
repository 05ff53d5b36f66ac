"""SRTP: the RFC's vectors, hostile packets, and two phones who speak it through the engine."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.media import PCMU, RtpRemote, SrtpKeys, SrtpSuite
from firmware.media import protocol, rtcp
from firmware.media.rtp import RtpPacket, build, parse
from firmware.media.srtp import SrtpReceiver, SrtpSender, derive, keystream
from tests.media.rig import EngineRig, Phone, heard_frequency, longest_gap_ms, tone

MASTER = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6")
OTHER = bytes(range(30))
T80, T32 = SrtpSuite.TAG_80, SrtpSuite.TAG_32


def _packet(sequence: int, ssrc: int = 7, payload: bytes = b"\xab" * 160) -> bytes:
    return build(RtpPacket(0, False, sequence % 65536, 160 * sequence % (1 << 32), ssrc, payload))


def test_the_keystream_is_that_of_rfc_3711_appendix_b_2() -> None:
    key = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
    iv = bytes.fromhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000")
    stream = keystream(key, iv, 16 * 0xFF02)
    assert stream[:32].hex().upper() == "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB"
    assert stream[-48:].hex().upper() == (
        "EC8CDF7398607CB0F2D21675EA9EA1E4362B7C3C6773516318A077D7FC5073AE6A2CC3787889374FBEB4C81B17BA6C44"
    )


def test_session_keys_are_those_of_rfc_3711_appendix_b_3() -> None:
    assert derive(MASTER, 0, 16).hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert derive(MASTER, 2, 14).hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert derive(MASTER, 1, 94).hex().upper() == (
        "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF7227098"
        "6371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2"
    )


def test_a_packet_is_enciphered_as_other_implementations_do() -> None:
    """The packet by which libsrtp, baresip and others check themselves."""
    plain = bytes.fromhex("800f1234decafbadcafebabe" + "ab" * 16)
    sealed = bytes.fromhex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb")
    assert SrtpSender(T80, MASTER).protect(plain) == sealed
    assert SrtpReceiver(T80, MASTER).unprotect(sealed) == plain
    assert SrtpSender(T32, MASTER).protect(plain) == sealed[:-6]


@pytest.mark.parametrize("suite", [T80, T32])
def test_an_hour_with_rollovers_loss_and_disorder_is_understood(suite: SrtpSuite) -> None:
    sender, receiver = SrtpSender(suite, MASTER), SrtpReceiver(suite, MASTER)
    sealed = []
    for sequence in range(30000, 30000 + 180_000, 997):
        sealed += [sender.protect(_packet(sequence + near)) for near in (0, 2, 1)]
    heard = [receiver.unprotect(one) for one in sealed]
    assert None not in heard
    assert [receiver.unprotect(one) for one in sealed[-6:]] == [None] * 6


def test_a_restarted_receiver_finds_the_rollover_count_again() -> None:
    sender = SrtpSender(T80, MASTER)
    for sequence in range(0, 3 * 65536, 1000):
        last = sender.protect(_packet(sequence))
    assert SrtpReceiver(T80, MASTER).unprotect(last) == _packet(sequence)


def test_another_key_and_a_changed_bit_are_refused() -> None:
    sealed = SrtpSender(T80, MASTER).protect(_packet(1))
    assert SrtpReceiver(T80, OTHER).unprotect(sealed) is None
    receiver = SrtpReceiver(T80, MASTER)
    for bit in range(0, 8 * len(sealed), 13):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        assert receiver.unprotect(bytes(changed)) is None
    assert receiver.unprotect(sealed) == _packet(1)


@given(st.binary(max_size=400))
def test_rubbish_is_refused_without_a_word(data: bytes) -> None:
    receiver = SrtpReceiver(T32, MASTER)
    assert receiver.unprotect(data) is None
    assert receiver.unprotect_report(data) is None


def test_reports_are_enciphered_numbered_and_taken_once() -> None:
    sender, receiver = SrtpSender(T32, MASTER), SrtpReceiver(T32, MASTER)
    report = rtcp.build(7, "zongji", 1.7e9, rtcp.Sent(160, 1, 160), [])
    first, second = sender.protect_report(report), sender.protect_report(report)
    assert first != second
    assert report[8:] not in first
    assert receiver.unprotect_report(second) == report
    assert receiver.unprotect_report(first) == report
    assert receiver.unprotect_report(first) is None


def test_keys_of_a_wrong_length_are_refused_and_keys_are_not_shown() -> None:
    with pytest.raises(ValueError, match="30 bytes"):
        SrtpSender(T80, MASTER[:16])
    assert MASTER.hex()[:8] not in repr(SrtpKeys(T80, MASTER, OTHER))
    assert "xe1" not in repr(RtpRemote("127.0.0.1", 5004, PCMU, srtp=SrtpKeys(T80, MASTER, OTHER)))


def _secure_phone(rig: EngineRig) -> Phone:
    """Return a phone that speaks SRTP, with the master key `MASTER`; the engine's is `OTHER`."""
    phone = rig.phone(aimed=False)
    keys = SrtpKeys(T80, ours=OTHER, theirs=MASTER)
    rig.engine.apply(protocol.AimRtp(phone.port_id, RtpRemote("127.0.0.1", 5004, PCMU, 101, srtp=keys)))
    phone.speaks_srtp(SrtpSender(T80, MASTER).protect, SrtpReceiver(T80, OTHER).unprotect)
    return phone


class TestEngine:
    @pytest.fixture
    def rig(self) -> EngineRig:
        return EngineRig()

    def test_a_secure_phone_and_a_plain_one_hear_each_other(self, rig: EngineRig) -> None:
        alice, bob = _secure_phone(rig), rig.phone()
        rig.bridge(alice, bob)
        alice.says(tone(440, 1))
        bob.says(tone(1000, 1))
        rig.run(1)
        assert heard_frequency(bob.heard()[2000:]) == 440
        assert heard_frequency(alice.heard()[2000:]) == 1000
        assert longest_gap_ms(alice.heard()) < 5
        assert longest_gap_ms(bob.heard()) < 5

    def test_what_is_not_authentic_never_enters_the_call_and_is_counted(self, rig: EngineRig) -> None:
        alice, bob = _secure_phone(rig), rig.phone()
        rig.bridge(alice, bob)
        for sequence in range(50):
            alice.raw(_packet(sequence, alice.ssrc, os.urandom(160)))
            rig.run(0.02)
        assert not bob.heard().any()
        assert rig.engine.stats().forged == 50
        assert rig.engine.stats().malformed == 0

    def test_what_is_not_authentic_amid_a_call_is_counted_as_nothing_that_came(self, rig: EngineRig) -> None:
        parties = [_secure_phone(rig) for _ in range(8)]
        for party in parties:
            party.says(tone(440, 2))
        rig.run(1)
        received = rig.engine.stats().received
        for party in parties:
            party.speaks_srtp(lambda packet: packet + bytes(10), lambda packet: packet)
        rig.run(1)
        stats = rig.engine.stats()
        assert (stats.received - received, stats.forged, stats.malformed) == (0, 8 * 50, 0)
        assert rig.engine.idle_ticks == 50

    def test_digits_are_keyed_and_heard_under_protection(self, rig: EngineRig) -> None:
        alice = _secure_phone(rig)
        alice.packet(b"\x05\x0a\x00\xa0", 101)
        rig.engine.apply(protocol.SendDigits(alice.port_id, "7", 100))
        rig.run(0.3)
        assert rig.digits() == "5"
        assert {p.payload[0] for p in alice.packets() if p.payload_type == 101} == {7}

    def test_the_same_keys_again_go_on_and_new_ones_begin_a_new_stream(self, rig: EngineRig) -> None:
        alice = _secure_phone(rig)
        rig.run(0.1)
        remote = RtpRemote("127.0.0.1", 5006, PCMU, 101, srtp=SrtpKeys(T80, OTHER, MASTER))
        rig.engine.apply(protocol.AimRtp(alice.port_id, remote))
        rig.run(0.1)
        packets = alice.packets()
        assert len({packet.ssrc for packet in packets}) == 1
        assert [p.sequence - packets[0].sequence for p in packets] == list(range(10))
        fresh = SrtpKeys(T80, ours=bytes(30), theirs=MASTER)
        rig.engine.apply(protocol.AimRtp(alice.port_id, RtpRemote("127.0.0.1", 5006, 0, srtp=fresh)))
        alice.speaks_srtp(bytes, SrtpReceiver(T80, bytes(30)).unprotect)
        rig.run(0.1)
        last = alice.packets()[-1]
        assert last.ssrc != packets[0].ssrc
        assert last.sequence < 1 << 15

    def test_reports_go_both_ways_enciphered(self, rig: EngineRig) -> None:
        alice = _secure_phone(rig)
        alice.says(tone(440, 6))
        rig.run(6)
        (_, sealed), *_ = rig.network.reported
        plain = SrtpReceiver(T80, OTHER).unprotect_report(sealed)
        assert plain is not None
        assert rtcp.parse(plain, 0, 1.7e9) is not None
        assert parse(sealed) is None or rtcp.is_report(sealed)
        forged = rtcp.build(alice.ssrc, "x", 1.7e9, None, [])
        rig.network.reporting.append((alice.row, forged))
        rig.run(0.2)
        assert rig.engine.stats().forged == 1
