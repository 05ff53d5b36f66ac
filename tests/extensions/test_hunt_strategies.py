"""Every strategy obeys its definition, whatever the members have done."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions.hunt import HuntGroup, Member, Strategy, Tally
from extensions.hunt.strategies import plan

numbers = st.lists(st.integers(100, 199).map(str), min_size=1, max_size=8, unique=True)
figures = st.lists(
    st.tuples(st.integers(0, 7), st.floats(0, 1000), st.floats(0, 100_000)), min_size=0, max_size=30
)


def _order(group: HuntGroup, tally: Tally, seed: int = 1) -> list[str]:
    return [turn.member.number for stage in plan(group, tally, random.Random(seed)) for turn in stage]


def _group(strategy: Strategy, members: list[str], **more: object) -> HuntGroup:
    return HuntGroup("sales", tuple(Member(n) for n in members), strategy=strategy, **more)  # type: ignore[arg-type]  # forwarded


@given(numbers, figures, st.sampled_from(Strategy), st.integers())
def test_every_member_has_one_turn_in_each_round(
    members: list[str], did: list[tuple[int, float, float]], strategy: Strategy, seed: int
) -> None:
    tally = Tally()
    for who, seconds, now in did:
        tally.talked(members[who % len(members)], seconds, now)
    assert sorted(_order(_group(strategy, members), tally, seed)) == sorted(members)


@given(numbers, figures)
def test_those_with_the_least_come_first(members: list[str], did: list[tuple[int, float, float]]) -> None:
    tally = Tally()
    for who, seconds, now in did:
        tally.talked(members[who % len(members)], seconds, now)
    idle = [tally.of(n).last_ended for n in _order(_group(Strategy.LONGEST_IDLE, members), tally)]
    calls = [tally.of(n).calls for n in _order(_group(Strategy.FEWEST_CALLS, members), tally)]
    talk = [tally.of(n).talk_seconds for n in _order(_group(Strategy.LEAST_TALK, members), tally)]
    assert (idle, calls, talk) == (sorted(idle), sorted(calls), sorted(talk))


@given(numbers, st.integers(0, 30))
def test_round_robin_goes_on_behind_the_last_one_rung(members: list[str], last: int) -> None:
    tally = Tally()
    tally.rung("sales", members[last % len(members)])
    order = _order(_group(Strategy.ROUND_ROBIN, members), tally)
    assert order[-1] == members[last % len(members)]
    assert order[0] == members[(last + 1) % len(members)]


def test_linear_begins_at_the_first_always() -> None:
    tally = Tally()
    tally.rung("sales", "101")
    tally.talked("101", 500, 10)
    assert _order(_group(Strategy.LINEAR, ["101", "102"]), tally) == ["101", "102"]


def test_ring_all_is_one_stage_with_each_ones_delay() -> None:
    group = HuntGroup("sales", (Member("101"), Member("102", delay_seconds=5, ring_seconds=9)))
    (stage,) = plan(group, Tally(), random.Random(1))
    assert [(t.member.number, t.delay_seconds, t.ring_seconds) for t in stage] == [
        ("101", 0, 20),
        ("102", 5, 9),
    ]


def test_ringing_progressively_adds_one_after_the_other_and_all_end_together() -> None:
    group = _group(Strategy.PROGRESSIVE, ["101", "102", "103"], step_seconds=8.0)
    (stage,) = plan(group, Tally(), random.Random(1))
    assert [turn.delay_seconds for turn in stage] == [0, 8, 16]
    assert {turn.delay_seconds + turn.ring_seconds for turn in stage} == {36}


@pytest.mark.parametrize(("strategy", "share"), [(Strategy.RANDOM, 0.5), (Strategy.WEIGHTED, 0.75)])
def test_chance_is_as_fair_as_its_weights(strategy: Strategy, share: float) -> None:
    group = HuntGroup("sales", (Member("101", weight=3), Member("102")), strategy=strategy)
    dice = random.Random(5)
    first = Counter(plan(group, Tally(), dice)[0][0].member.number for _ in range(4000))
    assert first["101"] / 4000 == pytest.approx(share, abs=0.03)
