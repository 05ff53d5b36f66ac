"""Digits between ports of every kind: each is heard exactly once, however they are keyed and passed on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import PortOptions, RtpRemote
from firmware.media import protocol
from firmware.media.dsp.dtmf import DigitEnded, DigitStarted, DtmfBank
from firmware.media.dsp.tones import dtmf
from firmware.media.g711 import FRAME, I16, RATE
from tests.media.rig import EngineRig, FakePcm, Phone

EVENT_TYPE = 101


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


def read(samples: I16) -> list[tuple[str, int]]:
    """Return the keys in a sound, and how many ms each sounds."""
    bank = DtmfBank(1)
    padded = np.concatenate((samples, np.zeros(-len(samples) % FRAME + 4 * FRAME, np.int16)))
    events = [event for frame in padded.reshape(-1, 1, FRAME) for event in bank.feed(frame)]
    ended = [(event.digit, event.duration_ms) for event in events if isinstance(event, DigitEnded)]
    assert [digit for digit, _ in ended] == [one.digit for one in events if isinstance(one, DigitStarted)]
    return ended


def events(phone: Phone) -> list[tuple[int, int, int]]:
    """Return the telephone events a phone got: code, samples of duration, timestamp."""
    return [
        (packet.payload[0], int.from_bytes(packet.payload[2:4]), packet.timestamp)
        for packet in phone.packets()
        if packet.payload_type == EVENT_TYPE
    ]


def say(rig: EngineRig, line: FakePcm, samples: I16) -> None:
    """Have a line's caller be heard, a frame a tick, and 0.4 s of silence after it."""
    for frame in np.concatenate((samples, np.zeros(-len(samples) % FRAME + 3200, np.int16))).reshape(
        -1, FRAME
    ):
        line.incoming += frame.tobytes()
        rig.run(0.02)


def in_band(rig: EngineRig, path: str = "/dev/ttyUSB4") -> tuple[PortId, FakePcm]:
    """Open a line whose keys are listened for."""
    port_id, line = rig.line(path)
    rig.engine.apply(protocol.Configure(port_id, PortOptions(detect_digits=True)))
    return port_id, line


class TestPassedOn:
    def test_from_line_to_line_as_it_sounded_and_not_a_second_time(self, rig: EngineRig) -> None:
        one, caller = in_band(rig)
        other, party = in_band(rig, "/dev/ttyUSB5")
        rig.route(other, one)
        say(rig, caller, dtmf("159#", on_ms=100, off_ms=100))
        assert rig.digits() == "159#"
        heard = read(party.heard())
        assert [digit for digit, _ in heard] == list("159#")
        assert [length for _, length in heard] == pytest.approx([100] * 4, abs=15)

    def test_a_phone_without_telephone_events_hears_a_lines_keys_once(self, rig: EngineRig) -> None:
        port_id, caller = in_band(rig)
        alice = rig.phone()
        rig.engine.apply(
            protocol.AimRtp(alice.port_id, RtpRemote("127.0.0.1", 5004, alice.payload_type, None))
        )
        rig.route(alice.port_id, port_id)
        say(rig, caller, dtmf("42", on_ms=100, off_ms=100))
        assert [digit for digit, _ in read(alice.heard())] == ["4", "2"]
        assert [length for _, length in read(alice.heard())] == pytest.approx([100, 100], abs=15)
        assert events(alice) == []

    def test_a_phones_event_is_a_sound_for_one_who_takes_none_and_an_event_for_one_who_does(
        self, rig: EngineRig
    ) -> None:
        alice, modern, plain = rig.phone(), rig.phone(), rig.phone()
        rig.engine.apply(
            protocol.AimRtp(plain.port_id, RtpRemote("127.0.0.1", 5004, plain.payload_type, None))
        )
        rig.route(modern.port_id, alice.port_id)
        rig.route(plain.port_id, alice.port_id)
        alice.packet(bytes([7, 10, 0, 160]), EVENT_TYPE)
        rig.run(0.5)
        assert {code for code, _, _ in events(modern)} == {7}
        assert not np.abs(modern.heard()[-2000:]).max() > 10
        ((digit, length),) = read(plain.heard())
        assert digit == "7"
        assert length == pytest.approx(100, abs=15)

    def test_nobody_who_does_not_hear_the_party_gets_its_keys(self, rig: EngineRig) -> None:
        alice, bob, stranger = rig.phone(), rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        alice.packet(bytes([1, 10, 0, 160]), EVENT_TYPE)
        rig.run(0.5)
        assert {code for code, _, _ in events(bob)} == {1}
        assert events(stranger) == events(alice) == []


class TestBounds:
    def test_of_a_number_without_end_64_digits_are_keyed(self, rig: EngineRig) -> None:
        alice = rig.phone()
        port_id, line = rig.line()
        for port in (alice.port_id, port_id):
            rig.engine.apply(protocol.SendDigits(port, "12" * 500, 40))
        rig.run(64 * 0.18 + 1)
        assert len({stamp for _, _, stamp in events(alice)}) == 64
        assert len(read(line.heard())) == 64

    @pytest.mark.parametrize(("asked_ms", "keyed_ms"), [(1, 40), (-5, 40), (100, 100), (60_000, 6000)])
    def test_a_key_is_as_long_as_every_receiver_knows_and_no_longer_than_an_event_counts(
        self, rig: EngineRig, asked_ms: int, keyed_ms: int
    ) -> None:
        alice = rig.phone()
        port_id, line = rig.line()
        for port in (alice.port_id, port_id):
            rig.engine.apply(protocol.SendDigits(port, "8", asked_ms))
        rig.run(7)
        assert max(duration for _, duration, _ in events(alice)) == keyed_ms * RATE // 1000
        ((digit, length),) = read(line.heard())
        assert digit == "8"
        assert length == pytest.approx(keyed_ms, abs=15)

    def test_the_same_key_twice_has_a_pause_of_60_ms_in_it(self, rig: EngineRig) -> None:
        alice = rig.phone()
        port_id, line = rig.line()
        for port in (alice.port_id, port_id):
            rig.engine.apply(protocol.SendDigits(port, "000", 60))
        rig.run(1.5)
        begins = sorted({stamp for _, _, stamp in events(alice)}, key=lambda one: one - alice.timestamp)
        assert len(begins) == 3
        # 60 ms of key, the two packets that repeat its end, 60 ms of pause.
        apart = [(later - earlier) % (1 << 32) for earlier, later in itertools.pairwise(begins)]
        assert apart == [160 * RATE // 1000] * 2
        assert [digit for digit, _ in read(line.heard())] == ["0", "0", "0"]
        loud = np.flatnonzero(np.abs(line.heard()) > 50)
        pauses = [gap for gap in np.diff(loud) if gap > 100]
        assert pauses == pytest.approx([60 * RATE // 1000] * 2, abs=20)
