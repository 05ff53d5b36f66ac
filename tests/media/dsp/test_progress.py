"""What the network plays is named, from its data or from having been learned; talk and music never are."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.core.tones import COUNTRIES as PLAYED
from firmware.media.dsp.learn_tone import learn_tone
from firmware.media.dsp.progress import ProgressBank, ProgressEvent, ToneEnded, ToneHeard
from firmware.media.dsp.progress_data import CNG, COUNTRIES, TonePattern, TonePlan, plan_of
from firmware.media.dsp.tones import ToneGenerator, tone
from firmware.media.dsp.units import FRAME, I16
from tests.media.dsp.signals import frames, music, noisy, seconds, silence, speech, through_ulaw

ALIKE = {("JP", "congestion"), ("MY", "congestion"), ("AU", "congestion")}
"""Tones that differ from the same country's busy tone in nothing a detector can see."""
EVERY_TONE = [(country, pattern) for country in COUNTRIES for pattern in plan_of(country).patterns]


def played(
    pattern: TonePattern, duration: float, level_dbm0: float, *, slow: float = 1.0, tune: float = 1.0
) -> I16:
    """Return a tone as an exchange a little out of time and tune plays it."""
    if pattern.in_turn:
        return np.concatenate([tone((hertz,), 330, level_dbm0) for hertz in pattern.frequencies])
    modulated = len(pattern.frequencies) > 2
    hertz = pattern.frequencies[1:2] if modulated else pattern.frequencies
    generator = ToneGenerator(
        [tune * one for one in hertz],
        [slow * part for part in pattern.cadence_ms],
        level_dbm0 - (3 if len(hertz) > 1 else 0),
        modulated_by=pattern.frequencies[2] - pattern.frequencies[1] if modulated else 0,
    )
    out = np.zeros(seconds(duration), np.int16)
    for begin in range(0, len(out), FRAME):
        generator.fill(out[begin : begin + FRAME])
    return out


def heard(samples: I16, plan: TonePlan) -> list[ProgressEvent]:
    bank = ProgressBank(1, plan)
    return [event for frame in frames(samples) for event in bank.feed(frame)]


def names(samples: I16, plan: TonePlan) -> set[str]:
    return {event.name for event in heard(samples, plan)}


@pytest.mark.parametrize(
    ("level_dbm0", "noise_dbm0", "slow", "tune"),
    [(-12, -60, 1, 1), (-35, -47, 1, 1), (-20, -45, 1.07, 1.02), (-20, -45, 0.93, 0.98)],
    ids=["clean", "faint-in-noise", "slow-and-sharp", "fast-and-flat"],
)
def test_every_tone_of_every_country_is_named(
    level_dbm0: float, noise_dbm0: float, slow: float, tune: float
) -> None:
    bank = ProgressBank(len(EVERY_TONE), plan_of("CN"))
    lines = []
    for row, (country, pattern) in enumerate(EVERY_TONE):
        bank.set_plan(row, plan_of(country))
        line = np.concatenate(
            (silence(0.5), played(pattern, 11, level_dbm0, slow=slow, tune=tune), silence(12))
        )
        lines.append(through_ulaw(noisy(line[: seconds(12)], noise_dbm0, seed=row)))
    block = np.stack(lines)
    found: dict[int, set[str]] = {row: set() for row in range(len(EVERY_TONE))}
    for begin in range(0, block.shape[1], FRAME):
        for event in bank.feed(np.ascontiguousarray(block[:, begin : begin + FRAME])):
            found[event.row].add(event.name)
    for row, (country, pattern) in enumerate(EVERY_TONE):
        expected = "busy" if (country, pattern.name) in ALIKE else pattern.name
        assert found[row] == {expected}, (country, pattern)


@pytest.mark.parametrize("country", sorted(PLAYED))
def test_we_know_our_own_tones(country: str) -> None:
    """What `firmware.core.tones` plays is what the detector of that country names."""
    for name in ("dial", "ringback", "busy", "congestion"):
        item = getattr(PLAYED[country], name)
        pattern = TonePattern(name, item.frequencies, item.cadence_ms)
        assert names(played(pattern, 12, item.level_dbm0), plan_of(country)) == {name}


def test_music_and_speech_are_no_tones_in_any_country() -> None:
    bank = ProgressBank(len(COUNTRIES), plan_of("CN"))
    for row, country in enumerate(COUNTRIES):
        bank.set_plan(row, plan_of(country))
    for sound in (music(60.0), speech(60.0, seed=3)):
        for frame in frames(sound):
            assert bank.feed(np.repeat(frame, len(COUNTRIES), axis=0)) == []


def test_busy_is_counted_so_that_a_careful_line_may_wait_for_more() -> None:
    busy = plan_of("CN").patterns[2]
    cycles = [
        event.cycles for event in heard(played(busy, 7, -20), plan_of("CN")) if isinstance(event, ToneHeard)
    ]
    assert cycles == list(range(2, 11))


def test_busy_is_named_within_its_third_burst() -> None:
    bank = ProgressBank(1, plan_of("CN"))
    line = played(plan_of("CN").patterns[2], 7, -20)
    first = next(index for index, frame in enumerate(frames(line)) if bank.feed(frame))
    assert first * 20 < 1450


