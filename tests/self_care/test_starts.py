"""Three starts that failed bring a safe one, with the last settings that worked."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.self_care.starts import Starts


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "settings.json"
    path.write_text("good")
    return path


def starts(settings: Path) -> Starts:
    """A switch that has just been started counts with this."""
    return Starts(settings.with_name("starts.json"), settings)


def crash(settings: Path) -> bool:
    """Start, and end without a word; tell whether it was a safe start."""
    return starts(settings).begin()


def test_after_three_crashes_the_fourth_start_is_a_safe_one(settings: Path) -> None:
    assert [crash(settings) for _ in range(4)] == [False, False, False, True]


def test_a_switch_that_was_asked_to_end_has_not_failed(settings: Path) -> None:
    for _ in range(5):
        one = starts(settings)
        assert not one.begin()
        one.ended()


def test_holding_out_forgets_what_failed_before(settings: Path) -> None:
    crash(settings), crash(settings)
    one = starts(settings)
    assert not one.begin()
    one.healthy()
    assert [crash(settings) for _ in range(4)] == [False, False, False, True]


def test_a_power_cut_long_after_the_start_is_no_failure(settings: Path) -> None:
    for _ in range(5):
        one = starts(settings)
        assert not one.begin()
        one.healthy()


def test_the_start_after_a_safe_one_has_a_single_try(settings: Path) -> None:
    for _ in range(4):
        crash(settings)
    assert [crash(settings), crash(settings)] == [False, True]


def test_safe_mode_takes_the_last_settings_that_worked_and_keeps_the_others(settings: Path) -> None:
    one = starts(settings)
    one.begin()
    one.healthy()
    settings.write_text("these crash it")
    assert starts(settings).use_last_good()
    assert settings.read_text() == "good"
    assert settings.with_name("settings-set-aside.json").read_text() == "these crash it"
    assert not starts(settings).use_last_good(), "nothing is left to change"


def test_without_good_settings_the_present_ones_stay(settings: Path) -> None:
    assert not starts(settings).use_last_good()
    assert settings.read_text() == "good"


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b'{"failures":"many"}', b"\xff\xfe"])
def test_a_torn_count_begins_anew(settings: Path, rubbish: bytes) -> None:
    settings.with_name("starts.json").write_bytes(rubbish)
    assert not crash(settings)


def test_a_card_that_refuses_costs_the_safe_mode_and_not_the_start(tmp_path: Path) -> None:
    nowhere = Starts(tmp_path / "missing" / "starts.json", tmp_path / "missing" / "settings.json")
    assert not nowhere.begin()
    nowhere.healthy()
    nowhere.ended()
