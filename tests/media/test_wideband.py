"""G.722: passed on between those who both speak it, mixed and recorded with telephone bandwidth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware.core.media import G722, PCMA, PlayTone, Source
from firmware.media import protocol
from firmware.media.dsp.g722 import G722Decoder, G722Encoder
from firmware.media.dsp.spandsp import available
from firmware.media.g711 import ALAW, I16
from tests.media.rig import EngineRig, Phone, heard_frequency, level_db, longest_gap_ms, tone
from tests.media.test_recorder import stereo

pytestmark = pytest.mark.skipif(not available(), reason="libspandsp2 is not installed")


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


def _wide_tone(frequency: float, seconds: float, level: float = 8000) -> I16:
    moments = np.arange(round(seconds * 16000))
    return (level * np.sin(2 * np.pi * frequency * moments / 16000)).astype(np.int16)


def _encoded(samples: I16) -> bytes:
    words = np.empty(len(samples) // 2, np.uint8)
    G722Encoder().encode(samples, words)
    return words.tobytes()


def _heard(phone: Phone) -> I16:
    """Return what a phone heard, at 16 kHz."""
    words = np.frombuffer(phone.words(), np.uint8).copy()
    out = np.empty(2 * len(words), np.int16)
    G722Decoder().decode(words, out)
    return out


def _power(samples: I16, frequency: float, rate: int) -> float:
    moments = np.arange(len(samples))
    return float(np.abs(np.dot(samples, np.exp(-2j * np.pi * frequency * moments / rate))) / len(samples))


def test_two_wideband_phones_get_each_others_bytes(rig: EngineRig) -> None:
    alice, bob = rig.phone(G722), rig.phone(G722)
    rig.bridge(alice, bob)
    words = _encoded(_wide_tone(6000, 1))
    alice.sends(words)
    rig.run(1.1)
    assert words in bob.words()
    assert {packet.payload_type for packet in bob.packets()} == {G722}
    # 6 kHz is beyond what any telephone codec carries.
    assert _power(_heard(bob)[8000:14000], 6000, 16000) > 2000


def test_the_recording_has_both_sides_though_nothing_is_mixed(rig: EngineRig, tmp_path: Path) -> None:
    alice, bob = rig.phone(G722), rig.phone(G722)
    rig.bridge(alice, bob)
    rig.record(tmp_path / "r.wav", alice.port_id, bob.port_id)
    words = _encoded(_wide_tone(440, 3)), _encoded(_wide_tone(1000, 3))
    alice.sends(words[0])
    bob.sends(words[1])
    rig.run(3)
    rig.engine.apply(protocol.StopRecording("recorder"))
    rig.run(0.04)
    left, right = stereo(tmp_path / "r.wav")
    assert heard_frequency(left[2000:]) == 440
    assert heard_frequency(right[2000:]) == 1000
    assert level_db(left[4000:20000], tone(440, 2)) == pytest.approx(0, abs=0.3)
    assert longest_gap_ms(left[2000:]) < 5
    assert words[0][:20000] in bob.words()


def test_a_wideband_phone_and_a_narrow_one_hear_each_other(rig: EngineRig) -> None:
    alice, bob = rig.phone(G722), rig.phone(PCMA)
    rig.bridge(alice, bob)
    alice.sends(_encoded(_wide_tone(440, 2)))
    bob.says(tone(1000, 2))
    rig.run(2)
    assert heard_frequency(bob.heard()[2000:]) == 440
    assert level_db(bob.heard()[4000:12000], tone(440, 1)) == pytest.approx(0, abs=0.3)
    heard = _heard(alice)[8000:24000]
    assert _power(heard, 1000, 16000) == pytest.approx(4000, rel=0.04)
    # The mirror image of the tone, above the old half of the sample rate.
    assert _power(heard, 7000, 16000) < 40


def test_what_is_above_telephone_bandwidth_is_not_heard_as_something_else(rig: EngineRig) -> None:
    alice, bob = rig.phone(G722), rig.phone(PCMA)
    rig.bridge(alice, bob)
    alice.sends(_encoded(_wide_tone(5000, 1)))
    rig.run(1)
    assert _power(bob.heard()[3000:7000], 3000, 8000) < 40


def test_tones_gains_and_conferences_are_mixed_for_wideband_phones(rig: EngineRig) -> None:
    alice, bob, carol = rig.phone(G722), rig.phone(), rig.phone(G722)
    rig.engine.apply(protocol.Confer("room", tuple(phone.port_id for phone in (alice, bob, carol))))
    rig.play(alice.port_id, PlayTone((1500,), (), -20))
    bob.says(tone(440, 2, 4000))
    carol.sends(_encoded(_wide_tone(900, 2, 4000)))
    rig.run(2)
    heard = _heard(alice)[16000:24000]
    assert _power(heard, 440, 16000) == pytest.approx(2000, rel=0.1)
    assert _power(heard, 900, 16000) == pytest.approx(2000, rel=0.1)
    assert _power(heard, 1500, 16000) > 300
    rig.engine.apply(protocol.Confer("room", ()))
    rig.route(alice.port_id, Source(bob.port_id, -6))
    bob.says(tone(440, 1, 4000))
    rig.run(1)
    assert _power(_heard(alice)[-9000:-2000], 440, 16000) == pytest.approx(1000, rel=0.1)


def test_a_lost_packet_fades_instead_of_clicking(rig: EngineRig) -> None:
    alice, bob = rig.phone(G722), rig.phone(G722)
    rig.bridge(alice, bob)
    words = _encoded(_wide_tone(440, 2))
    for number, at in enumerate(range(0, len(words), 160)):
        if number in (40, 41, 70):
            alice.sequence += 1
            alice.timestamp += 160
        else:
            alice.packet(words[at : at + 160])
        rig.run(0.02)
    heard = _heard(bob).astype(np.int32)
    own = int(np.abs(np.diff(_wide_tone(440, 0.1).astype(np.int32))).max())
    # The adaptive decoder takes a moment to find the tone's level again; a cut would be a step of 8000.
    assert np.abs(np.diff(heard)).max() < 2 * own
    assert longest_gap_ms(heard[4000:].astype(np.int16)) < 2 * 2 * 25
    assert rig.engine.stats().lost == 3


def test_a_phone_may_change_to_wideband_and_back_in_mid_call(rig: EngineRig) -> None:
    alice, bob = rig.phone(), rig.phone()
    rig.bridge(alice, bob)
    bob.says(tone(440, 3))
    rig.run(1)
    alice.payload_type = G722
    rig.aim(alice)
    rig.run(1)
    packets = alice.packets()[60:]
    words = np.frombuffer(b"".join(packet.payload for packet in packets), np.uint8).copy()
    out = np.empty(2 * len(words), np.int16)
    G722Decoder().decode(words, out)
    assert {packet.payload_type for packet in packets} == {G722}
    assert _power(out[4000:12000], 440, 16000) == pytest.approx(4000, rel=0.05)
    alice.payload_type = PCMA
    rig.aim(alice)
    rig.run(1)
    assert alice.packets()[-1].payload_type == PCMA
    last = b"".join(packet.payload for packet in alice.packets()[-40:])
    heard = ALAW.decoded[np.frombuffer(last, np.uint8)]
    assert heard_frequency(heard) == 440
    assert level_db(heard, tone(440, 0.8)) == pytest.approx(0, abs=0.3)


def test_a_line_that_comes_after_a_wideband_phone_is_heard_and_hears(rig: EngineRig) -> None:
    alice, bob = rig.phone(G722), rig.phone()
    rig.bridge(alice, bob)
    alice.sends(_encoded(_wide_tone(440, 1)))
    rig.run(1)
    rig.engine.apply(protocol.ClosePort(alice.port_id))
    port_id, line = rig.line()
    rig.route(port_id, bob.port_id)
    rig.route(bob.port_id, port_id)
    bob.says(tone(1000, 1))
    for frame in tone(700, 1).reshape(-1, 160):
        line.incoming += frame.tobytes()
        rig.run(0.02)
    assert heard_frequency(line.heard()[-6000:]) == 1000
    assert heard_frequency(bob.heard()[-6000:]) == 700
    assert level_db(bob.heard()[-6000:], tone(700, 0.75)) == pytest.approx(0, abs=0.3)
