"""Recordings to storage that is away, refuses, is metered: each once, encrypted, never during a call."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.cloud import uploads
from firmware.cloud.allowance import Allowance, BackOff
from firmware.cloud.transport import NotAllowed, Unreachable
from firmware.cloud.uploads import Uploader
from firmware.core.trace.said import Said
from firmware.store import owner_key
from firmware.store.keeper import Keeper
from firmware.store.keeping import Kind, Rules
from firmware.store.records import SqliteJourneyStore
from tests.patience import until
from tests.store.sample import BenchClock, whole_journey


class Storage:
    """A bucket that does what a test tells it to."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list[Exception] = []

    async def put(self, name: str, file: Path) -> None:
        if self.faults:
            raise self.faults.pop(0)
        assert name not in self.files, "uploaded twice"
        self.files[name] = file.read_bytes()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteJourneyStore]:
    """A box with three sealed recordings."""
    monkeypatch.setattr(uploads, "_IDLE_S", 0.01)
    (tmp_path / "recordings").mkdir()
    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    store.start()

    async def fill() -> None:
        for number in range(3):
            journey = whole_journey(BenchClock())
            journey.recordings[0].path = f"{number}.ogg"
            (tmp_path / "recordings" / f"{number}.ogg").write_bytes(b"OggS%d" % number)
            await store.close(journey)
        folders = {Kind.RECORDING: tmp_path / "recordings", Kind.VOICEMAIL: tmp_path}
        await Keeper(store, folders, BenchClock(), lambda: False).round(Rules())

    asyncio.run(fill())
    yield store
    store.stop()


class Box:
    def __init__(
        self, store: SqliteJourneyStore, folder: Path, key: str = "", daily: int | None = None
    ) -> None:
        self.storage, self.busy = Storage(), False
        self.alarms: list[Said] = []
        self.uploader = Uploader(
            store,
            folder / "recordings",
            self.storage,
            "shop-1",
            key,
            Allowance(None, 0.0),
            lambda: self.busy,
            self.alarms.append,
            BackOff(random.Random(1), 0.01, 0.02),
        )

    async def run(self, until_waiting: int = 0) -> None:
        async def done() -> bool:
            return await asyncio.to_thread(self.uploader.waiting) <= until_waiting

        task = asyncio.create_task(self.uploader.run())
        try:
            await until(done)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_every_recording_goes_once_over_a_bad_line(store: SqliteJourneyStore, tmp_path: Path) -> None:
    box = Box(store, tmp_path)
    box.storage.faults = [Unreachable("no route"), NotAllowed("wrong key"), Unreachable("timeout")]
    await box.run()
    assert sorted(box.storage.files) == [f"shop-1/recording/{number}.ogg" for number in range(3)]
    assert box.storage.files["shop-1/recording/1.ogg"] == b"OggS1"
    assert [alarm.in_language("zh-CN") for alarm in box.alarms] == ["录音无法上传：wrong key"]
    assert box.uploader.fault is None


async def test_only_the_owner_reads_what_was_uploaded(store: SqliteJourneyStore, tmp_path: Path) -> None:
    private, public = owner_key.new_key()
    box = Box(store, tmp_path, public)
    await box.run()
    sealed, plain = tmp_path / "sealed", tmp_path / "plain"
    sealed.write_bytes(box.storage.files["shop-1/recording/2.ogg.age"])
    owner_key.decrypt(sealed, plain, private)
    assert plain.read_bytes() == b"OggS2"
    assert not list(tmp_path.glob("upload-*"))


async def test_during_a_call_nothing_is_uploaded(store: SqliteJourneyStore, tmp_path: Path) -> None:
    box = Box(store, tmp_path)
    box.busy = True
    task = asyncio.create_task(box.run())
    await asyncio.sleep(0.2)
    assert box.storage.files == {}
    box.busy = False
    await task
    assert len(box.storage.files) == 3


async def test_a_recording_that_was_cleared_away_meanwhile_holds_up_no_other(
    store: SqliteJourneyStore, tmp_path: Path
) -> None:
    (tmp_path / "recordings" / "1.ogg").unlink()
    box = Box(store, tmp_path)
    await box.run()
    assert len(box.storage.files) == 2
