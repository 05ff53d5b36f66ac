"""Who hears whom, exactly: the engine stepped by hand."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import PCMA, PCMU, PlayFile, PlaySilence, PlayTone, PortFailed, Source
from firmware.media import protocol
from firmware.media.g711 import ALAW, FRAME, ULAW
from tests.media.rig import EngineRig, heard_frequency, level_db, longest_gap_ms, tone

PCM_ID = PortId("pcm-nobody")


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


def _prompt(path: Path, samples: np.ndarray, rate: int = 8000, channels: int = 1) -> PlayFile:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(samples.astype("<i2").tobytes())
    return PlayFile(str(path))


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

    def test_other_events_and_stumps_are_no_digits(self, rig: EngineRig) -> None:
        alice = rig.phone()
        self._key(alice, 16, rig, range(1, 4))
        alice.packet(b"\x01", 101)
        rig.run(0.2)
        assert rig.digits() == ""


class TestPlayers:
    def test_a_prompt_is_heard_to_the_sample_and_its_end_is_told(
        self, rig: EngineRig, tmp_path: Path
    ) -> None:
        port_id, line = rig.line()
        samples = tone(440, 0.505)
        name = rig.play(port_id, _prompt(tmp_path / "p.wav", samples))
        rig.run(1)
        assert samples.tobytes() in line.written
        assert rig.happened(protocol.PlaybackEnded) == [protocol.PlaybackEnded(name)]

    def test_items_follow_each_other_without_a_gap(self, rig: EngineRig, tmp_path: Path) -> None:
        port_id, line = rig.line()
        one, other = tone(440, 0.123), tone(1000, 0.077)
        rig.play(
            port_id, _prompt(tmp_path / "1.wav", one), PlaySilence(50), _prompt(tmp_path / "2.wav", other)
        )
        rig.run(1)
        assert one.tobytes() + bytes(800) + other.tobytes() in line.written

    def test_repeating_goes_on_until_stopped(self, rig: EngineRig, tmp_path: Path) -> None:
        port_id, line = rig.line()
        samples = tone(440, 0.1)
        name = rig.play(port_id, _prompt(tmp_path / "p.wav", samples), repeat=True)
        rig.run(1)
        assert samples.tobytes() * 8 in line.written
        rig.engine.apply(protocol.StopPlaying(name))
        before = len(line.written)
        rig.run(0.1)
        assert not any(line.written[before:])

    def test_a_tone_has_its_frequencies_cadence_and_level(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        rig.play(port_id, PlayTone((450,), (100, 200), level_dbm0=-15, duration_ms=600))
        rig.run(1)
        heard = line.heard()
        start = int(np.flatnonzero(heard)[0]) - 1
        on = heard[start : start + 800]
        assert not heard[start + 800 : start + 2400].any()
        assert heard[start + 2401 : start + 3200].any()
        assert not heard[start + 4800 :].any()
        full_scale = tone(450, 0.1, 32767)
        assert level_db(on, full_scale) == pytest.approx(-15 - 3.14, abs=0.1)

    def test_a_tone_is_heard_on_top_of_the_other_party(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        alice.says(tone(400, 1, 4000))
        rig.play(bob.port_id, PlayTone((1000,), (), duration_ms=1000))
        rig.run(1)
        spectrum = np.abs(np.fft.rfft(bob.heard()[2400:6400].astype(float)))
        assert spectrum[200] > 100 * spectrum[300]
        assert spectrum[500] > 100 * spectrum[300]

    @pytest.mark.parametrize(("rate", "channels", "words"), [(16000, 1, "16000 Hz"), (8000, 2, "2 channels")])
    def test_a_file_of_another_format_fails_with_the_reason(
        self, rig: EngineRig, tmp_path: Path, rate: int, channels: int, words: str
    ) -> None:
        port_id, _ = rig.line()
        rig.play(port_id, _prompt(tmp_path / "p.wav", tone(440, 0.1), rate, channels))
        rig.run(0.1)
        (ended,) = rig.happened(protocol.PlaybackEnded)
        assert isinstance(ended, protocol.PlaybackEnded)
        assert ended.error is not None and words in ended.error

    def test_a_missing_file_or_impossible_tone_fails_after_what_came_before(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        rig.play(port_id, PlayTone((450,), (), duration_ms=100), PlayFile("/nowhere/p.wav"))
        rig.run(0.2)
        rig.play(port_id, PlayTone((5000,), ()))
        rig.run(0.1)
        errors = [
            event.error
            for event in rig.happened(protocol.PlaybackEnded)
            if isinstance(event, protocol.PlaybackEnded)
        ]
        assert errors[0] == "/nowhere/p.wav: No such file or directory"
        assert "5000" in str(errors[1])
        assert line.heard().any()

    def test_repeating_nothing_ends_instead_of_spinning(self, rig: EngineRig) -> None:
        port_id, _ = rig.line()
        rig.play(port_id, PlaySilence(0), repeat=True)
        rig.run(0.1)
        assert rig.happened(protocol.PlaybackEnded)


class TestLine:
    def test_a_line_and_a_phone_hear_each_other(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        bob = rig.phone(PCMA)
        rig.route(port_id, bob.port_id)
        rig.route(bob.port_id, port_id)
        bob.says(tone(1000, 2))
        caller = tone(440, 2).tobytes()
        for at in range(0, 16000, 320):
            line.incoming += caller[at : at + 320]
            rig.run(0.02)
        assert heard_frequency(line.heard()[2000:]) == 1000
        assert heard_frequency(bob.heard()[2000:]) == 440
        assert longest_gap_ms(bob.heard()) < 5

    def test_uneven_lumps_of_100_ms_are_smoothed_after_a_while(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        bob = rig.phone()
        rig.route(bob.port_id, port_id)
        caller = tone(440, 6).tobytes()
        for number, at in enumerate(range(0, len(caller), 1600)):
            rig.run(0.12 if number % 2 else 0.08)
            line.incoming += caller[at : at + 1600]
        assert longest_gap_ms(bob.heard()[-24000:]) < 5

    def test_a_byte_that_the_modem_loses_is_heard_for_less_than_half_a_second(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        bob = rig.phone()
        rig.route(bob.port_id, port_id)
        caller = tone(440, 4).tobytes()
        caller = caller[:16001] + caller[16002:]
        for at in range(0, len(caller), 320):
            line.incoming += caller[at : at + 320]
            rig.run(0.02)
        heard = bob.heard()[8000 + 4000 : 28000]
        assert heard_frequency(heard) == 440
        assert abs(level_db(heard, tone(440, 2))) < 0.5

    def test_loud_noise_on_a_line_is_not_taken_for_torn_samples(self, rig: EngineRig) -> None:
        _, line = rig.line()
        noise = np.random.default_rng(3).normal(0, 6000, 32000).astype("<i2").tobytes()
        for at in range(0, len(noise), 320):
            line.incoming += noise[at : at + 320]
            rig.run(0.02)
        (port,) = rig.engine._pcm
        assert port.buffer is not None and port.buffer.shifted == 0

    def test_a_line_that_vanishes_is_told_once_and_the_call_goes_on(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        bob = rig.phone()
        rig.route(bob.port_id, port_id)
        line.gone = True
        rig.run(0.5)
        failures = [
            event for event in rig.happened(protocol.PortSaid) if isinstance(event, protocol.PortSaid)
        ]
        assert [event.event for event in failures] == [PortFailed("the modem was pulled out")]
        assert len(bob.packets()) == 25

    def test_a_missing_device_is_refused(self, rig: EngineRig) -> None:
        rig.engine.apply(protocol.OpenPcm(PCM_ID, "/dev/nothing", 8000))
        rig.run(0.02)
        assert rig.happened(protocol.PortRefused) == [
            protocol.PortRefused(PCM_ID, "/dev/nothing: no such device")
        ]


class TestRecorder:
    def test_left_and_right_are_what_came_in(self, rig: EngineRig, tmp_path: Path) -> None:
        alice, bob = rig.phone(), rig.phone(PCMA)
        rig.bridge(alice, bob)
        rig.record(tmp_path / "r.wav", alice.port_id, bob.port_id)
        alice.says(tone(440, 3))
        bob.says(tone(1000, 3))
        rig.run(3)
        rig.engine.apply(protocol.StopRecording("recorder"))
        rig.run(0.04)
        left, right = _stereo(tmp_path / "r.wav")
        assert len(left) == 24000
        assert heard_frequency(left[2000:]) == 440
        assert heard_frequency(right[2000:]) == 1000
        assert abs(level_db(left[2000:], tone(440, 3))) < 0.3
        assert longest_gap_ms(left) < 5
        assert rig.happened(protocol.RecordingClosed) == [protocol.RecordingClosed("recorder", 24000)]

    def test_the_file_is_playable_up_to_its_last_second_at_any_moment(
        self, rig: EngineRig, tmp_path: Path
    ) -> None:
        alice = rig.phone()
        rig.record(tmp_path / "r.wav", alice.port_id, alice.port_id)
        for seconds in range(1, 6):
            rig.run(1)
            left, _ = _stereo(tmp_path / "r.wav")
            assert seconds * 8000 - 8000 < len(left) <= seconds * 8000

    def test_a_party_that_leaves_is_silence_and_keeps_time(self, rig: EngineRig, tmp_path: Path) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.record(tmp_path / "r.wav", alice.port_id, bob.port_id)
        alice.says(tone(440, 2))
        bob.says(tone(1000, 2))
        rig.run(1)
        rig.engine.apply(protocol.ClosePort(bob.port_id))
        carol = rig.phone()
        assert carol.row == bob.row
        carol.says(tone(2000, 1))
        rig.run(1)
        rig.engine.apply(protocol.StopRecording("recorder"))
        rig.run(0.02)
        left, right = _stereo(tmp_path / "r.wav")
        assert len(left) == 16000
        assert left[8000:].any() and not right[8000:].any()

    def test_a_restart_leaves_silence_of_the_right_length(self, rig: EngineRig, tmp_path: Path) -> None:
        alice = rig.phone()
        rig.record(tmp_path / "r.wav", alice.port_id, alice.port_id)
        alice.says(tone(440, 1.6))
        rig.run(1.6)
        second = EngineRig()
        second.now_ns = 2_600_000_000
        again = second.phone()
        second.engine.apply(
            protocol.Record("recorder", str(tmp_path / "r.wav"), again.port_id, again.port_id, 0)
        )
        again.says(tone(1000, 0.8))
        second.run(0.8)
        left, _ = _stereo(tmp_path / "r.wav")
        assert len(left) == pytest.approx(3.4 * 8000, abs=400)
        assert heard_frequency(left[2000:12000]) == 440
        assert not left[13000:20700].any()
        assert heard_frequency(left[22000:]) == 1000

    def test_a_missing_folder_is_told_and_the_call_goes_on(self, rig: EngineRig, tmp_path: Path) -> None:
        alice = rig.phone()
        rig.record(tmp_path / "none" / "r.wav", alice.port_id, alice.port_id)
        rig.run(1)
        assert rig.happened(protocol.RecordingClosed) == [
            protocol.RecordingClosed("recorder", 0, "No such file or directory")
        ]
        assert len(alice.packets()) == 50

    def test_a_full_disk_ends_the_recording_not_the_call(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.record(Path("/dev/full"), alice.port_id, alice.port_id)
        rig.run(2)
        (closed,) = rig.happened(protocol.RecordingClosed)
        assert isinstance(closed, protocol.RecordingClosed)
        assert closed.error is not None
        assert len(alice.packets()) == 100


def _stereo(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 8000)
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
    return samples[0::2].astype(np.int16), samples[1::2].astype(np.int16)


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


def test_payload_types_other_than_g711_are_refused(rig: EngineRig) -> None:
    alice = rig.phone(aimed=False)
    alice.payload_type = 9
    rig.aim(alice)
    alice.payload_type = PCMU
    rig.run(0.1)
    assert rig.engine.stats().refused_commands == 1
    assert alice.packets() == []
