"""Recordings of two who speak the same G.711 law: in the file is what they said, codeword by codeword."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware.core.media import PCMA, PCMU
from firmware.media import protocol
from firmware.media.g711 import I16, LAWS
from firmware.media.recording_form import Form, form_of, frames_in
from firmware.media.writer import MAX_GAP
from firmware.store import wav
from tests.media.rig import EngineRig, Phone, heard_frequency, tone

SUBTYPES = {PCMU: "ULAW", PCMA: "ALAW"}
SILENT = 8
"""The least that A-law can say."""


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


def heard(path: Path) -> tuple[I16, I16]:
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    assert rate == 8000
    return samples[:, 0], samples[:, 1]


def is_clean(samples: I16, hertz: float) -> bool:
    """Tell whether there is nothing but a tone, as loud as said; read by a wrong law it is mostly noise."""
    moments = np.arange(len(samples)) / 8000
    basis = np.stack((np.sin(2 * np.pi * hertz * moments), np.cos(2 * np.pi * hertz * moments)), axis=1)
    found, *_ = np.linalg.lstsq(basis, samples.astype(np.float64), rcond=None)
    rest = samples - basis @ found
    level = float(np.hypot(*found))
    return abs(level - 8000) < 200 and float(np.sqrt(np.mean(rest**2))) < level / 30


def recorded(rig: EngineRig, path: Path, left: Phone, right: Phone, seconds: float) -> None:
    """Let two talk, and be recorded."""
    rig.record(path, left.port_id, right.port_id, compact=True)
    left.says(tone(440, seconds))
    right.says(tone(1000, seconds))
    rig.run(seconds)


def stopped(rig: EngineRig) -> None:
    rig.engine.apply(protocol.StopRecording("recorder"))
    rig.run(0.04)


@pytest.mark.parametrize("law", [PCMU, PCMA])
def test_two_of_one_law_are_kept_word_by_word(rig: EngineRig, tmp_path: Path, law: int) -> None:
    path = tmp_path / "r.wav"
    recorded(rig, path, rig.phone(law), rig.phone(law), 3)
    stopped(rig)
    assert soundfile.info(path).subtype == SUBTYPES[law]
    octets = np.frombuffer(path.read_bytes()[Form.ULAW.header_size :], np.uint8).reshape(-1, 2)
    assert len(octets) == 24000
    for side, hertz in enumerate((440, 1000)):
        said = LAWS[law].encode(tone(hertz, 3))
        begin = int(np.argmax(octets[:, side] != LAWS[law].silence)) // 160 * 160
        assert begin <= 320
        assert (octets[begin:, side] == said[: 24000 - begin]).all()
    assert rig.happened(protocol.RecordingClosed) == [protocol.RecordingClosed("recorder", 24000)]


@pytest.mark.parametrize("line", [False, True])
def test_two_who_speak_differently_are_kept_in_sixteen_bits(
    rig: EngineRig, tmp_path: Path, line: bool
) -> None:
    alice = rig.phone(PCMU)
    other = rig.line()[0] if line else rig.phone(PCMA).port_id
    rig.record(tmp_path / "r.wav", alice.port_id, other, compact=True)
    alice.says(tone(440, 1))
    rig.run(1)
    stopped(rig)
    assert soundfile.info(tmp_path / "r.wav").subtype == "PCM_16"
    assert heard_frequency(heard(tmp_path / "r.wav")[0][2000:]) == 440


def test_nobody_is_kept_compact_unasked(rig: EngineRig, tmp_path: Path) -> None:
    rig.record(tmp_path / "r.wav", rig.phone().port_id, rig.phone().port_id)
    rig.run(1)
    assert soundfile.info(tmp_path / "r.wav").subtype == "PCM_16"


def test_the_header_is_right_at_every_moment(rig: EngineRig, tmp_path: Path) -> None:
    path = tmp_path / "r.wav"
    rig.record(path, rig.phone().port_id, rig.phone().port_id, compact=True)
    for seconds in range(1, 5):
        rig.run(1)
        length = wav.measure(path)
        assert length.header_is_right
        assert seconds * 1000 - 1000 < length.duration_ms <= seconds * 1000
        assert frames_in(path) == len(heard(path)[0]) == length.samples


@pytest.mark.parametrize("law", [PCMU, PCMA])
def test_who_speaks_otherwise_from_now_on_is_heard_in_the_same_file(
    rig: EngineRig, tmp_path: Path, law: int
) -> None:
    """As after a transfer, or when a phone changes its codec amid the call."""
    path = tmp_path / "r.wav"
    alice, bob = rig.phone(law), rig.phone(law)
    recorded(rig, path, alice, bob, 2)
    bob.payload_type = PCMA if law == PCMU else PCMU
    rig.aim(bob)
    alice.says(tone(700, 2))
    bob.says(tone(1500, 2))
    rig.run(2)
    stopped(rig)
    assert soundfile.info(path).subtype == SUBTYPES[law]
    left, right = heard(path)
    assert len(left) == 32000
    assert heard_frequency(left[2000:15000]) == 440
    assert heard_frequency(right[2000:15000]) == 1000
    assert is_clean(left[18000:31000], 700)
    assert is_clean(right[18000:31000], 1500)


@pytest.mark.parametrize("law", [PCMU, PCMA])
@pytest.mark.parametrize("how", ["muted", "gone", "both of another law"])
def test_nothing_is_silence_in_every_law(rig: EngineRig, tmp_path: Path, law: int, how: str) -> None:
    path = tmp_path / "r.wav"
    alice, bob = rig.phone(law), rig.phone(law)
    recorded(rig, path, alice, bob, 1)
    match how:
        case "muted":
            alice.says(tone(440, 1.2))
            rig.engine.apply(protocol.AdjustRecording("recorder", paused=False, muted=True))
        case "gone":
            alice.says(tone(440, 1.2))
            rig.engine.apply(protocol.ClosePort(alice.port_id))
        case _:
            for phone in (alice, bob):
                phone.payload_type = PCMA if law == PCMU else PCMU
                rig.aim(phone)
                phone.says(tone(0, 1.2))
    rig.run(1.2)
    stopped(rig)
    left, _ = heard(path)
    assert abs(left[4000:7000]).max() > 5000
    assert abs(left[8400:].astype(np.int32)).max() <= SILENT


@pytest.mark.parametrize(("before", "after"), [(PCMU, PCMA), (PCMA, PCMU), (PCMU, PCMU)])
def test_after_a_restart_the_file_goes_on_as_it_began(
    rig: EngineRig, tmp_path: Path, before: int, after: int
) -> None:
    path = tmp_path / "r.wav"
    recorded(rig, path, rig.phone(before), rig.phone(before), 1.8)
    second = EngineRig()
    second.now_ns = 2_800_000_000
    left, right = second.phone(after), second.phone(after)
    second.engine.apply(protocol.Record("recorder", str(path), left.port_id, right.port_id, 0, True))
    left.says(tone(700, 1.8))
    second.run(1.8)
    stopped(second)
    assert soundfile.info(path).subtype == SUBTYPES[before]
    said, silent = heard(path)
    assert abs(silent[14600:].astype(np.int32)).max() <= SILENT
    assert len(said) == pytest.approx(4.6 * 8000, abs=400)
    assert heard_frequency(said[2000:14000]) == 440
    assert abs(said[14600:22300].astype(np.int32)).max() <= SILENT
    assert is_clean(said[23600:36000], 700)


def test_each_has_its_own_beginning_and_no_more(rig: EngineRig, tmp_path: Path) -> None:
    parties = [(rig.phone(), rig.phone()) for _ in range(4)]
    for number, (left, right) in enumerate(parties):
        left.says(tone(400 + 100 * number, 3))
        right.says(tone(450 + 100 * number, 3))
    rig.run(0.1)
    for number, (left, right) in enumerate(parties):
        rig.record(tmp_path / f"{number}.wav", left.port_id, right.port_id, name=f"r{number}", compact=True)
        rig.run(0.3)
    rig.run(1)
    for number in range(4):
        rig.engine.apply(protocol.StopRecording(f"r{number}"))
    rig.run(0.04)
    for number in range(4):
        sides = heard(tmp_path / f"{number}.wav")
        assert len(sides[0]) == round(8000 * (2.2 - 0.3 * number))
        assert is_clean(sides[0], 400 + 100 * number)
        assert is_clean(sides[1], 450 + 100 * number)


def test_whoever_was_away_too_long_goes_on_where_the_file_ends(rig: EngineRig, tmp_path: Path) -> None:
    path = tmp_path / "r.wav"
    recorded(rig, path, rig.phone(), rig.phone(), 1.8)
    second = EngineRig()
    second.now_ns = 3_000_000_000 + MAX_GAP * 125_000
    left, right = second.phone(), second.phone()
    second.engine.apply(protocol.Record("recorder", str(path), left.port_id, right.port_id, 0, True))
    second.run(0.9)
    stopped(second)
    assert len(heard(path)[0]) == pytest.approx(2.7 * 8000, abs=400)


@pytest.mark.parametrize("form", Form)
def test_what_is_no_recording_has_no_form(form: Form) -> None:
    whole = form.header(5)
    assert form_of(whole) is form
    for wrong in (b"", whole[:-1], b"RIFX" + whole[4:], whole[:8] + b"WAVX" + whole[12:]):
        assert form_of(wrong) is None
