"""The caller doesn't hear himself, and is heard when both talk."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.dsp.echo import EchoCanceller, find_delay
from firmware.media.dsp.units import FRAME, I16, RATE, level_of, to_int16
from tests.media.dsp.signals import F64, seconds, silence, speech, through_ulaw, white

FAR = speech(20.0, seed=21, level_dbm0=-16.0)
NOISE = white(-62, 20, seed=5)
HYBRIDS = [(16.0, 8.0, 1), (24.0, 12.0, 2), (32.0, 6.0, 3)]
"""Length in ms, return loss in dB, seed."""


def hybrid(length_ms: float, loss_db: float, seed: int) -> F64:
    """Return the impulse response of a hybrid: a short delay, then a decaying scatter."""
    taps = int(length_ms * RATE / 1000)
    response = np.random.default_rng(seed).standard_normal(taps) * np.exp(-np.arange(taps) / (taps / 5))
    response[: taps // 10] *= 0.1
    return np.asarray(response / np.sqrt(np.square(response).sum()) * 10 ** (-loss_db / 20))


def echo_of(sent: I16, response: F64) -> F64:
    return np.convolve(sent.astype(np.float64), response)[: len(sent)]


def cleaned(sent: I16, received: F64, *, delay: int = 0, canceller: EchoCanceller | None = None) -> F64:
    """Return what is left of a line's signal, which came through G.711."""
    bank = canceller or EchoCanceller(1)
    bank.set_delay(0, delay)
    line = through_ulaw(to_int16(received))
    out = np.zeros_like(line)
    for begin in range(0, len(line) - FRAME + 1, FRAME):
        span = slice(begin, begin + FRAME)
        bank.process(sent[None, span], line[None, span], out[None, span])
    return out.astype(np.float64)


def loss_db(before: F64, after: F64, begin: float, end: float) -> float:
    span = slice(seconds(begin), seconds(end))
    return level_of(before[span]) - level_of(after[span])


@pytest.mark.parametrize("voices", [21, 77, 5, 6, 7])
@pytest.mark.parametrize(("length_ms", "loss", "seed"), HYBRIDS)
def test_the_echo_is_25_db_down_within_three_seconds_and_30_later(
    length_ms: float, loss: float, seed: int, voices: int
) -> None:
    far = speech(16.0, seed=voices, level_dbm0=-16.0)
    echo = echo_of(far, hybrid(length_ms, loss, seed))
    after = cleaned(far, echo + NOISE[: len(far)])
    assert loss_db(echo, after, 2, 3) >= 25
    assert loss_db(echo, after, 4, 16) >= 30


@pytest.mark.parametrize(("length_ms", "loss", "seed"), HYBRIDS)
def test_both_talking_neither_cuts_the_near_end_nor_unlearns_the_line(
    length_ms: float, loss: float, seed: int
) -> None:
    near = np.concatenate((silence(8), speech(5.0, seed=31, level_dbm0=-18.0), silence(7))).astype(np.float64)
    echo = echo_of(FAR, hybrid(length_ms, loss, seed))
    after = cleaned(FAR, echo + near + NOISE)
    assert loss_db(near, after - near, 8, 13) >= 22
    assert abs(loss_db(near, after, 8, 13)) < 0.5
    assert loss_db(echo, after, 13.5, 16) >= 28


def test_the_filter_is_as_good_after_a_minute_and_a_half_as_it_was_at_first() -> None:
    """Noise in bands that no voice excites must not be learned."""
    far = speech(90.0, seed=21, level_dbm0=-16.0)
    near = np.concatenate((silence(14), speech(6.0, seed=31, level_dbm0=-18.0), silence(70)))
    echo = echo_of(far, hybrid(32, 6, 32))
    after = cleaned(far, echo + white(-62, 90, seed=5) + near)
    for begin in (30, 50, 70, 85):
        assert loss_db(echo, after, begin, begin + 4) >= 30


def test_somebody_talking_before_anything_was_sent_passes_bit_for_bit() -> None:
    near = through_ulaw(speech(2.0, seed=31, level_dbm0=-18.0))
    assert np.array_equal(cleaned(np.zeros_like(near), near.astype(np.float64)), near)


def test_a_changed_line_is_learned_anew() -> None:
    turn = seconds(8)
    echo = np.concatenate((echo_of(FAR, hybrid(16, 8, 1))[:turn], echo_of(FAR, hybrid(20, 10, 7))[turn:]))
    assert loss_db(echo, cleaned(FAR, echo), 12, 20) >= 25


def test_digits_and_tones_sent_do_not_upset_the_filter() -> None:
    moments = np.arange(seconds(3)) / RATE
    tones = to_int16(5000 * np.sin(2 * np.pi * 450 * moments) + 5000 * np.sin(2 * np.pi * 1336 * moments))
    sent = np.concatenate((FAR[: seconds(5)], tones, FAR[seconds(8) :]))
    echo = echo_of(sent, hybrid(16, 8, 1))
    after = cleaned(sent, echo + NOISE)
    assert loss_db(echo, after, 5.5, 8) >= 25
    assert loss_db(echo, after, 9, 12) >= 25


def test_the_lines_own_delay_is_found_and_taken_out() -> None:
    buffered = 700
    echo = np.concatenate((np.zeros(buffered), echo_of(FAR, hybrid(16, 8, 1))))[: len(FAR)]
    found = find_delay(FAR[seconds(1) : seconds(3)], to_int16(echo)[seconds(1) : seconds(3)])
    assert found is not None
    assert buffered - 64 <= found <= buffered
    assert loss_db(echo, cleaned(FAR, echo + NOISE), 5, 20) <= 3
    assert loss_db(echo, cleaned(FAR, echo + NOISE, delay=found), 5, 20) >= 28


def test_no_delay_is_found_where_there_is_no_echo() -> None:
    other = speech(4.0, seed=31, level_dbm0=-18.0)
    assert find_delay(FAR[: len(other)], other) is None
    assert find_delay(silence(3), silence(3)) is None
    assert find_delay(silence(0.1), silence(0.1)) is None
    with pytest.raises(ValueError, match="delay"):
        EchoCanceller(1).set_delay(0, 99999)


def test_rows_have_lines_of_their_own_and_can_be_forgotten() -> None:
    bank = EchoCanceller(1)
    bank.resize(3)
    responses = [hybrid(16, 8, seed) for seed in range(3)]
    echoes = np.stack([through_ulaw(to_int16(echo_of(FAR, response))) for response in responses])
    sent = np.repeat(FAR[None], 3, axis=0)
    # The third line is sent nothing, so the others are picked out of the bank.
    sent[2] = 0
    out = np.zeros_like(echoes)
    for begin in range(0, seconds(6), FRAME):
        span = slice(begin, begin + FRAME)
        bank.process(sent[:, span], echoes[:, span], out[:, span])
    for row in (0, 1):
        assert (
            level_of(echoes[row, seconds(4) : seconds(6)]) - level_of(out[row, seconds(4) : seconds(6)]) >= 25
        )
    assert np.array_equal(out[2], np.where(np.arange(out.shape[1]) < seconds(6), echoes[2], 0))
    bank.reset(0)
    span = slice(seconds(6), seconds(6) + FRAME)
    bank.process(sent[:, span], echoes[:, span], out[:, span])
    assert level_of(out[0, span]) > level_of(echoes[0, span]) - 6
