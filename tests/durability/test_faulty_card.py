"""The card loses what it hadn't synced, tears blocks, fills up: what was promised is there afterwards."""

from __future__ import annotations

import concurrent.futures
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.core.clock import SystemClock
from firmware.core.paths import StatePaths
from firmware.core.records import Outcome
from firmware.settings.store import SettingsStore
from firmware.store.records import SqliteJourneyStore
from tests.durability.promises import Promises
from tests.durability.switches import CUT, ROOT, Switches
from tests.durability.test_kill import next_start

SOURCE = Path(__file__).with_name("faulty_card.c")
BOXES, CUTS_A_BOX = 8, 125
"""A thousand cuts: every box loses its power again and again and goes on with what it has."""

MOST_WRITES = 900
"""Writes until the cut at most: some dozens of calls, a checkpoint of the log among them."""


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The faulty card as a library."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler (apt-get install gcc)")
    library = tmp_path_factory.mktemp("card") / "faulty_card.so"
    subprocess.run(
        [compiler, "-O1", "-fPIC", "-shared", "-pthread", "-o", library, SOURCE, "-ldl"], check=True
    )
    return library


def on_card(card: Path, module: str, *arguments: str, **faults: int) -> tuple[int, list[str]]:
    """Run a module on the faulty card; return its exit status and the whole lines it printed."""
    environment = {**os.environ, "LD_PRELOAD": str(card), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {f"ZJ_{name}": str(value) for name, value in faults.items()}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.durability.{module}", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, [line.strip() for line in done.stdout.splitlines(True) if line.endswith("\n")]


def cut_and_look(card: Path, scratch: Path, seeds: range) -> None:
    state = scratch / "state"
    state.mkdir(parents=True)
    paths = StatePaths(state)
    promises = Promises(state)
    with Switches(state, card) as switches:
        for seed in seeds:
            promises.hear(switches.cut(seed, random.Random(seed).randrange(1, MOST_WRITES)), seed)
            promises.check_settings()
            promises.check_integrity(scratch)
            # Every third time the next switch itself has to find and close what was left, under fire.
            if seed % 3:
                next_start(paths)
            assert not list(state.glob("*.damaged*")), f"seed {seed}: the records were damaged"
    next_start(paths)
    promises.check_integrity(scratch)
    reader = SqliteJourneyStore(paths.records, SystemClock()).reader
    found: dict[str, Outcome | None] = {journey.id: journey.outcome for journey in reader.find(1_000_000)}
    assert promises.calls <= set(found), "a call that had ended lost its record"
    assert None not in found.values(), "half a journey"
    assert len(promises.calls) > 3 * len(seeds), "nothing was tested"


def test_ten_power_cuts_lose_no_promised_record(card: Path, memory: Path) -> None:
    cut_and_look(card, memory, range(1, 11))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_power_cuts_lose_no_promised_record(card: Path, memory: Path) -> None:
    def of_box(number: int) -> None:
        first = 2000 + number * CUTS_A_BOX
        cut_and_look(card, memory / f"box-{number}", range(first, first + CUTS_A_BOX))

    # As many boxes at a time as there are cores: each start is mostly Python's.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(of_box, number) for number in range(BOXES)]:
            done.result()


@pytest.mark.parametrize("seed", range(6))
def test_a_power_cut_keeps_the_last_promised_settings(card: Path, tmp_path: Path, seed: int) -> None:
    cut_at = random.Random(seed).randrange(2, 60)
    status, names = on_card(card, "faulty_writer", "settings", str(tmp_path), CUT_AT=cut_at, SEED=seed)
    assert status == CUT
    store = SettingsStore(tmp_path / "settings.json")
    kept = store.open().office.name
    if names:
        # The change that ran when the power went may have come through.
        assert kept in (names[-1], f"office {len(names)}")
    assert store.fault is None


@pytest.mark.parametrize("full_at", [0, 30_000, 200_000, 800_000])
def test_a_full_card_loses_no_call_when_room_is_made(card: Path, tmp_path: Path, full_at: int) -> None:
    status, lines = on_card(card, "faulty_writer", "calls", str(tmp_path), FULL_AT=full_at, FULL_MS=1200)
    assert status == 0
    faults, ids = lines[0].split(), lines[1:]
    assert int(faults[1]) > 0, "the card was never full"
    assert faults[3] == "0"
    reader = SqliteJourneyStore(tmp_path / "records.sqlite", SystemClock()).reader
    assert [journey.id for journey in reader.find(1000)] == ids[::-1]
    connection = sqlite3.connect(tmp_path / "records.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
