"""A week of eleven calls, each figure worked out by hand."""

from __future__ import annotations

import pytest

from firmware.core.errors import UserError
from firmware.core.records import PART_OF, AgentState, Outcome
from firmware.reports import monthly
from firmware.reports.catalogue import FIGURES, figure
from firmware.reports.figure import Dataset, Options, Staff, Text
from firmware.reports.grouping import Dimension, grouped
from firmware.reports.source import dataset
from tests.reports.office import DAY_MS, MONDAY_MS, SHANGHAI, at, call, dialled, shift

ANNA, BO, CHEN = "+8613800000001", "+8613800000002", "+8613800000003"

WEEK = [
    call("A1", at(0, 9), ANNA, waits=10, talk=120, hold=20, wrap=30, points=(5,)),
    call("A2", at(0, 10), BO, waits=30, talk=60, wrap=30, agent="102", points=(None,)),
    call("A3", at(0, 11), None, waits=20, talk=60, points=(3, 4), tags=("complaint",)),
    call("A4", at(1, 9), ANNA, waits=0, talk=240, agent="102", line="gsm2"),
    call("L1", at(1, 9.5), CHEN, waits=3),
    call("L2", at(1, 9.6), CHEN, waits=25),
    call("L3", at(1, 10), None, waits=40),
    call("M1", at(1, 11), BO, waits=60, message=True),
    call("I1", at(1, 12), "+8613800000009", waits=None),
    call("F1", at(1, 13), "+8613800000008", waits=5, outcome=Outcome.FAILED),
    dialled("O1", at(1, 15), "13800000003", talk=30),
    dialled("O2", at(1, 16), BO, talk=0),
]
SPANS = [
    shift("101", at(0, 9), 4),
    shift("101", at(0, 13), 1, AgentState.BREAK),
    shift("102", at(1, 9), 5),
]


def week(now_days: float = 30, **options: float) -> Dataset:
    return dataset(
        WEEK,
        SPANS,
        MONDAY_MS,
        MONDAY_MS + 7 * DAY_MS,
        MONDAY_MS + round(now_days * DAY_MS),
        Options(**options),  # type: ignore[arg-type] # lines is an int, which no test here sets
        SHANGHAI,
        Staff(planned=10, present=9, leavers=1, full_time=20, scores=(80.0, 90.0)),
    )


@pytest.mark.parametrize(
    ("key", "variant", "numerator", "denominator"),
    [
        ("calls_in", None, 10, 1),
        ("calls_answered", None, 4, 1),
        ("service_level", None, 3, 6),  # A1 A3 A4 of those and A2 L2 L3; L1 was short
        ("service_level", "answered", 3, 4),
        ("service_level", "both", 4, 7),  # L1 too, of all seven
        ("service_level", "missed", 3, 8),
        ("abandon_rate", None, 2, 6),
        ("abandon_rate", "all", 3, 7),
        ("short_abandons", None, 1, 1),
        ("asa", None, 60, 4),
        ("asa", "offered", 193, 9),  # all but I1
        ("connect_rate", None, 4, 9),
        ("connect_rate", "all", 4, 10),
        ("ivr_only", None, 1, 10),
        ("lost", None, 5, 1),
        ("follow_up", None, 2, 4),  # both of Chen's; Bo's was tried in vain, L3 withheld
        ("aht", None, 120 + 60 + 60 + 240 + 60 + 30, 5),
        ("aht", "without_wrap_up", 510, 5),
        ("att", None, 490, 5),
        ("wrap_up", None, 60, 5),
        ("occupancy", None, 570, 9 * 3600),
        ("calls_per_hour", None, 5, 10),
        ("work_rate", None, 1, 2),
        ("fcr", None, 2, 4),  # Anna came again, Bo too; A3 is withheld
        ("repeat_callers", None, 3, 5),
        ("csat", None, 12, 2),
        ("csat", "keys", 12, 3),
        ("csat", "share", 12, 15),
        ("response_rate", None, 2, 3),
        ("complaints", None, 1, 4),
        ("messages", None, 1, 1),
        ("attendance", None, 9, 10),
        ("turnover", None, 1, 20),
        ("monitoring_score", None, 170, 2),
    ],
)
def test_the_figure_of_a_week(key: str, variant: str | None, numerator: float, denominator: float) -> None:
    one = figure(key)
    computes = {other.key: other.compute for other in one.variants}
    result = (one.compute if variant is None else computes[variant])(week())
    assert result.numerator == pytest.approx(numerator)
    assert result.denominator == pytest.approx(denominator)
    assert result.value == pytest.approx(numerator / denominator)


def test_the_calls_behind_a_figure_are_named() -> None:
    result = figure("service_level").compute(week())
    assert result.calls == ("A1", "A3", "A4")
    assert sorted(result.of) == ["A1", "A2", "A3", "A4", "L2", "L3"]


def test_another_threshold_and_short_limit_change_the_service_level() -> None:
    result = figure("service_level").compute(week(threshold_s=5.0, short_abandon_s=30.0))
    assert (result.numerator, result.denominator) == (1, 5)


