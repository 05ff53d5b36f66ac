"""The `zongji` command as people at the box use it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.cli import main
from firmware.cli.journeys import calls_table, length, moment, offset
from firmware.cli.options import language_of_environment
from firmware.cli.tables import printable, table, width
from firmware.cli.words import Words
from firmware.control.answers import answers_of
from firmware.control.server import ControlServer
from firmware.core.clock import Instant
from firmware.core.paths import StatePaths
from firmware.core.records import EntryKind, Outcome
from firmware.store.records import SqliteJourneyStore
from tests.control.switch import FIRST_ID, SECOND_ID, SECRET, FakeSwitch
from tests.store.sample import BenchClock, running_journey, whole_journey

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG", "ZONGJI_STATE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()


@pytest.fixture
def state() -> Iterator[Path]:
    # A Unix socket's path holds 107 bytes at most; pytest's own folders can be longer.
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        StatePaths(Path(folder)).ensure()
        yield Path(folder)


@pytest.fixture
def records(state: Path) -> Path:
    """A state folder whose switch has gone, with one whole call and one that was running."""
    clock = BenchClock()
    store = SqliteJourneyStore(StatePaths(state).records, clock)
    store.start()
    asyncio.run(store.close(whole_journey(clock, FIRST_ID)))
    store.begin(running_journey(clock, SECOND_ID))
    store.stop()
    return state


@pytest.fixture
def switch(state: Path) -> Iterator[FakeSwitch]:
    """A running switch on the state folder, in a thread of its own."""
    fake = FakeSwitch()
    started, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        server = ControlServer(StatePaths(state).control_socket, answers_of(fake))
        await server.start()
        started.set()
        await asyncio.to_thread(stop.wait)
        await server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(5)
    yield fake
    stop.set()
    thread.join()


def test_calls_are_a_table_with_the_newest_first(
    switch: FakeSwitch, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calls", "--state", str(state)]) == 0
    headings, running, ended = capsys.readouterr().out.splitlines()
    assert headings.split()[:3] == ["When", "Caller", "Called"]
    assert "running" in running
    assert ended.split() == [
        *("2026-11-21", "20:00:10", "+8613800138000", "101", "answered"),
        *("2.0", "s", "1:01", "2026/11/one.wav", FIRST_ID),
    ]


def test_calls_speak_chinese_when_the_environment_does(
    switch: FakeSwitch, state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert main(["calls", "--state", str(state)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("时间")
    assert "已接通" in shown
    assert main(["calls", "--state", str(state), "--lang", "en"]) == 0
    assert capsys.readouterr().out.startswith("When")


def test_columns_stand_below_each_other_in_chinese_too(
    switch: FakeSwitch, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["calls", "--state", str(state), "--lang", "zh"])
    lines = capsys.readouterr().out.splitlines()
    places = {width(line[: line.rindex("  ")]) for line in lines}
    assert len(places) == 1


def test_json_is_for_programs(switch: FakeSwitch, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", "--json", "--limit", "1", "--state", str(state)]) == 0
    journeys = json.loads(capsys.readouterr().out)
    assert [journey["id"] for journey in journeys] == [SECOND_ID]
    assert main(["call", "show", FIRST_ID, "--json", "--state", str(state)]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "answered"


def test_a_call_is_shown_with_its_legs_reasons_and_recording(
    switch: FakeSwitch, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", "show", FIRST_ID[:6], "--state", str(state)]) == 0
    shown = capsys.readouterr().out
    assert "keyed 101 → 前台 / Front desk" in shown
    assert "normal by them: NO CARRIER" in shown
    assert f"1:01  {state}/recordings/2026/11/one.wav" in shown
    assert "0:05.0  routing" in shown


def test_a_call_is_shown_with_what_it_cost(
    switch: FakeSwitch, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["call", "show", FIRST_ID[:6], "--state", str(state), "--lang", "en"]
    assert main(arguments) == 0
    assert "Cost" not in capsys.readouterr().out, "no price is known"
    switch.journeys[1].cost_micros, switch.journeys[1].currency = 600_000, "CNY"
    assert main(arguments) == 0
    assert "0.60 CNY" in capsys.readouterr().out


def test_without_a_switch_the_records_are_read_and_that_is_said(
    records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calls", "--state", str(records)]) == 0
    shown = capsys.readouterr()
    assert [line.split()[-1] for line in shown.out.splitlines()[1:]] == [SECOND_ID, FIRST_ID]
    assert "not closed" in shown.out
    assert "no switch is running here" in shown.err
    assert len(shown.err.splitlines()) == 1
    assert main(["call", "show", FIRST_ID[:6], "--json", "--state", str(records)]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == FIRST_ID


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["call", "show", "01KB0"], "More than one call begins with 01KB0"),
        (["call", "show", "9"], "There is no call 9"),
        (["status"], "no switch runs here"),
        (["phones"], "no switch runs here"),
    ],
)
def test_what_can_not_be_done_is_one_line_and_exit_code_1(
    records: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main([*arguments, "--state", str(records)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert words in shown.err.splitlines()[-1]
    assert shown.err.count("\n") == 1


def test_a_missing_state_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", "--state", str(tmp_path / "nowhere")]) == 1
    assert f"there is no state folder {tmp_path}/nowhere" in capsys.readouterr().err


def test_a_state_folder_without_records_says_so(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", "--state", str(state)]) == 1
    assert "there are no call records" in capsys.readouterr().err


def test_a_locked_database_says_so(
    records: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.store.reader._LOCK_PATIENCE_S", 0.05)
    holder = sqlite3.connect(StatePaths(records).records, isolation_level=None)
    try:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("DELETE FROM outbox")
        assert main(["calls", "--state", str(records)]) == 1
    finally:
        holder.close()
    assert "locked; try again" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["calls", "--limit", "0"], ["calls", "--limit", "x"], ["call", "show"]]
)
def test_a_wrong_command_line_is_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "Usage" in capsys.readouterr().err


def test_the_environment_names_the_state_folder(
    records: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZONGJI_STATE", str(records))
    assert main(["calls"]) == 0
    assert FIRST_ID in capsys.readouterr().out


def test_status_and_phones_tell_what_an_installer_needs(
    switch: FakeSwitch, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--state", str(state)]) == 0
    shown = capsys.readouterr().out
    assert "中国移动, signal 21 of 31" in shown
    assert "! call records can't be written: disk full" in shown
    assert "50.0 MB" in shown
    assert main(["phones", "--state", str(state), "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert SECRET in shown
    assert "192.168.1.5:5060" in shown


def test_names_from_outside_can_not_steer_the_terminal() -> None:
    journey = whole_journey(BenchClock())
    journey.caller = "\x1b[2J\u202eevil\r\n"
    journey.timeline[0] = type(journey.timeline[0])(0, EntryKind.STATE, "\x07")
    shown = calls_table([journey], "en")
    assert not set("\x1b\u202e\r\x07") & set(shown)
    assert len(shown.splitlines()) == 2
    assert printable("前台 é") == "前台 é"


def test_tables_know_how_wide_characters_are() -> None:
    assert [width(text) for text in ("abc", "前台", "e\u0301", "ｱ", "Ａ")] == [3, 4, 1, 1, 2]
    assert table(["a", "b"], [["前台", "1"], ["x", "22"]], right=frozenset({1})) == (
        "a      b\n前台   1\nx     22"
    )


def test_durations_and_moments_are_read_at_a_glance() -> None:
    assert [length(value) for value in (None, 0, 61_400, 3_723_000)] == ["-", "0:00", "1:01", "1:02:03"]
    assert [offset(value) for value in (None, 0, 65_432)] == ["-", "0:00.0", "1:05.4"]
    assert moment(Instant(5_000, 90_000, "boot", clock_set=False)) == "+90 s, clock not set"


def test_no_calls_are_said_in_words() -> None:
    assert calls_table([], "zh") == "还没有通话。"


def test_every_outcome_and_kind_has_its_words() -> None:
    for language in ("zh", "en"):
        words = Words(language)
        assert all(words.outcome(outcome) for outcome in Outcome)
        assert all(words.kind(kind) for kind in EntryKind)


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": "en_US"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "zh_CN"}, "zh"),
    ],
)
def test_the_language_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language_of_environment() == language


def run(*arguments: str, **options: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "firmware.cli", *arguments],
        cwd=ROOT,
        text=True,
        stdout=options.get("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def test_a_reader_that_has_seen_enough_gets_no_traceback(records: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = run("calls", "--json", "--state", str(records), stdout=writing)
    os.close(writing)
    _, complaints = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Traceback" not in complaints
    assert "Exception" not in complaints


def test_ctrl_c_ends_it_in_a_line(state: Path) -> None:
    # A switch that accepts and never answers, so that the command waits.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(StatePaths(state).control_socket))
        listener.listen(1)
        process = run("status", "--state", str(state))
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            process.send_signal(signal.SIGINT)
            shown, complaints = process.communicate(timeout=20)
    assert process.returncode == 1
    assert shown == ""
    assert complaints.strip() == "zongji: interrupted", "after the line end that follows ^C"


def test_the_state_folder_is_closed_to_others(tmp_path: Path) -> None:
    paths = StatePaths(tmp_path / "state")
    paths.ensure()
    paths.ensure()
    for folder in (paths.root, paths.recordings, paths.prompts, paths.run):
        assert folder.stat().st_mode & 0o777 == 0o750
    paths.prompts.chmod(0o755)
    paths.ensure()
    assert paths.prompts.stat().st_mode & 0o777 == 0o755, "an administrator's own mode stays"
