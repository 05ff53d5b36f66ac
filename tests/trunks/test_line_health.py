"""Which lines calls out leave alone, for how long, and what puts a line in order again."""

from __future__ import annotations

import pytest

from firmware.core.causes import Cause, Side
from firmware.core.leg import Ending
from firmware.trunks.health import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, LineHealth

LINE = "pstn1"
FAULT = Ending(Cause.NO_CIRCUIT, Side.WIRE, "no dial tone")


def fails(health: LineHealth, now: float, times: int = 1, ending: Ending = FAULT) -> None:
    for _ in range(times):
        health.ended(LINE, ending, talked=False, now=now)


@pytest.mark.parametrize(
    "cause", [Cause.NO_CIRCUIT, Cause.TEMPORARY_FAILURE, Cause.BEARER_NOT_AVAILABLE], ids=lambda one: one.name
)
def test_a_line_that_fails_again_and_again_is_left_alone_for_a_while(cause: Cause) -> None:
    health = LineHealth()
    fails(health, 0.0, FAILURES - 1, Ending(cause, Side.WIRE))
    assert health.fit(LINE, 0.0), "that may have been bad luck"
    fails(health, 1.0, 1, Ending(cause, Side.WIRE))
    assert not health.fit(LINE, FIRST_PAUSE)
    assert health.fit(LINE, 1.0 + FIRST_PAUSE)


@pytest.mark.parametrize(
    "ending",
    [Ending(Cause.BUSY, Side.THEM), Ending(Cause.NO_ANSWER, Side.THEM), Ending(Cause.NO_CIRCUIT, Side.THEM)],
    ids=str,
)
def test_what_the_called_party_does_is_no_fault_of_the_line(ending: Ending) -> None:
    health = LineHealth()
    fails(health, 0.0, 10 * FAILURES, ending)
    assert health.fit(LINE, 0.0)


def test_on_trial_one_failure_is_enough_for_a_pause_twice_as_long() -> None:
    health = LineHealth()
    fails(health, 0.0, FAILURES)
    now, pause = FIRST_PAUSE, FIRST_PAUSE
    while pause < LONGEST_PAUSE:
        assert health.fit(LINE, now)
        fails(health, now)
        pause = min(LONGEST_PAUSE, 2 * pause)
        assert not health.fit(LINE, now + pause - 1)
        now += pause
        assert health.fit(LINE, now)
    fails(health, now)
    assert health.fit(LINE, now + LONGEST_PAUSE)


def test_one_call_that_talks_puts_the_line_in_order_again() -> None:
    health = LineHealth()
    fails(health, 0.0, FAILURES + 1)
    health.ended(LINE, Ending(Cause.NORMAL, Side.THEM), talked=True, now=200.0)
    fails(health, 300.0, FAILURES - 1)
    assert health.fit(LINE, 300.0)
    fails(health, 300.0)
    assert health.fit(LINE, 300.0 + FIRST_PAUSE), "and its next pause is the first again"


def test_a_line_out_of_service_or_silent_is_not_fit() -> None:
    health = LineHealth()
    health.out_of_service = frozenset({LINE})
    assert not health.fit(LINE, 0.0)
    health.out_of_service = frozenset()
    health.heard(LINE, sound=False)
    assert not health.fit(LINE, 0.0)
    health.heard(LINE, sound=True)
    assert health.fit(LINE, 0.0)
