"""A weak supply: told of at once, ended before it takes the card with it."""

from __future__ import annotations

from pathlib import Path

from firmware.self_care.power import PATIENCE_S, SHUT_DOWN_S, Advice, PowerWatch, is_low, sensor


def told(readings: list[tuple[float, bool]], calls: int = 0) -> list[tuple[float, Advice]]:
    watch = PowerWatch()
    said = [(at, watch.note(low, calls, at)) for at, low in readings]
    return [(at, advice) for at, advice in said if advice is not Advice.NOTHING]


def test_a_modems_burst_warns_once_and_ends_nothing() -> None:
    assert told([(0, False), (1, True), (2, True), (3, False), (4, True), (20, False)]) == [(1, Advice.WARN)]


def test_a_supply_that_stays_low_ends_everything_once() -> None:
    low = [(float(second), True) for second in range(100)]
    assert told(low) == [(0, Advice.WARN), (SHUT_DOWN_S, Advice.SHUT_DOWN)]


def test_people_in_a_call_are_given_longer() -> None:
    low = [(float(second), True) for second in range(100)]
    assert told(low, calls=1)[-1] == (PATIENCE_S, Advice.SHUT_DOWN)


def test_flickering_counts_as_low_until_it_is_fine_for_a_while() -> None:
    flicker = [(float(second), second % 3 != 0) for second in range(1, 40)]
    assert told(flicker)[-1][1] is Advice.SHUT_DOWN


def test_after_a_recovery_it_warns_again() -> None:
    assert told([(0, True), (1, False), (12, False), (13, True)]) == [(0, Advice.WARN), (13, Advice.WARN)]


def test_the_boards_sensor_is_found_by_its_name(tmp_path: Path) -> None:
    for number, name in enumerate(("cpu_thermal", "rpi_volt")):
        chip = tmp_path / f"hwmon{number}"
        chip.mkdir()
        (chip / "name").write_text(name + "\n")
    alarm = sensor(tmp_path)
    assert alarm == tmp_path / "hwmon1" / "in0_lcrit_alarm"
    assert not is_low(alarm), "not there yet"
    alarm.write_text("1\n")
    assert is_low(alarm)
    assert sensor(tmp_path / "elsewhere") is None
