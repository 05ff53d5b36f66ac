"""Who hears whom, exactly: the engine stepped by hand."""

from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import PCMA, PCMU, Source
from firmware.media import protocol
from firmware.media.g711 import ALAW, FRAME, ULAW
from tests.media.rig import EngineRig, heard_frequency, level_db, longest_gap_ms, tone

PCM_ID = PortId("pcm-nobody")


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


class TestBridge:
    def test_two_phones_hear_each_other_without_a_gap(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone(PCMA)
        rig.bridge(alice, bob)
        alice.says(tone(440, 1))
        bob.says(tone(1000, 1))
        rig.run(1)
        assert heard_frequency(bob.heard()[2000:]) == 440
        assert heard_frequency(alice.heard()[2000:]) == 1000
        assert abs(level_db(bob.heard()[2000:], tone(440, 1))) < 0.2
        assert longest_gap_ms(bob.heard()) < 5

    def test_same_codec_arrives_bit_for_bit_with_the_second_zero(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        words = bytes(range(256)) * 25
        alice.sends(words)
        rig.run(1)
        assert words in bob.words()

    def test_nobody_hears_anything_unrouted(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone(PCMA)
        alice.says(tone(440, 1))
        rig.run(0.5)
        assert set(bob.words()) == {ALAW.silence}
        assert set(alice.words()) == {ULAW.silence}

    def test_a_caller_is_sent_silence_from_the_first_tick_without_a_break(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.run(1)
        packets = alice.packets()
        assert len(packets) == 50
        assert packets[0].marker and not any(packet.marker for packet in packets[1:])
        steps = {(b.sequence - a.sequence) % 65536 for a, b in itertools.pairwise(packets)}
        times = {(b.timestamp - a.timestamp) % 2**32 for a, b in itertools.pairwise(packets)}
        assert (steps, times) == ({1}, {FRAME})

    def test_gain_is_heard_in_decibels(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.route(bob.port_id, Source(alice.port_id, -6.0))
        alice.says(tone(440, 1))
        rig.run(1)
        assert level_db(bob.heard()[2000:7000], tone(440, 1)[:5000]) == pytest.approx(-6, abs=0.2)

    def test_three_in_conference_hear_the_others_but_not_themselves(self, rig: EngineRig) -> None:
        phones = [rig.phone(), rig.phone(PCMA), rig.phone()]
        for phone in phones:
            rig.route(phone.port_id, *(other.port_id for other in phones if other is not phone))
        for phone, frequency in zip(phones, (400, 800, 1200), strict=True):
            phone.says(tone(frequency, 1, 4000))
        rig.run(1)
        spectrum = np.abs(np.fft.rfft(phones[0].heard()[2400:6400].astype(float)))
        at = {frequency: spectrum[frequency // 2] for frequency in (400, 800, 1200)}
        assert at[400] < at[800] / 100
        assert at[800] == pytest.approx(at[1200], rel=0.05)

    def test_loud_sources_saturate_instead_of_wrapping(self, rig: EngineRig) -> None:
        alice, bob, carol = rig.phone(), rig.phone(), rig.phone()
        rig.route(carol.port_id, alice.port_id, bob.port_id)
        alice.says(np.full(4000, 30000, np.int16))
        bob.says(np.full(4000, 30000, np.int16))
        rig.run(0.4)
        assert carol.heard().min() >= 0
        assert carol.heard().max() == 32124

    def test_many_calls_come_and_go_and_nobody_hears_another_call(self, rig: EngineRig) -> None:
        pairs = []
        for number in range(30):
            alice, bob = rig.phone(), rig.phone()
            rig.bridge(alice, bob)
            alice.sends(bytes([number + 1]) * 16000)
            pairs.append((alice, bob))
            rig.run(0.02)
        rig.run(0.3)
        for number, (_, bob) in enumerate(pairs):
            assert set(bob.words()) <= {ULAW.silence, number + 1}
            assert number + 1 in bob.words()

    def test_hold_stops_sending_and_hearing_and_resumes_with_a_marker(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        alice.says(tone(440, 2))
        rig.run(0.5)
        rig.aim(alice, send=False, receive=False)
        before_alice, before_bob = len(alice.packets()), len(bob.words())
        rig.run(0.5)
        assert len(alice.packets()) == before_alice
        assert set(bob.words()[before_bob:]) == {ULAW.silence}
        rig.aim(alice)
        rig.run(0.5)
        assert alice.packets()[before_alice].marker
        assert (
            alice.packets()[before_alice].sequence == (alice.packets()[before_alice - 1].sequence + 1) % 65536
        )
        assert heard_frequency(bob.heard()[-3000:]) == 440

    def test_a_closed_port_leaves_silence_and_its_row_is_clean_for_the_next(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        alice.says(tone(440, 1))
        rig.run(0.5)
        rig.engine.apply(protocol.ClosePort(alice.port_id))
        before = len(bob.words())
        rig.run(0.1)
        assert set(bob.words()[before:]) == {ULAW.silence}

    def test_a_port_may_close_at_any_tick_while_others_talk(self, rig: EngineRig) -> None:
        """What is asked of rows now and then, in turn, is not asked of a row that closed meanwhile."""
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        for ticks in range(30, 90):
            others = [rig.phone(), rig.phone()]
            for phone in (alice, bob, *others):
                phone.says(tone(440, 2))
            rig.run(ticks / 50)
            for phone in others:
                rig.engine.apply(protocol.ClosePort(phone.port_id))
            rig.run(0.4)
        assert heard_frequency(bob.heard()[-3000:]) == 440


class TestOddPackets:
    @pytest.mark.parametrize("samples", [80, 240, 320, 480, 37, 1600])
    def test_any_packet_length_is_heard_whole(self, rig: EngineRig, samples: int) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        words = bytes(n % 251 for n in range(samples * (8000 // samples)))
        alice.sends(words, samples)
        rig.run(1.5)
        assert words[: len(words) // FRAME * FRAME] in bob.words()

    def test_lengths_may_change_within_a_call(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        words = bytes(n % 251 for n in range(9600))
        alice.sends(words[:4800], 160)
        alice.sends(words[4800:], 80)
        rig.run(1.5)
        assert words in bob.words()

    def test_garbage_is_counted_and_ignored(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        alice.says(tone(440, 1))
        for data in (
            b"",
            b"x",
            b"\x80" * 11,
            b"\x00" * 172,
            bytes(3000),
            b"\x80\x12" + bytes(170),
            b"\xbf\x00" + bytes(20),
        ):
            alice.raw(data)
        rig.run(1)
        assert rig.engine.stats().malformed == 7
        assert longest_gap_ms(bob.heard()) < 5

    def test_comfort_noise_packets_do_no_harm(self, rig: EngineRig) -> None:
        alice = rig.phone()
        alice.packet(b"\x20", 13)
        rig.run(0.1)
        assert rig.engine.stats().malformed == 0


class TestDigits:
    def _key(self, phone: object, code: int, rig: EngineRig, packets: range) -> None:
        alice = rig.phones[0]
        start = alice.timestamp
        for number in packets:
            end = 0x80 if number >= 5 else 0
            alice.timestamp = start
            alice.packet(bytes([code, end | 10, *(160 * number).to_bytes(2, "big")]), 101)
        alice.timestamp = start + 1600

    def test_each_key_is_reported_once(self, rig: EngineRig) -> None:
        alice = rig.phone()
        for code in (1, 1, 0, 10, 11, 12):
            self._key(alice, code, rig, range(1, 8))
        rig.run(0.2)
        assert rig.digits() == "110*#A"

    def test_a_key_is_known_by_any_one_of_its_packets(self, rig: EngineRig) -> None:
        alice = rig.phone()
        for number in (1, 3, 7):
            self._key(alice, 5, rig, range(number, number + 1))
        rig.run(0.2)
        assert rig.digits() == "555"

    def _held(self, rig: EngineRig, code: int, begun: int, duration: int, *, ends: bool = False) -> None:
        """Send one packet of a key that is held, a tick later."""
        phone = rig.phones[0]
        phone.timestamp = begun
        phone.packet(bytes([code, 0x80 * ends | 10, *duration.to_bytes(2, "big")]), 101)
        rig.run(0.02)

    @pytest.mark.parametrize("lost", [0, 25])
    def test_a_key_held_for_half_a_minute_is_one_key(self, rig: EngineRig, lost: int) -> None:
        begun, full = rig.phone().timestamp, 0xFFFF // FRAME * FRAME
        for number in range(30 * 50):
            segment, within = divmod(number * FRAME, full)
            # The first packets of each segment, and the last.
            if number < 10 or number % (full // FRAME) >= lost:
                self._held(rig, 5, begun + segment * full, within + FRAME)
        assert rig.digits() == "5"

    def test_keys_as_long_after_each_other_as_segments_are_keys_each(self, rig: EngineRig) -> None:
        begun, full = rig.phone().timestamp, 0xFFFF // FRAME * FRAME
        for number, (code, ends) in enumerate([(5, True), (5, False), (6, False), (7, True)]):
            self._held(rig, code, begun + number * full, FRAME)
            self._held(rig, code, begun + number * full, 2 * FRAME, ends=ends)
        assert rig.digits() == "5567"

    def test_a_late_packet_of_an_earlier_key_is_no_key(self, rig: EngineRig) -> None:
        alice = rig.phone()
        first = alice.timestamp
        self._key(alice, 1, rig, range(1, 8))
        self._key(alice, 2, rig, range(1, 8))
        second = alice.timestamp
        alice.timestamp = first
        self._key(alice, 1, rig, range(7, 8))
        alice.timestamp = second
        self._key(alice, 3, rig, range(1, 8))
        rig.run(0.2)
        assert rig.digits() == "123"

    def test_other_events_and_stumps_are_no_digits(self, rig: EngineRig) -> None:
        alice = rig.phone()
        self._key(alice, 16, rig, range(1, 4))
        alice.packet(b"\x01", 101)
        rig.run(0.2)
        assert rig.digits() == ""


class TestCrowd:
    """Packets of many ports are taken all at once, those of few one by one; nobody shall hear which."""

    @staticmethod
    def _heard(crowd: int, seed: int) -> tuple[bytes, str]:
        """Return what Bob hears, and the keys pressed, of an Alice whose network is bad at times."""
        rig = EngineRig()
        chance, words = np.random.default_rng(seed), np.random.default_rng(1)
        others = [rig.phone() for _ in range(crowd)]
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        for other in others:
            other.sends(words.integers(0, 256, 4 * 8000, np.uint8).tobytes())
        for _ in range(200):
            trouble = chance.integers(0, 40)
            frame = chance.integers(0, 256, FRAME, np.uint8).tobytes()
            if trouble == 1:
                alice.sequence += 1
                alice.timestamp += FRAME  # lost
            elif trouble == 2:
                alice.packet(frame[:80])
                alice.packet(frame[80:])
            elif trouble == 3:
                alice.packet(struct.pack("!BBH", 5, 0x8A, 800), 101)
            elif trouble == 4:
                alice.ssrc += 1
                alice.timestamp += 5000
            alice.packet(frame)
            arrived = rig.network.arriving
            if trouble == 5:
                arrived.append(arrived[-1])  # twice
            elif trouble == 6:
                held, arrived[:] = arrived[-1], arrived[:-1]
                rig.run(0.02)
                alice.packet(frame)
                arrived.append(held)  # after its successor
            elif trouble == 7:
                arrived[-1] = (
                    arrived[-1][0],
                    b"\x90" + arrived[-1][1][1:12] + bytes(4) + arrived[-1][1][12:],
                )
            rig.run(0.02)
        assert rig.engine.stats().received >= 200 * (crowd + 1) - 20
        return bob.words(), rig.digits()

    @pytest.mark.parametrize("seed", range(6))
    def test_a_stream_sounds_the_same_alone_and_among_many(self, seed: int) -> None:
        assert self._heard(12, seed) == self._heard(0, seed)

    def test_the_words_of_a_crowd_arrive_bit_for_bit(self, rig: EngineRig) -> None:
        phones = [rig.phone() for _ in range(20)]
        words = np.random.default_rng(3).integers(0, 256, (20, 16000), np.uint8)
        for one, other in zip(phones[::2], phones[1::2], strict=True):
            rig.bridge(one, other)
        for phone, said in zip(phones, words, strict=True):
            phone.sends(said.tobytes())
        rig.run(2.1)
        for index, phone in enumerate(phones):
            assert words[index ^ 1].tobytes() in phone.words()


class TestEpochs:
    def test_what_a_new_switch_does_not_name_is_closed(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        rig.engine.apply(protocol.Hello())
        rig.engine.apply(protocol.OpenRtp(alice.port_id, "127.0.0.1"))
        assert rig.engine.stats().ports == 2
        rig.engine.apply(protocol.Settled())
        assert rig.engine.stats().ports == 1

    def test_the_same_state_told_again_is_not_heard(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        alice.says(tone(440, 1))
        rig.run(0.5)
        rig.engine.apply(protocol.Hello())
        for phone in (alice, bob):
            rig.engine.apply(protocol.OpenRtp(phone.port_id, "127.0.0.1"))
            rig.aim(phone)
        rig.bridge(alice, bob)
        rig.engine.apply(protocol.Settled())
        rig.run(0.5)
        assert longest_gap_ms(bob.heard()) < 5
        assert heard_frequency(bob.heard()[-3000:]) == 440
        assert not any(packet.marker for packet in bob.packets()[1:])

    def test_a_sink_that_the_new_switch_leaves_unrouted_falls_silent(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        alice.says(tone(440, 2))
        rig.run(0.5)
        rig.engine.apply(protocol.Hello())
        for phone in (alice, bob):
            rig.engine.apply(protocol.OpenRtp(phone.port_id, "127.0.0.1"))
        rig.engine.apply(protocol.Settled())
        before = len(bob.words())
        rig.run(0.5)
        assert set(bob.words()[before:]) == {ULAW.silence}

    def test_commands_about_nothing_known_are_counted(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.route(PCM_ID, alice.port_id)
        rig.route(alice.port_id, Source(alice.port_id, float("nan")))
        rig.engine.apply(protocol.StopPlaying("nobody"))
        rig.run(0.02)
        assert rig.engine.stats().refused_commands == 2

    def test_an_address_that_is_not_here_is_refused(self, rig: EngineRig) -> None:
        rig.engine.apply(protocol.OpenRtp(PCM_ID, "203.0.113.1"))
        rig.run(0.02)
        assert rig.happened(protocol.PortRefused)


def test_payload_types_nobody_speaks_here_are_refused(rig: EngineRig) -> None:
    alice = rig.phone(aimed=False)
    alice.payload_type = 18
    rig.aim(alice)
    alice.payload_type = PCMU
    rig.run(0.1)
    assert rig.engine.stats().refused_commands == 1
    assert alice.packets() == []
