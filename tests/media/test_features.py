"""What the engine does beyond bridging: conferences, digits both ways, detectors, mutes, figures."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import (
    DigitHeard,
    FellSilent,
    LevelMetered,
    PortEvent,
    PortOptions,
    Source,
    ToneNoticed,
)
from firmware.media import protocol
from firmware.media.dsp.tones import dtmf
from firmware.media.g711 import FRAME, I16
from tests.media.rig import EngineRig, FakePcm, Phone, heard_frequency, level_db, tone


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


def _say(rig: EngineRig, line: FakePcm, samples: I16, extra: float = 0.2) -> None:
    """Have a line's caller say something, a frame a tick."""
    samples = np.concatenate((samples, np.zeros(int(extra * 8000), np.int16)))
    for at in range(0, len(samples), FRAME):
        line.incoming += samples[at : at + FRAME].tobytes()
        rig.run(0.02)


def _said(rig: EngineRig, port_id: PortId) -> list[PortEvent]:
    events = [event for event in rig.events if isinstance(event, protocol.PortSaid)]
    return [event.event for event in events if event.port_id == port_id]


def _power(samples: I16, frequency: float) -> float:
    moments = np.arange(len(samples))
    return float(np.abs(np.dot(samples, np.exp(-2j * np.pi * frequency * moments / 8000))) / len(samples))


class TestConference:
    def test_thirty_hear_the_others_and_nobody_himself(self, rig: EngineRig) -> None:
        phones = [rig.phone() for _ in range(30)]
        rig.engine.apply(protocol.Confer("room", tuple(phone.port_id for phone in phones)))
        phones[0].says(tone(400, 1, 6000))
        phones[1].says(tone(900, 1, 6000))
        rig.run(1)
        for listener, hears, not_own in ((0, 900, 400), (1, 400, 900), (29, 400, 0)):
            heard = phones[listener].heard()[2400:6400]
            assert _power(heard, hears) == pytest.approx(3000, rel=0.05)
            if not_own:
                assert _power(heard, not_own) < 30

    def test_no_step_at_the_door_is_heard_as_a_swell_of_everybodys_noise(self, rig: EngineRig) -> None:
        phones = [rig.phone() for _ in range(12)]
        members = tuple(phone.port_id for phone in phones)
        rig.engine.apply(protocol.Confer("room", members))
        for number, phone in enumerate(phones):
            phone.says(np.random.default_rng(number).normal(0, 30, 10 * 8000).astype(np.int16))
        rig.run(6)
        calm = phones[0].heard()[-8000:]
        late, elsewhere = rig.phone(), rig.phone()
        rig.bridge(late, elsewhere)
        rig.run(1)
        assert level_db(phones[0].heard()[-8000:], calm) == pytest.approx(0, abs=0.5)
        rig.engine.apply(protocol.Confer("room", (*members, late.port_id)))
        rig.run(1)
        assert level_db(phones[0].heard()[-8000:], calm) == pytest.approx(0, abs=0.5)
        rig.engine.apply(protocol.Confer("room", members[:-1]))
        rig.run(1)
        # Eleven are left: 0.4 dB less noise, and it may be let rise by as much.
        assert level_db(phones[0].heard()[-8000:], calm) == pytest.approx(0, abs=0.7)

    def test_who_takes_anothers_place_in_a_room_is_heard_in_full_from_the_first_word(
        self, rig: EngineRig
    ) -> None:
        phones = [rig.phone() for _ in range(12)]
        members = tuple(phone.port_id for phone in phones)
        rig.engine.apply(protocol.Confer("room", members))
        # The one before sat beside a fan: what is said softly was no speech there.
        phones[5].says(np.random.default_rng(1).normal(0, 800, 10 * 8000).astype(np.int16))
        rig.run(10)
        rig.engine.apply(protocol.ClosePort(members[5]))
        rig.engine.apply(protocol.Confer("room", members[:5] + members[6:]))
        newcomer = rig.phone()
        rig.engine.apply(protocol.Confer("room", (*members[:5], *members[6:], newcomer.port_id)))
        newcomer.says(tone(900, 1, 1200))
        rig.run(1)
        for listener in (phones[0], phones[11]):
            heard = listener.heard()[-7000:]
            assert _power(heard[:800], 900) == pytest.approx(600, rel=0.05)
            assert _power(heard, 900) == pytest.approx(600, rel=0.05)
        assert _power(newcomer.heard(), 900) < 30

    def test_a_whisper_reaches_one_member_only_and_leaving_ends_it(self, rig: EngineRig) -> None:
        alice, bob, coach = rig.phone(), rig.phone(), rig.phone()
        rig.engine.apply(protocol.Confer("room", (alice.port_id, bob.port_id)))
        rig.route(alice.port_id, Source(coach.port_id))
        coach.says(tone(700, 2, 6000))
        bob.says(tone(1300, 2, 6000))
        rig.run(1)
        assert _power(alice.heard()[3000:7000], 700) > 2500
        assert _power(alice.heard()[3000:7000], 1300) > 2500
        assert _power(bob.heard()[3000:7000], 700) < 30
        rig.engine.apply(protocol.Confer("room", ()))
        rig.run(0.5)
        assert _power(alice.heard()[-2000:], 1300) < 30