def test_the_newest_week_is_marked_immature() -> None:
    # On Tuesday of the next week only Monday's calls are old enough.
    data = week(now_days=8)
    fcr = figure("fcr")
    result = fcr.compute(data)
    assert sorted(result.of) == ["A1", "A2", "A3"]
    assert result.note is not None
    assert "1 calls are younger" in result.note.en
    assert fcr.variants[0].compute(data).denominator == 4
    assert fcr.compute(week()).note is None


def test_a_call_back_may_still_come_in_time() -> None:
    result = figure("follow_up").compute(week(now_days=2))
    assert result.note is not None
    assert result.note.en.startswith("2 of them")


def test_a_repeat_after_the_period_counts_too() -> None:
    later = [*WEEK, call("A9", at(7, 1), None, waits=1, talk=10)]
    later.append(call("R1", at(8, 8), ANNA, waits=1, talk=10))
    data = dataset(later, [], MONDAY_MS, MONDAY_MS + 7 * DAY_MS, MONDAY_MS + 60 * DAY_MS)
    assert len(data.calls) == len(WEEK)
    assert figure("fcr").compute(data).calls == ("A3",), "Anna's last call was repeated a week later"


def test_lines_are_taken_as_long_as_their_legs_last() -> None:
    result = figure("line_occupancy").compute(week())
    taken = sum((j.duration_ms or 0) for j in WEEK) / 1000
    assert result.numerator == pytest.approx(taken)
    assert result.denominator == 2 * 7 * 86_400
    busiest = figure("busy_hour_traffic").compute(week())
    # Tuesday, 9 to 10: A4, L1 and L2.
    assert busiest.value == pytest.approx((245 + 8 + 30) / 3600)
    load = busiest.numerator
    blocked = figure("blocking").compute(week()).value
    assert blocked == pytest.approx((load**2 / 2) / (1 + load + load**2 / 2))


def test_a_hand_on_another_call_is_no_call_more() -> None:
    fetched = dialled("P1", at(2, 9), "13800000003", talk=600, agent="102")
    fetched.tags.append(f"{PART_OF}A1")
    data = dataset(
        [*WEEK, fetched],
        SPANS,
        MONDAY_MS,
        MONDAY_MS + 7 * DAY_MS,
        MONDAY_MS + 30 * DAY_MS,
        zone=SHANGHAI,
        staff=week().staff,
    )
    for one in FIGURES:
        if one.key not in ("line_occupancy", "busy_hour_traffic", "blocking"):
            assert one.compute(data).value == one.compute(week()).value, one.key
    agents = grouped(data, Dimension.AGENT)
    assert [fact.id for fact in agents["102"].calls] == ["A2", "A4"]
    more = (
        figure("line_occupancy").compute(data).numerator - figure("line_occupancy").compute(week()).numerator
    )
    assert more == pytest.approx((fetched.duration_ms or 0) / 1000), "the line was taken all the same"
    assert all(
        "part-of" not in text.en for tally in monthly.build(data, "").tallies for text, _ in tally.rows
    )


def test_an_empty_period_has_no_values_but_zero_counts() -> None:
    data = dataset([], [], MONDAY_MS, MONDAY_MS + DAY_MS, MONDAY_MS + DAY_MS)
    for one in FIGURES:
        result = one.compute(data)
        assert result.value is None or result.value == 0, one.key
        assert result.numerator == 0


def test_an_unknown_figure_is_said_to_be_so() -> None:
    with pytest.raises(UserError, match="service_level"):
        figure("happiness")


class TestGroups:
    def test_by_hour_in_local_time(self) -> None:
        hours = grouped(week(), Dimension.HOUR)
        assert [fact.id for fact in hours["09"].calls] == ["A1", "A4", "L1", "L2"]
        assert sum(span.duration_ms for span in hours["09"].spans) == 2 * 3_600_000

    def test_by_day(self) -> None:
        days = grouped(week(), Dimension.DAY)
        assert list(days) == ["2026-11-02", "2026-11-03"]
        assert len(days["2026-11-02"].calls) == 3

    def test_an_agent_has_the_agents_own_times(self) -> None:
        agents = grouped(week(), Dimension.AGENT)
        second = agents["102"]
        assert figure("att").compute(second).numerator == 300
        assert figure("occupancy").compute(second).value == pytest.approx(330 / (5 * 3600))
        first = agents["101"]
        assert figure("calls_answered").compute(first).calls == ("A1", "A3")
        assert figure("lost").compute(first).value == 5
        assert figure("work_rate").compute(first).value == 0.5
        assert figure("csat").compute(first).numerator == 12

    def test_by_group_line_and_caller(self) -> None:
        assert len(grouped(week(), Dimension.GROUP)["sales"].calls) == 9
        assert [fact.id for fact in grouped(week(), Dimension.LINE)["gsm2"].calls] == ["A4"]
        assert len(grouped(week(), Dimension.CALLER)[CHEN].calls) == 2
        assert grouped(week(), Dimension.DID) == {}


def test_every_figure_speaks_both_languages() -> None:
    assert len({one.key for one in FIGURES}) == len(FIGURES)
    texts: list[tuple[str, Text, Text]] = [(one.key, one.name, one.formula) for one in FIGURES]
    texts += [(other.key, other.name, other.formula) for one in FIGURES for other in one.variants]
    for key, name, formula in texts:
        assert name.en and formula.en, key
        assert any("一" <= character <= "鿿" for character in name.zh + formula.zh), key
