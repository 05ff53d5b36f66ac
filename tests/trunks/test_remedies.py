"""What the box does for a line that doesn't work, in which order, how often, and when it needs a person."""

from __future__ import annotations

import itertools

import pytest

from firmware.trunks.remedies import (
    AWAY_S,
    FINE_S,
    FIRST_PAUSE,
    HAND_S,
    LONGEST_PAUSE,
    STUCK_S,
    Ladder,
    Remedy,
    Trouble,
)


def looked(
    ladder: Ladder, trouble: Trouble, seconds: float, since: float = 0.0, *, idle: bool = True
) -> list[tuple[float, Remedy]]:
    """Look at it every second; return what was done when."""
    done = ((since + at, ladder.look(trouble, since + at, idle=idle)) for at in range(int(seconds)))
    return [(at, remedy) for at, remedy in done if remedy is not None]


def test_a_modem_that_stays_away_has_its_power_cycled_more_and_more_seldom() -> None:
    done = looked(Ladder(), Trouble.AWAY, 12 * 3600)
    assert {remedy for _, remedy in done} == {Remedy.POWER_CYCLE}
    assert done[0][0] == AWAY_S
    pauses = [after - before for (before, _), (after, _) in itertools.pairwise(done)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert max(pauses) == pauses[-1] == LONGEST_PAUSE


def test_a_modem_that_is_away_for_its_own_restart_is_left_alone() -> None:
    ladder = Ladder()
    for start in range(0, 3000, 300):
        assert looked(ladder, Trouble.AWAY, AWAY_S - 1, start) == []
        assert looked(ladder, Trouble.NONE, 200, start + 60) == []


@pytest.mark.parametrize(
    ("trouble", "wait"), [(Trouble.STUCK, STUCK_S), (Trouble.SICK, 0), (Trouble.SILENT, 0)]
)
def test_what_answers_is_restarted_softly_first_and_by_its_power_after_that(
    trouble: Trouble, wait: float
) -> None:
    assert looked(Ladder(), trouble, wait + 1.5 * FIRST_PAUSE) == [
        (wait, Remedy.SOFT_RESET),
        (wait + FIRST_PAUSE, Remedy.POWER_CYCLE),
    ]


def test_nothing_is_done_while_a_call_stands() -> None:
    ladder = Ladder()
    assert looked(ladder, Trouble.SILENT, 500, idle=False) == []
    assert looked(ladder, Trouble.SILENT, 2, 500) == [(500, Remedy.SOFT_RESET)]


def test_trouble_that_comes_back_soon_goes_on_where_it_left_off_and_later_begins_anew() -> None:
    ladder = Ladder()
    assert looked(ladder, Trouble.SICK, 1) == [(0, Remedy.SOFT_RESET)]
    assert looked(ladder, Trouble.NONE, FINE_S - 10, 1) == []
    assert [remedy for _, remedy in looked(ladder, Trouble.SICK, 1, 600)] == [Remedy.POWER_CYCLE]
    looked(ladder, Trouble.NONE, FINE_S + 2, 601)
    assert [remedy for _, remedy in looked(ladder, Trouble.SICK, 1, 1300)] == [Remedy.SOFT_RESET]


def test_a_person_is_needed_for_a_sim_at_once_and_for_a_modem_when_all_was_in_vain() -> None:
    ladder = Ladder()
    assert looked(ladder, Trouble.HAND, 1000) == []
    assert ladder.needs_a_hand(1000)
    looked(ladder, Trouble.NONE, 10, 1000)
    assert not ladder.needs_a_hand(1010)
    # Between restarts it is stuck and away in turn: no good either way.
    looked(ladder, Trouble.STUCK, 400, 2000)
    looked(ladder, Trouble.AWAY, HAND_S - 401, 2400)
    assert not ladder.needs_a_hand(2000 + HAND_S - 1)
    assert ladder.needs_a_hand(2000 + HAND_S)
