"""Erlang's formulas against their definitions and published tables."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.reports import erlang


@given(st.integers(1, 60), st.floats(0.01, 50))
def test_erlang_b_is_its_definition(servers: int, load: float) -> None:
    terms = [load**k / math.factorial(k) for k in range(servers + 1)]
    assert erlang.erlang_b(servers, load) == pytest.approx(terms[-1] / sum(terms))


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_erlang_c_is_its_definition(agents: int, share: float) -> None:
    load = agents * share
    last = load**agents / math.factorial(agents) * agents / (agents - load)
    below = sum(load**k / math.factorial(k) for k in range(agents))
    assert erlang.erlang_c(agents, load) == pytest.approx(last / (below + last))


@pytest.mark.parametrize(("lines", "load"), [(1, 0.0101), (5, 1.361), (10, 4.461), (30, 20.34), (100, 84.06)])
def test_one_percent_blocking_as_in_the_tables(lines: int, load: float) -> None:
    assert erlang.erlang_b(lines, load) == pytest.approx(0.01, rel=0.002)
    assert erlang.lines_for(load * 0.999, 0.01) == lines


def test_half_an_hour_of_360_calls_of_four_minutes() -> None:
    # The worked example one finds in textbooks: 360 calls in half an hour, 55 agents.
    load = erlang.traffic(360, 240, 1800)
    assert load == 48
    assert erlang.erlang_c(55, load) == pytest.approx(0.239, abs=0.001)
    assert erlang.mean_wait(55, load, 240) == pytest.approx(8.2, abs=0.05)
    assert erlang.service_level(55, load, 240, 15) == pytest.approx(0.846, abs=0.001)


@given(st.floats(0.1, 40), st.floats(10, 600), st.floats(0, 0.99))
def test_one_agent_less_would_miss_the_level(load: float, mean: float, level: float) -> None:
    agents = erlang.agents_for(load, mean, 20, level)
    assert erlang.service_level(agents, load, mean, 20) >= level
    assert agents == math.floor(load) + 1 or erlang.service_level(agents - 1, load, mean, 20) < level


def test_too_much_work_waits_for_ever() -> None:
    assert erlang.erlang_c(3, 4.0) == 1
    assert erlang.mean_wait(3, 3.0, 100) == math.inf
    assert erlang.service_level(3, 3.0, 100, 20) == 0
    with pytest.raises(ValueError, match="no number"):
        erlang.agents_for(3, 100, 20, 1.0)
    with pytest.raises(ValueError, match="no number"):
        erlang.lines_for(3, 0.0)


def test_seats_by_the_practice_formula() -> None:
    # 100,000 customers, 0.30 %, 20 %, 150 s, 75 %: 60 calls an hour of 150 s.
    assert erlang.seats(100_000, 0.003, 0.20, 150, 0.75) == pytest.approx(60 * 150 / 2700)
