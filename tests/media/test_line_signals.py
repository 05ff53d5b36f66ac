"""What trunk ports notice and send: the line's own busy tone, answers, caller id, fax tones, levels."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import (
    AnswerNoticed,
    AnswerSign,
    CallerIdStandard,
    CallerNoticed,
    LearnedTone,
    LevelMetered,
    PlayCallerId,
    PlayFile,
    PlayTone,
    PortEvent,
    PortOptions,
    ToneNoticed,
)
from firmware.media import protocol
from firmware.media.dsp.tones import ToneGenerator, dtmf
from firmware.media.dsp.units import level_of
from firmware.media.g711 import FRAME, I16
from firmware.media.learning import learned_from
from tests.media.rig import EngineRig, FakePcm, heard_frequency, level_db, longest_gap_ms, tone


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


def _cadenced(frequencies: tuple[float, ...], cadence_ms: tuple[int, ...], seconds: float) -> I16:
    out = np.empty(int(seconds * 8000), np.int16)
    ToneGenerator(frequencies, cadence_ms, -15).fill(out)
    return out


def _speech(seconds: float) -> I16:
    """Return something with a voice's changing pitch and syllables."""
    moments = np.arange(int(seconds * 8000)) / 8000
    pitch = 120 + 30 * np.sin(2 * np.pi * 1.3 * moments)
    phase = 2 * np.pi * np.cumsum(pitch) / 8000
    voice = sum(np.sin(n * phase) / n for n in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 3 * moments) + 0.4, 0, 1)
    return (4000 * voice * syllables).astype(np.int16)


