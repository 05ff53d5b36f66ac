"""Every digit a Q.24 receiver must take is taken once, and nobody dials by talking."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from firmware.media.dsp.dtmf import DigitEnded, DigitEvent, DigitStarted, DtmfBank
from firmware.media.dsp.tones import HIGH_HZ, KEYPAD, LOW_HZ, dtmf, sines
from firmware.media.dsp.units import FRAME, I16, RATE, mean_square, sine_peak, to_int16
from tests.media.dsp.signals import F64, frames, music, noisy, seconds, silence, speech, through_ulaw


def heard(samples: I16) -> list[DigitEvent]:
    bank = DtmfBank(1)
    return [event for frame in frames(samples) for event in bank.feed(frame)]


def digits(samples: I16) -> str:
    return "".join(event.digit for event in heard(samples) if isinstance(event, DigitStarted))


def pressed(
    off_low: float = 0.0,
    off_high: float = 0.0,
    *,
    low_dbm0: float = -10,
    high_dbm0: float = -10,
    snr_db: float | None = None,
    on_ms: float = 40,
    pause_ms: float = 40,
    seed: int = 0,
) -> I16:
    """Return all sixteen digits as a telephone a little out of tune sends them, through G.711."""
    dice = np.random.default_rng(seed)
    parts: list[F64] = [np.zeros(int(dice.integers(0, FRAME)))]
    for place in range(16):
        pair = (LOW_HZ[place // 4] * (1 + off_low), HIGH_HZ[place % 4] * (1 + off_high))
        length = round(on_ms * RATE / 1000)
        parts += [sines(pair, (low_dbm0, high_dbm0), int(dice.integers(0, 1000)), length)]
        parts += [np.zeros(round(pause_ms * RATE / 1000))]
    line = np.concatenate([*parts, np.zeros(1600)])
    if snr_db is not None:
        power = (sine_peak(low_dbm0) ** 2 + sine_peak(high_dbm0) ** 2) / 2
        line = line + dice.standard_normal(len(line)) * np.sqrt(power / 10 ** (snr_db / 10))
    return through_ulaw(to_int16(line))


@pytest.mark.parametrize("snr_db", [None, 15.0])
@pytest.mark.parametrize(
    ("low_dbm0", "high_dbm0"),
    [(-3, -3), (-10, -10), (-36, -36), (-10, -6), (-4, -12), (-36, -32), (-28, -36)],
)
def test_every_corner_of_q24_is_accepted(low_dbm0: float, high_dbm0: float, snr_db: float | None) -> None:
    """All digits, 40/40 ms, 1.5 % off either way, twist +4/-8 dB, loud and quiet."""
    for seed, (off_low, off_high) in enumerate(itertools.product((-0.015, 0.0, 0.015), repeat=2)):
        line = pressed(off_low, off_high, low_dbm0=low_dbm0, high_dbm0=high_dbm0, snr_db=snr_db, seed=seed)
        assert digits(line) == KEYPAD, (off_low, off_high)


@pytest.mark.parametrize("snr_db", [None, 15.0])
@pytest.mark.parametrize(
    ("off_low", "off_high"),
    [(0.035, 0), (-0.035, 0), (0, 0.035), (0, -0.035), (0.035, -0.035), (0.035, 0.015), (-0.015, -0.035)],
)
def test_a_pair_3_5_percent_off_is_refused(off_low: float, off_high: float, snr_db: float | None) -> None:
    assert digits(pressed(off_low, off_high, snr_db=snr_db, on_ms=60)) == ""


def test_too_short_too_quiet_too_twisted_is_refused() -> None:
    assert digits(pressed(on_ms=20)) == ""
    assert digits(pressed(low_dbm0=-46, high_dbm0=-46)) == ""
    assert digits(pressed(low_dbm0=-4, high_dbm0=-18)) == ""
    assert digits(pressed(low_dbm0=-18, high_dbm0=-8)) == ""


@pytest.mark.parametrize("at_ms", range(20, 75, 5))
def test_a_drop_out_of_10_ms_splits_no_digit(at_ms: int) -> None:
    line = dtmf("5", on_ms=100, off_ms=100)
    line[at_ms * 8 : at_ms * 8 + 80] = 0
    assert digits(line) == "5"


def test_the_same_key_pressed_twice_is_two_digits() -> None:
    assert digits(dtmf("0000*##", on_ms=40, off_ms=40)) == "0000*##"


def test_a_key_let_go_under_a_loud_voice_is_over_and_pressed_again_is_another() -> None:
    over = to_int16(sines((1000.0,), (-3.0,), 0, seconds(0.1)))
    key = dtmf("5", on_ms=80, off_ms=0)
    events = heard(np.concatenate((silence(0.1), key, over, key, over)))
    assert [event.digit for event in events] == ["5"] * 4
    lengths = [event.duration_ms for event in events if isinstance(event, DigitEnded)]
    assert lengths == pytest.approx([80, 80], abs=12)


@pytest.mark.parametrize("length_ms", [40, 70, 100, 500, 3000])
def test_how_long_a_digit_was_is_told_at_its_end(length_ms: int) -> None:
    events = heard(np.concatenate((silence(0.1), dtmf("7", on_ms=length_ms, off_ms=200))))
    assert [type(event) for event in events] == [DigitStarted, DigitEnded]
    ended = events[1]
    assert isinstance(ended, DigitEnded)
    assert abs(ended.duration_ms - length_ms) <= 12


def test_a_digit_is_reported_within_40_ms_of_its_beginning() -> None:
    bank = DtmfBank(1)
    line = np.concatenate((silence(0.2), dtmf("3", on_ms=200)))
    first = next(index for index, frame in enumerate(frames(line)) if bank.feed(frame))
    assert (first + 1) * 20 - 200 <= 40


def test_rows_do_not_hear_each_other_and_come_and_go() -> None:
    bank = DtmfBank(2)
    one, two = dtmf("159", on_ms=60, off_ms=60), dtmf("A*#", on_ms=60, off_ms=60)
    said = {0: "", 1: "", 2: ""}
    for first, second in zip(frames(one), frames(two), strict=True):
        for event in bank.feed(np.concatenate((first, second))):
            if isinstance(event, DigitStarted):
                said[event.row] += event.digit
    assert said == {0: "159", 1: "A*#", 2: ""}
    bank.resize(3)
    for frame in frames(dtmf("8", on_ms=60, off_ms=60)):
        for event in bank.feed(np.concatenate((np.zeros((2, FRAME), np.int16), frame))):
            if isinstance(event, DigitStarted):
                said[event.row] += event.digit
    assert said[2] == "8"


def test_a_reset_row_has_forgotten_the_digit_it_was_in() -> None:
    bank = DtmfBank(1)
    for frame in frames(dtmf("1", on_ms=100, off_ms=0)):
        bank.feed(frame)
    bank.reset(0)
    quiet = np.zeros((1, FRAME), np.int16)
    assert [bank.feed(quiet) for _ in range(10)] == [[]] * 10


def test_digits_pressed_over_the_echo_of_a_prompt_are_heard() -> None:
    prompt = speech(3.0, seed=5).astype(np.float64) * 0.1
    line = prompt.copy()
    keys = dtmf("0123456789", on_ms=100, off_ms=100)
    line[4000 : 4000 + len(keys)] += keys
    assert digits(to_int16(line)) == "0123456789"


def test_a_minute_of_speech_dials_nothing() -> None:
    assert digits(speech(60.0, seed=3)) == ""


def test_tones_of_the_network_and_music_dial_nothing() -> None:
    assert digits(music(30.0)) == ""
    for pair in ((350, 440), (440, 480), (480, 620), (450,), (1100,), (2100,), (950,), (1400,)):
        line = noisy(np.tile(to_int16(sines(pair, [-12.0] * len(pair), 0, seconds(0.5))), 4), -50)
        assert digits(line) == "", pair


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_hour_of_speech_dials_nothing() -> None:
    bank = DtmfBank(6)
    for part in range(10):
        rows = np.stack([speech(60.0, seed=100 + part * 6 + row) for row in range(6)])
        for begin in range(0, rows.shape[1], FRAME):
            assert bank.feed(np.ascontiguousarray(rows[:, begin : begin + FRAME])) == []


def test_noise_alone_dials_nothing() -> None:
    dice = np.random.default_rng(1)
    line = to_int16(dice.standard_normal(seconds(60)) * np.sqrt(mean_square(-20)))
    assert digits(line) == ""
