"""The score agrees with the points that G.107 and G.113 publish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.dsp.emodel import call_mos, delay_impairment, loss_impairment, mos, rating


@pytest.mark.parametrize(
    ("r", "score"), [(93.2, 4.41), (90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)]
)
def test_annex_b_of_g107(r: float, score: float) -> None:
    assert mos(r) == pytest.approx(score, abs=0.01)


def test_the_ends_of_the_scale() -> None:
    assert mos(-5) == mos(0) == mos(3) == 1
    assert mos(100) == mos(120) == 4.5


@pytest.mark.parametrize(("delay_ms", "r"), [(0, 93.2), (100, 90.8), (150, 89.6), (250, 79.2), (400, 59.1)])
def test_delay_alone(delay_ms: float, r: float) -> None:
    """G.114: satisfied up to 150 ms, hardly usable above 400 ms."""
    assert rating(delay_ms, 0) == pytest.approx(r, abs=0.1)


@pytest.mark.parametrize(
    ("loss", "concealed", "impairment"), [(0, True, 0), (1, True, 3.64), (5, True, 15.8), (1, False, 17.9)]
)
def test_loss_alone(loss: float, concealed: bool, impairment: float) -> None:
    assert loss_impairment(loss, concealed=concealed) == pytest.approx(impairment, abs=0.1)


def test_bursts_are_worse_than_single_losses() -> None:
    assert loss_impairment(3, burst_ratio=2) > loss_impairment(3)


def test_a_call_on_a_good_lan_and_a_call_over_a_bad_mobile_network() -> None:
    assert call_mos(round_trip_ms=2, jitter_buffer_ms=10, loss_percent=0) > 4.3
    assert call_mos(round_trip_ms=None, jitter_buffer_ms=0, loss_percent=0) > 4.3
    assert 2.0 < call_mos(round_trip_ms=400, jitter_buffer_ms=80, loss_percent=3, late_percent=2) < 3.2


@given(st.floats(0, 2000), st.floats(0, 100), st.floats(0, 100))
def test_more_loss_or_delay_is_never_better(delay: float, loss: float, more: float) -> None:
    assert 1 <= mos(rating(delay, loss)) <= 4.5
    assert mos(rating(delay, min(100, loss + more))) <= mos(rating(delay, loss)) + 1e-9
    assert delay_impairment(delay + more) >= delay_impairment(delay)


def test_nonsense_counts_as_nothing() -> None:
    assert rating(-5, -1) == 93.2
    assert rating(99999, 100) == 0
