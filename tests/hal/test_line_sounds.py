"""What sounds on the fake analog line is what the box's own detectors, made for real lines, understand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from firmware.core.media import CallerNoticed, PortEvent, PortOptions, ToneNoticed
from firmware.media import protocol
from hal.fake.audio import FRAME_BYTES, KEYPAD_TONES, SILENT_FRAME, Voice, doubled, halved
from hal.fake.line_sounds import KeyEar, caller_id, tone
from tests.media.rig import EngineRig


def noticed(frames: list[bytes], options: PortOptions) -> list[PortEvent]:
    """Return what the media plane notices in frames that come from a device."""
    rig = EngineRig()
    port_id, line = rig.line()
    rig.engine.apply(protocol.Configure(port_id, options))
    for frame in frames:
        line.incoming += frame
        rig.run(0.02)
    said = (event for event in rig.events if isinstance(event, protocol.PortSaid))
    return [event.event for event in said]


def test_every_key_is_heard_once() -> None:
    voice = Voice()
    for key in KEYPAD_TONES:
        voice.press(key)
    ear = KeyEar()
    heard = [ear.hear(voice.frame()) for _ in range(9 * len(KEYPAD_TONES))]
    assert [key for key in heard if key is not None] == list(KEYPAD_TONES)


def test_a_key_pressed_twice_is_heard_twice() -> None:
    voice = Voice()
    voice.press("5")
    voice.press("5")
    ear = KeyEar()
    assert [key for _ in range(30) if (key := ear.hear(voice.frame())) is not None] == ["5", "5"]


@pytest.mark.parametrize("said", [(), ("tone:440",), ("tone:941:-3",), ("tone:1336:-3",)])
def test_silence_and_tones_are_no_keys(said: tuple[str, ...]) -> None:
    voice, ear = Voice(said), KeyEar()
    assert [ear.hear(voice.frame()) for _ in range(200)] == [None] * 200


def test_noise_is_no_key() -> None:
    chance, ear = np.random.default_rng(5), KeyEar()
    noise = (chance.normal(0, 4000, 160).astype("<i2").tobytes() for _ in range(2000))
    assert [key for frame in noise if (key := ear.hear(frame)) is not None] == []


def test_a_frame_doubled_and_halved_again_is_nearly_what_it_was() -> None:
    frame = Voice(("tone:440",)).frame()
    again = np.frombuffer(halved(doubled(frame)), "<i2")
    assert len(doubled(frame)) == 2 * FRAME_BYTES
    assert np.abs(again - np.frombuffer(frame, "<i2")).max() < 900


@pytest.mark.parametrize("name", ["dial", "busy", "congestion", "ringback"])
def test_progress_tones_are_those_of_china(name: str) -> None:
    heard = noticed(list(itertools.islice(tone(name), 600)), PortOptions(tones_of="CN"))
    assert name in [event.name for event in heard if isinstance(event, ToneNoticed)]


@pytest.mark.parametrize("name", ["dial", "special", "stutter"])
def test_every_kind_of_dial_tone_is_heard_as_one_within_three_seconds(name: str) -> None:
    heard = noticed(list(itertools.islice(tone(name), 150)), PortOptions(tones_of="CN"))
    assert [event.name for event in heard if isinstance(event, ToneNoticed)][:1] == ["dial"]


@pytest.mark.parametrize("number", ["13800138000", None])
def test_the_caller_id_is_read(number: str | None) -> None:
    frames = [SILENT_FRAME] * 25 + list(caller_id(number)) + [SILENT_FRAME] * 50
    heard = noticed(frames, PortOptions(caller_id=True))
    ids = [event for event in heard if isinstance(event, CallerNoticed)]
    assert [(one.number, one.withheld) for one in ids] == [(number, number is None)]