class TestDigitsOut:
    def _events(self, phone: Phone) -> list[tuple[int, bool, int, int, bool]]:
        return [
            (p.payload[0], bool(p.payload[1] & 0x80), int.from_bytes(p.payload[2:4]), p.timestamp, p.marker)
            for p in phone.packets()
            if p.payload_type == 101
        ]

    def test_a_digit_grows_and_ends_three_times_under_one_timestamp(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.run(0.1)
        rig.engine.apply(protocol.SendDigits(alice.port_id, "5", 100))
        rig.run(0.5)
        events = self._events(alice)
        assert [event[0] for event in events] == [5] * 7
        assert [event[2] for event in events] == [160, 320, 480, 640, 800, 800, 800]
        assert [event[1] for event in events] == [False] * 4 + [True] * 3
        assert len({event[3] for event in events}) == 1
        assert [event[4] for event in events] == [True] + [False] * 6
        numbers = [packet.sequence for packet in alice.packets()]
        assert all((later - earlier) % 65536 == 1 for earlier, later in itertools.pairwise(numbers))

    def test_a_long_digit_and_a_number_are_keyed_one_after_another(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.run(0.1)
        rig.engine.apply(protocol.SendDigits(alice.port_id, "1", 3000))
        rig.engine.apply(protocol.SendDigits(alice.port_id, "2#", 60))
        rig.run(4)
        stamps: dict[int, int] = {}
        for event in self._events(alice):
            stamps[event[3]] = event[0]
        assert list(stamps.values()) == [1, 2, 11]
        assert max(event[2] for event in self._events(alice)) == 24000

    def test_a_line_gets_tones(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        rig.run(0.1)
        rig.engine.apply(protocol.SendDigits(port_id, "1", 100))
        before = len(line.written)
        rig.run(0.3)
        heard = np.frombuffer(line.written[before:], "<i2").astype(np.int16)[160:800]
        assert _power(heard, 697) > 1000 and _power(heard, 1209) > 1000
        assert _power(heard, 1000) < 200

    def test_a_key_pressed_on_a_phone_is_heard_by_the_line_it_talks_to(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        alice = rig.phone()
        rig.route(port_id, alice.port_id)
        alice.packet(bytes([9, 10, 0, 160]), 101)
        rig.run(0.3)
        heard = line.heard()
        assert _power(heard, 852) > 300 and _power(heard, 1477) > 300
        assert rig.digits() == "9"


class TestListening:
    def test_tones_keyed_on_a_line_are_heard_as_digits_and_passed_on_as_events(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        alice = rig.phone()
        rig.route(alice.port_id, port_id)
        rig.engine.apply(protocol.Configure(port_id, PortOptions(detect_digits=True)))
        _say(rig, line, dtmf("0123456789*#ABCD", on_ms=60, off_ms=60))
        assert rig.digits() == "0123456789*#ABCD"
        rig.run(2)
        assert {p.payload[0] for p in alice.packets() if p.payload_type == 101} == set(range(16))

    def test_a_line_that_asks_for_nothing_is_not_listened_to(self, rig: EngineRig) -> None:
        _, line = rig.line()
        _say(rig, line, dtmf("123"))
        assert rig.digits() == ""

    def test_busy_tone_of_the_country_is_noticed(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        rig.engine.apply(protocol.Configure(port_id, PortOptions(tones_of="CN")))
        on, off = tone(450, 0.35, 3000), np.zeros(2800, np.int16)
        _say(rig, line, np.concatenate([on, off] * 6))
        names = [event.name for event in _said(rig, port_id) if isinstance(event, ToneNoticed)]
        assert names and set(names) == {"busy"}

    def test_a_caller_who_says_nothing_is_noticed_once(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        rig.engine.apply(protocol.Configure(port_id, PortOptions(silence_ms=1000)))
        _say(rig, line, np.zeros(24000, np.int16))
        assert [event for event in _said(rig, port_id) if isinstance(event, FellSilent)] == [FellSilent(1000)]

    def test_who_asks_no_longer_is_told_no_longer(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        everything = PortOptions(silence_ms=1000, detect_digits=True, tones_of="CN", meter=True)
        other, _ = rig.line("/dev/ttyUSB5")
        for asking in (port_id, other):
            rig.engine.apply(protocol.Configure(asking, everything))
        busy = np.concatenate([tone(450, 0.35, 3000), np.zeros(2800, np.int16)] * 6)
        for options, kinds in (
            (everything, {DigitHeard, ToneNoticed, FellSilent, LevelMetered}),
            (PortOptions(meter=True), {LevelMetered}),
        ):
            rig.events.clear()
            rig.engine.apply(protocol.Configure(port_id, options))
            _say(rig, line, np.concatenate((dtmf("1"), busy, np.zeros(16000, np.int16))))
            assert {type(event) for event in _said(rig, port_id)} == kinds

    def test_the_gain_of_a_port_is_heard_by_all_who_hear_it(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        rig.engine.apply(protocol.Configure(alice.port_id, PortOptions(gain_db=6)))
        alice.says(tone(440, 1, 4000))
        rig.run(1)
        assert level_db(bob.heard()[2000:7000], tone(440, 1, 4000)[:5000]) == pytest.approx(6, abs=0.3)

    def test_the_echo_of_what_a_line_was_sent_is_taken_out(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        alice = rig.phone()
        rig.route(port_id, alice.port_id)
        rig.route(alice.port_id, port_id)
        rig.engine.apply(protocol.Configure(port_id, PortOptions(echo_canceller=True)))
        noise = np.random.default_rng(1).normal(0, 3000, 8000 * 6).astype(np.int16)
        alice.says(noise)
        taken = 0
        for _ in range(300):
            rig.run(0.02)
            written = np.frombuffer(line.written[taken:], "<i2").astype(np.float64)
            taken += 2 * len(written)
            line.incoming += (written * 0.25).astype("<i2").tobytes()
        echo = float(np.abs(alice.heard()[-8000:].astype(float)).mean())
        sent = float(np.abs(noise.astype(float)).mean()) * 0.25
        assert echo < sent * 10 ** (-25 / 20)
        _say(rig, line, tone(1000, 1, 4000))
        assert _power(alice.heard()[-5000:-2500], 1000) == pytest.approx(2000, rel=0.2)
        # Who wants it no more hears everything.
        rig.engine.apply(protocol.Configure(port_id, PortOptions()))
        alice.says(noise)
        for _ in range(50):
            rig.run(0.02)
            written = np.frombuffer(line.written[taken:], "<i2").astype(np.float64)
            taken += 2 * len(written)
            line.incoming += (written * 0.25).astype("<i2").tobytes()
        assert float(np.abs(alice.heard()[-4000:].astype(float)).mean()) == pytest.approx(sent, rel=0.1)


class TestRecordings:
    def _samples(self, path: Path) -> I16:
        with wave.open(str(path)) as wav:
            return np.frombuffer(wav.readframes(wav.getnframes()), "<i2")[0::2].astype(np.int16)

    @pytest.mark.parametrize("line_side", [False, True])
    def test_a_pin_is_not_in_the_recording(self, rig: EngineRig, tmp_path: Path, line_side: bool) -> None:
        alice = rig.phone()
        other = rig.line()[0] if line_side else rig.phone().port_id
        rig.record(tmp_path / "r.wav", alice.port_id, other)
        alice.says(tone(440, 3))
        rig.run(1)
        rig.engine.apply(protocol.AdjustRecording("recorder", paused=False, muted=True))
        rig.run(1)
        rig.engine.apply(protocol.AdjustRecording("recorder", paused=False, muted=False))
        rig.run(1)
        rig.engine.apply(protocol.StopRecording("recorder"))
        rig.run(0.04)
        heard = self._samples(tmp_path / "r.wav")
        assert len(heard) == 24000
        assert not heard[8200:15800].any()
        assert heard_frequency(heard[1000:7800]) == heard_frequency(heard[16200:23800]) == 440

    def test_not_a_word_of_anybody_is_in_it_however_many_talk(self, rig: EngineRig, tmp_path: Path) -> None:
        phones = [rig.phone() for _ in range(16)]
        rig.record(tmp_path / "r.wav", phones[0].port_id, phones[1].port_id)
        rig.engine.apply(protocol.AdjustRecording("recorder", paused=False, muted=True))
        for phone in phones:
            phone.says(tone(440, 1))
        rig.run(1)
        rig.engine.apply(protocol.StopRecording("recorder"))
        rig.run(0.04)
        heard = self._samples(tmp_path / "r.wav")
        assert len(heard) == 8000
        assert not heard.any()

    def test_a_pause_is_left_out(self, rig: EngineRig, tmp_path: Path) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.record(tmp_path / "r.wav", alice.port_id, bob.port_id)
        rig.run(1)
        rig.engine.apply(protocol.AdjustRecording("recorder", paused=True, muted=False))
        rig.run(5)
        rig.engine.apply(protocol.AdjustRecording("recorder", paused=False, muted=False))
        rig.run(1)
        rig.engine.apply(protocol.StopRecording("recorder"))
        rig.run(0.04)
        assert len(self._samples(tmp_path / "r.wav")) == 16000