def test_a_continuous_tone_is_told_at_its_end_too() -> None:
    line = np.concatenate((played(TonePattern("dial", (450,)), 3, -15), silence(0.5)))
    begun, ended = heard(line, plan_of("CN"))
    assert begun == ToneHeard(0, "dial", 1)
    assert isinstance(ended, ToneEnded)
    assert ended.duration_ms == pytest.approx(3000, abs=20)


def test_busy_cut_by_clicks_is_still_busy() -> None:
    line = played(plan_of("CN").patterns[2], 8, -25).astype(np.int32)
    line[np.random.default_rng(1).integers(0, len(line), 12)] += 8000
    assert names(line.astype(np.int16), plan_of("CN")) == {"busy"}


def test_a_vowel_sung_in_the_time_of_busy_is_not_busy() -> None:
    moments = np.arange(seconds(8)) / 8000
    vowel = np.zeros(len(moments))
    for order in range(1, 12):
        vowel += 2000 / (1 + abs(order - 3)) * np.sin(2 * np.pi * 150 * order * moments)
    vowel[(np.arange(len(vowel)) // 2800) % 2 == 1] = 0
    assert names(noisy(vowel, -55), plan_of("CN")) == set()


def test_bursts_with_noise_as_loud_between_them_are_not_busy() -> None:
    line = played(plan_of("CN").patterns[2], 8, -20).astype(np.float64)
    gaps = (np.arange(len(line)) // 2800) % 2 == 1
    assert names(noisy(line, -50), plan_of("CN")) == {"busy"}
    line[gaps] += noisy(silence(8), -21)[gaps]
    assert names(line.astype(np.int16), plan_of("CN")) == set()


def test_one_of_two_frequencies_alone_is_another_countrys_tone() -> None:
    for hertz in (350.0, 440.0):
        assert names(played(TonePattern("dial", (hertz,)), 4, -15), plan_of("US")) == set()
    assert names(played(TonePattern("busy", (480,), (500, 500)), 6, -15), plan_of("US")) == set()


def test_ced_with_phase_reversals_is_ced() -> None:
    line = played(TonePattern("ced", (2100,)), 3.3, -15)
    flips = (np.arange(len(line)) // seconds(0.45)) % 2 == 1
    line[flips] = -line[flips]
    assert names(noisy(line, -45), plan_of("CN")) == {"ced"}


def test_cng_is_named_at_its_first_burst() -> None:
    bank = ProgressBank(1, plan_of("DE"))
    line = np.concatenate((silence(1), played(CNG, 3, -20)))
    when = [index * 20 for index, frame in enumerate(frames(line)) if bank.feed(frame)]
    assert len(when) == 1
    assert when[0] < 1700


def test_the_shape_a_row_is_in_tells_tone_from_sound() -> None:
    bank = ProgressBank(1, plan_of("CN"))
    for frame in frames(tone((450,), 200, -20)):
        bank.feed(frame)
    assert bank.shape[0] >= 0
    for frame in frames(speech(1.0, seed=2)):
        bank.feed(frame)
    assert bank.shape[0] == -1


@pytest.mark.parametrize(
    ("hertz", "on_ms", "off_ms"), [((480.0,), 180, 220), ((415.0,), 650, 320), ((400.0, 520.0), 300, 300)]
)
def test_an_unknown_busy_tone_is_learned_and_then_known(
    hertz: tuple[float, ...], on_ms: int, off_ms: int
) -> None:
    unknown = TonePattern("busy", hertz, (on_ms, off_ms))
    first_call = noisy(np.concatenate((silence(0.7), played(unknown, 6, -22))), -50)
    pattern = learn_tone(first_call)
    assert pattern is not None
    assert pattern.frequencies == pytest.approx(hertz, abs=1.5)
    assert pattern.cadence_ms == pytest.approx((on_ms, off_ms), abs=12)
    bank = ProgressBank(2, plan_of("CN"))
    bank.set_plan(1, plan_of("CN").with_pattern(pattern))
    later_call = noisy(played(unknown, 6, -30, slow=1.03), -48, seed=2)
    events = [event for frame in frames(later_call) for event in bank.feed(np.repeat(frame, 2, axis=0))]
    assert {(event.row, event.name) for event in events if event.row == 1} == {(1, "learned")}


def test_nothing_is_learned_from_talk_silence_music_or_a_steady_tone() -> None:
    assert learn_tone(speech(20.0, seed=4)) is None
    assert learn_tone(silence(5)) is None
    assert learn_tone(silence(0)) is None
    assert learn_tone(music(20.0)) is None
    assert learn_tone(played(TonePattern("dial", (450,)), 5, -15)) is None
    bursts_of_noise = noisy(silence(6), -20)
    bursts_of_noise[(np.arange(len(bursts_of_noise)) // 2800) % 2 == 1] = 0
    assert learn_tone(bursts_of_noise) is None


def test_rows_come_and_go_and_forget() -> None:
    bank = ProgressBank(1, plan_of("CN"))
    line = played(plan_of("CN").patterns[2], 3, -20)
    for frame in list(frames(line))[:60]:
        bank.feed(frame)
    bank.reset(0)
    bank.resize(3)
    bank.resize(1)
    quiet = np.zeros((1, FRAME), np.int16)
    assert [event for _ in range(100) for event in bank.feed(quiet)] == []
    assert [event.name for frame in frames(line) for event in bank.feed(frame)][:1] == ["busy"]