class TestTones:
    def test_a_line_with_a_busy_tone_of_its_own_is_learned_and_noticed(
        self, rig: EngineRig, tmp_path: Path
    ) -> None:
        strange = _cadenced((520, 660), (230, 310), 8)
        with wave.open(str(tmp_path / "r.wav"), "wb") as wav:
            wav.setnchannels(2)
            wav.setsampwidth(2)
            wav.setframerate(8000)
            wav.writeframes(np.repeat(strange, 2).astype("<i2").tobytes())
        learned = learned_from(tmp_path / "r.wav")
        assert learned is not None
        assert learned.frequencies == pytest.approx((520, 660), abs=1.5)
        assert learned.cadence_ms == pytest.approx((230, 310), abs=12)
        port_id, line = rig.line()
        rig.engine.apply(protocol.Configure(port_id, PortOptions(tones_of="CN")))
        _say(rig, line, strange[:32000])
        assert not [event for event in _said(rig, port_id) if isinstance(event, ToneNoticed)]
        rig.engine.apply(protocol.Configure(port_id, PortOptions(tones_of="CN", learned_tones=(learned,))))
        _say(rig, line, strange[:32000])
        assert {event.name for event in _said(rig, port_id) if isinstance(event, ToneNoticed)} == {"busy"}

    def test_speech_is_nothing_to_learn(self, tmp_path: Path) -> None:
        with wave.open(str(tmp_path / "r.wav"), "wb") as wav:
            wav.setnchannels(2)
            wav.setsampwidth(2)
            wav.setframerate(8000)
            wav.writeframes(np.repeat(_speech(8), 2).astype("<i2").tobytes())
        assert learned_from(tmp_path / "r.wav") is None

    @pytest.mark.parametrize(
        ("name", "frequency", "cadence_ms"), [("cng", 1100, (500, 3000)), ("ced", 2100, ())]
    )
    def test_fax_machines_are_noticed(
        self, rig: EngineRig, name: str, frequency: float, cadence_ms: tuple[int, ...]
    ) -> None:
        port_id, line = rig.line()
        rig.engine.apply(protocol.Configure(port_id, PortOptions(tones_of="CN")))
        _say(rig, line, _cadenced((frequency,), cadence_ms, 4))
        assert name in {event.name for event in _said(rig, port_id) if isinstance(event, ToneNoticed)}

    def test_a_learned_tone_alone_is_noticed_without_a_country(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        own = LearnedTone((700,), (200, 200), "hung_up")
        rig.engine.apply(protocol.Configure(port_id, PortOptions(learned_tones=(own,))))
        _say(rig, line, _cadenced((700,), (200, 200), 3))
        assert "hung_up" in {event.name for event in _said(rig, port_id) if isinstance(event, ToneNoticed)}


class TestAnswer:
    def _signs(self, rig: EngineRig, port_id: PortId) -> list[AnswerSign]:
        return [event.sign for event in _said(rig, port_id) if isinstance(event, AnswerNoticed)]

    def test_a_voice_after_ringback_is_an_answer_within_a_second(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        rig.engine.apply(protocol.Configure(port_id, PortOptions(detect_answer=True, tones_of="CN")))
        _say(rig, line, _cadenced((450,), (1000, 4000), 6.5))
        assert self._signs(rig, port_id) == []
        before = rig.now_ns
        hello = _speech(1.2)
        for at in range(0, len(hello), FRAME):
            line.incoming += hello[at : at + FRAME].tobytes()
            rig.run(0.02)
            if self._signs(rig, port_id):
                break
        assert self._signs(rig, port_id) == [AnswerSign.VOICE_HEARD]
        assert (rig.now_ns - before) / 1e9 < 0.8
        _say(rig, line, np.zeros(16000, np.int16))
        assert self._signs(rig, port_id)[-1] is AnswerSign.SEEMS_PERSON

    def test_busy_tone_and_silence_are_no_answer(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        rig.engine.apply(protocol.Configure(port_id, PortOptions(detect_answer=True)))
        _say(rig, line, np.concatenate((np.zeros(8000, np.int16), _cadenced((450,), (350, 350), 8))))
        assert self._signs(rig, port_id) == []


class TestCallerId:
    @pytest.mark.parametrize("standard", list(CallerIdStandard))
    def test_what_one_port_sends_another_reads(self, rig: EngineRig, standard: CallerIdStandard) -> None:
        """A handset port plays caller id as an exchange does; a trunk port reads it."""
        handset, line = rig.line()
        trunk, wire = rig.line("/dev/ttyUSB9")
        rig.engine.apply(protocol.Configure(trunk, PortOptions(caller_id=True)))
        name = None if standard is CallerIdStandard.DTMF else "ZHANG SAN"
        rig.play(
            handset, PlayCallerId("13912345678", name, month=11, day=22, hour=9, minute=5, standard=standard)
        )
        taken = 0
        for _ in range(250):
            wire.incoming += line.written[taken:]
            taken = len(line.written)
            rig.run(0.02)
        assert _said(rig, trunk) == [CallerNoticed("13912345678", name, withheld=False)]

    def test_a_withheld_number_is_told_as_withheld(self, rig: EngineRig) -> None:
        handset, line = rig.line()
        trunk, wire = rig.line("/dev/ttyUSB9")
        rig.engine.apply(protocol.Configure(trunk, PortOptions(caller_id=True)))
        rig.play(handset, PlayCallerId("13912345678", "ZHANG SAN", withheld=True))
        taken = 0
        for _ in range(100):
            wire.incoming += line.written[taken:]
            taken = len(line.written)
            rig.run(0.02)
        assert _said(rig, trunk) == [CallerNoticed(None, None, withheld=True)]

    def test_a_number_that_no_digit_closes_is_told_after_a_pause(self, rig: EngineRig) -> None:
        """It began with A; a bare number that nothing closes may be anything."""
        trunk, wire = rig.line("/dev/ttyUSB9")
        rig.engine.apply(protocol.Configure(trunk, PortOptions(caller_id=True)))
        _say(rig, wire, dtmf("A13912345678", on_ms=70, off_ms=70), 2)
        _say(rig, wire, dtmf("13800000000", on_ms=70, off_ms=70), 2)
        assert _said(rig, trunk) == [CallerNoticed("13912345678", None, withheld=False)]

    def test_what_cannot_be_sent_is_told(self, rig: EngineRig) -> None:
        handset, _ = rig.line()
        rig.play(handset, PlayCallerId("1", month=13))
        rig.run(0.2)
        (ended,) = rig.happened(protocol.PlaybackEnded)
        assert isinstance(ended, protocol.PlaybackEnded)
        assert "caller id" in str(ended.error)


class TestLevels:
    def test_the_meter_tells_in_and_out_five_times_a_second(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        alice = rig.phone()
        rig.route(port_id, alice.port_id)
        rig.engine.apply(protocol.Configure(port_id, PortOptions(meter=True, gain_db=6)))
        alice.says(tone(1000, 2, 2000))
        _say(rig, line, tone(440, 2, 4000), 0)
        told = [event for event in _said(rig, port_id) if isinstance(event, LevelMetered)]
        assert len(told) == 10
        assert told[-1].input_dbm0 == pytest.approx(level_of(tone(440, 1, 4000)) + 6, abs=0.2)
        assert told[-1].input_peak_dbm0 == pytest.approx(told[-1].input_dbm0, abs=0.2)
        assert told[-1].output_dbm0 == pytest.approx(level_of(tone(1000, 1, 2000)), abs=0.3)

    def test_a_phone_is_metered_too_and_silence_is_the_bottom(self, rig: EngineRig) -> None:
        alice, bob = rig.phone(), rig.phone()
        rig.bridge(alice, bob)
        rig.engine.apply(protocol.Configure(alice.port_id, PortOptions(meter=True)))
        bob.says(tone(440, 1))
        rig.run(1)
        told = [event for event in _said(rig, alice.port_id) if isinstance(event, LevelMetered)]
        assert told[-1].input_dbm0 == -96
        assert told[-1].output_dbm0 == pytest.approx(level_of(tone(440, 1)), abs=0.3)

    @pytest.mark.parametrize("provider", [False, True])
    def test_quiet_speech_is_brought_to_the_usual_level_slowly(self, rig: EngineRig, provider: bool) -> None:
        alice = rig.phone()
        quiet = (_speech(14) * 0.2).astype(np.int16)
        if provider:
            trunk = rig.phone()
            port_id = trunk.port_id
            trunk.says(quiet)
        else:
            port_id, line = rig.line()
        rig.route(alice.port_id, port_id)
        rig.engine.apply(protocol.Configure(port_id, PortOptions(level_control=True)))
        if provider:
            rig.run(14.2)
        else:
            _say(rig, line, quiet)
        heard = alice.heard()
        before, after = level_of(quiet[8000:16000]), level_of(heard[12 * 8000 : 13 * 8000])
        assert before < -24
        assert -22 < after < -14
        assert after > before + 3
        # Slowly: no half second is more than 1.5 dB louder than the one before it.
        halves = [level_of(heard[at : at + 8000]) for at in range(16000, 12 * 8000, 4000)]
        assert max(np.diff(halves)) < 2.5

    def test_the_next_call_on_a_line_begins_as_loud_as_it_is(self, rig: EngineRig) -> None:
        alice = rig.phone()
        heard = []
        for loudness in (0.1, 1.0):
            port_id, line = rig.line()
            rig.route(alice.port_id, port_id)
            rig.engine.apply(protocol.Configure(port_id, PortOptions(level_control=True)))
            said = (_speech(8) * loudness).astype(np.int16)
            before = len(alice.heard())
            _say(rig, line, said, 0)
            heard.append(alice.heard()[before:])
            rig.engine.apply(protocol.ClosePort(port_id))
        assert level_db(heard[0][-8000:], (_speech(8) * 0.1)[-8000:].astype(np.int16)) > 4
        assert level_db(heard[1][1600:5600], _speech(8)[1600:5600]) == pytest.approx(0, abs=1)


class TestMusic:
    def _prompt(self, path: Path, samples: I16) -> PlayFile:
        with wave.open(str(path), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(8000)
            wav.writeframes(samples.astype("<i2").tobytes())
        return PlayFile(str(path))

    def test_all_who_wait_hear_the_same_round_and_round_wherever_it_is(
        self, rig: EngineRig, tmp_path: Path
    ) -> None:
        items = (
            self._prompt(tmp_path / "a.wav", tone(440, 0.5)),
            PlayFile(str(tmp_path / "missing.wav")),
            self._prompt(tmp_path / "b.wav", tone(1000, 0.5)),
        )
        alice, bob = rig.phone(), rig.phone()
        rig.engine.apply(protocol.Play("alice", alice.port_id, items, music=True))
        rig.run(2.24)
        rig.engine.apply(protocol.Play("bob", bob.port_id, items, music=True))
        rig.run(2)
        heard = alice.heard()[1600:]
        assert longest_gap_ms(heard) < 65
        assert level_db(heard[:2000], tone(440, 0.25)) == pytest.approx(0, abs=0.3)
        assert {heard_frequency(heard[-at - 1600 :][:1600]) for at in range(0, 8000, 1600)} >= {440, 1000}
        assert bob.words()[-15000:] == alice.words()[-15000:]
        rig.engine.apply(protocol.StopPlaying("alice"))
        rig.run(0.1)
        assert not alice.heard()[-400:].any() and bob.heard()[-400:].any()

    def test_a_tenth_music_ends_none_that_is_heard(self, rig: EngineRig, tmp_path: Path) -> None:
        noise = np.random.default_rng(1).normal(0, 3000, 10000).astype(np.int16)
        sounds = [noise, *(tone(400 + 100 * number, 1.3) for number in range(1, 10))]
        musics = [(self._prompt(tmp_path / f"{n}.wav", sound),) for n, sound in enumerate(sounds)]
        phones = [rig.phone() for _ in range(11)]
        for number, (phone, items) in enumerate(zip(phones, (*musics, musics[0]), strict=True)):
            rig.engine.apply(protocol.Play(f"{number}", phone.port_id, items, music=True))
            rig.run(0.18)
        rig.run(1)
        assert phones[10].words()[-7000:] == phones[0].words()[-7000:]
        assert heard_frequency(phones[9].heard()[-4000:]) == 1300

    def test_music_nobody_hears_waits_in_its_place(self, rig: EngineRig, tmp_path: Path) -> None:
        items = tuple(self._prompt(tmp_path / f"{hertz}.wav", tone(hertz, 1)) for hertz in (440, 1000))
        alice = rig.phone()
        rig.engine.apply(protocol.Play("before", alice.port_id, items, music=True))
        rig.run(1.2)
        rig.engine.apply(protocol.StopPlaying("before"))
        rig.run(3)
        rig.engine.apply(protocol.Play("after", alice.port_id, items, music=True))
        rig.run(0.5)
        assert heard_frequency(alice.heard()[-3000:]) == 1000

    def test_music_without_anything_to_play_is_silence(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.engine.apply(protocol.Play("alice", alice.port_id, (PlayFile("/nowhere.wav"),), music=True))
        rig.run(0.5)
        assert not alice.heard().any()
        assert len(alice.packets()) == 25

    def test_a_modulated_ringback_swings_as_its_country_has_it(self, rig: EngineRig) -> None:
        alice = rig.phone()
        rig.play(alice.port_id, PlayTone((425,), (), -15, modulated_by=24))
        rig.run(1)
        spectrum = np.abs(np.fft.rfft(alice.heard()[-6000:-2000].astype(float) * np.hanning(4000)))
        middle, side = spectrum[212], spectrum[200]
        assert side / middle == pytest.approx(0.425, abs=0.06)
