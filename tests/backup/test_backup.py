"""A backup is one that was restored: everything that can go wrong on the way is a failure, told as such."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from firmware.backup import job
from firmware.backup.__main__ import check_settings
from firmware.backup.job import Result, back_up
from firmware.backup.places import FolderPlace, Place
from firmware.backup.restore import restore
from firmware.core.errors import DeviceError, UserError, ZongjiError
from firmware.core.paths import StatePaths
from firmware.settings.store import SettingsStore
from firmware.store import owner_key
from firmware.store.reader import JourneyReader
from firmware.store.records import SqliteJourneyStore
from tests.backup.conftest import CALLS
from tests.store.sample import NOON_MS, BenchClock, whole_journey

DAY_MS = 86_400_000


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def key() -> tuple[str, str]:
    """Private and public."""
    return owner_key.new_key()


async def backed_up(
    box: StatePaths, place: Place, public: str, now_ms: int = NOON_MS, *, keep: int = 3, audio: bool = False
) -> Result:
    return await back_up(box, place, public, "shop-1", now_ms, check_settings, keep=keep, audio=audio)


def on(stick: Path) -> FolderPlace:
    return FolderPlace(stick, Path.is_dir)


async def test_a_fresh_box_becomes_the_old_one(
    box: StatePaths, stick: Path, key: tuple[str, str], tmp_path: Path
) -> None:
    before = JourneyReader(box.records).find(100)
    result = await backed_up(box, on(stick), key[1], audio=True)
    assert result.calls == CALLS
    assert not box.scratch.exists(), "nothing is left behind"
    fresh = StatePaths(tmp_path / "fresh")
    manifest, aside = restore(stick / result.name, key[0], fresh, check_settings)
    assert (manifest.calls, aside) == (CALLS, None)
    assert JourneyReader(fresh.records).find(100) == before
    assert SettingsStore(fresh.settings).open().office.name == "一号店"
    assert (fresh.recordings / "one.ogg").read_bytes() == b"OggS" * 1000
    assert (fresh.prompts / "welcome.wav").exists()
    assert fresh.settings.stat().st_mode & 0o777 == 0o600, "settings hold secrets"


async def test_calls_go_on_after_a_restore_under_a_new_epoch(
    box: StatePaths, stick: Path, key: tuple[str, str]
) -> None:
    def epoch() -> str:
        connection = sqlite3.connect(box.records)
        try:
            return str(connection.execute("SELECT value FROM box WHERE key = 'epoch'").fetchone()[0])
        finally:
            connection.close()

    before = epoch()
    result = await backed_up(box, on(stick), key[1])
    restore(stick / result.name, key[0], box, check_settings)
    assert epoch() != before
    store = SqliteJourneyStore(box.records, BenchClock())
    store.start()
    await store.close(whole_journey(BenchClock()))
    store.stop()
    assert len(store.reader.find(100)) == CALLS + 1


async def test_what_was_there_is_set_aside_and_audio_stays(
    box: StatePaths, stick: Path, key: tuple[str, str]
) -> None:
    result = await backed_up(box, on(stick), key[1])
    (box.root / "newer").write_text("newer")
    _, aside = restore(stick / result.name, key[0], box, check_settings)
    assert aside is not None
    assert (aside / "newer").read_text() == "newer"
    assert (aside / "records.sqlite").exists()
    assert (box.recordings / "one.ogg").exists(), "the backup had no audio, so that stays"
    assert len(JourneyReader(box.records).find(100)) == CALLS


OF_THIS_BOX = (
    "steward/owner.json",
    "steward/network.json",
    "console/login",
    "web/users.json",
    "backups/1",
    "uploads/2",
)


async def test_passwords_and_network_of_this_box_outlive_a_restore(
    box: StatePaths, stick: Path, key: tuple[str, str]
) -> None:
    def write(text: str) -> None:
        for name in OF_THIS_BOX:
            (box.root / name).parent.mkdir(exist_ok=True)
            (box.root / name).write_text(text)

    write("then")
    result = await backed_up(box, on(stick), key[1])
    write("now")
    _, aside = restore(stick / result.name, key[0], box, check_settings)
    assert {name: (box.root / name).read_text() for name in OF_THIS_BOX} == dict.fromkeys(OF_THIS_BOX, "now")
    assert aside is not None
    assert not {"steward", "console", "web", "backups", "uploads"} & {one.name for one in aside.iterdir()}


async def test_a_state_that_cannot_be_moved_is_left_as_it_was(
    box: StatePaths, stick: Path, key: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = await backed_up(box, on(stick), key[1])
    before = sorted(file.name for file in box.root.iterdir())
    office = box.settings.read_bytes()
    rename, left = Path.rename, 5

    def failing(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left == 0:
            raise PermissionError(13, "not yours", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(DeviceError, match="as it was"):
        restore(stick / result.name, key[0], box, check_settings)
    assert sorted(file.name for file in box.root.iterdir()) == before
    assert box.settings.read_bytes() == office


async def test_any_computer_reads_it_with_age(
    box: StatePaths, stick: Path, key: tuple[str, str], tmp_path: Path
) -> None:
    age = shutil.which("age")
    if age is None:
        pytest.skip("age isn't installed (apt-get install age)")
    result = await backed_up(box, on(stick), key[1])
    owner_key.write_private(tmp_path / "owner.key", key[0])
    plain = tmp_path / "plain.tar.gz"
    words: list[str | Path] = ["-d", "-i", tmp_path / "owner.key", "-o", plain, stick / result.name]
    process = await asyncio.create_subprocess_exec(age, *words)
    assert await process.wait() == 0
    with tarfile.open(plain) as archive:
        names = archive.getnames()
    assert "state/settings.json" in names
    assert "state/records.sqlite" in names
    assert not [name for name in names if "owner.key" in name or "/run" in name]


async def test_nobody_else_reads_it(box: StatePaths, stick: Path, key: tuple[str, str]) -> None:
    result = await backed_up(box, on(stick), key[1])
    content = (stick / result.name).read_bytes()
    assert "一号店".encode() not in content
    before = sorted(file.name for file in box.root.iterdir())
    with pytest.raises(UserError, match="can't be read with that key"):
        restore(stick / result.name, owner_key.new_key()[0], box, check_settings)
    assert sorted(file.name for file in box.root.iterdir()) == before, "nothing was changed"


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def shortened(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def another(file: Path) -> None:
    file.write_bytes(b"<html>please log in</html>")


class Spoiling(FolderPlace):
    """A stick that gives back something else than it took."""

    def __init__(self, folder: Path, spoil: Callable[[Path], None]) -> None:
        super().__init__(folder, Path.is_dir)
        self._spoil = spoil

    async def get(self, name: str, target: Path) -> None:
        await super().get(name, target)
        self._spoil(target)


@pytest.mark.parametrize("spoil", [flipped, shortened, another])
async def test_a_stick_that_spoils_data_is_found_out(
    box: StatePaths, stick: Path, key: tuple[str, str], spoil: Callable[[Path], None]
) -> None:
    with pytest.raises(ZongjiError):
        await backed_up(box, Spoiling(stick, spoil), key[1])


async def test_a_damaged_database_is_no_backup(
    box: StatePaths, stick: Path, key: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(records: Path) -> int:
        content = bytearray(records.read_bytes())
        content[5000:9000] = bytes(4000)
        records.write_bytes(content)
        return count(records)

    count = job.count_calls
    monkeypatch.setattr(job, "count_calls", damaged)
    with pytest.raises(DeviceError, match=r"damaged|can't be read"):
        await backed_up(box, on(stick), key[1])


async def test_settings_that_make_no_sense_are_no_backup(
    box: StatePaths, stick: Path, key: tuple[str, str]
) -> None:
    tables = msgspec.json.decode(box.settings.read_bytes())
    tables["office"]["1"]["operator"] = "999"
    box.settings.write_bytes(msgspec.json.encode(tables))
    box.settings.with_name("settings.json.good").unlink(missing_ok=True)
    with pytest.raises(UserError, match="operator"):
        await backed_up(box, on(stick), key[1])


async def test_without_a_stick_nothing_is_written(box: StatePaths, stick: Path, key: tuple[str, str]) -> None:
    with pytest.raises(DeviceError, match="no stick is in"):
        await backed_up(box, FolderPlace(stick, lambda _: False), key[1])
    assert list(stick.iterdir()) == []


async def test_only_this_boxs_oldest_backups_go(box: StatePaths, stick: Path, key: tuple[str, str]) -> None:
    for name in ("holiday.jpg", "zongji-shop-2-20200101T000000Z.tar.gz.age"):
        (stick / name).write_text("keep me")
    for day in range(4):
        result = await backed_up(box, on(stick), key[1], NOON_MS + day * DAY_MS, keep=2)
    assert len(result.removed) == 1
    names = sorted(file.name for file in stick.iterdir())
    assert len(names) == 4
    assert names[:2] == ["holiday.jpg", "zongji-shop-1-20261123T120000Z.tar.gz.age"]


async def test_a_running_switch_is_not_restored_under_its_feet(
    box: StatePaths, stick: Path, key: tuple[str, str]
) -> None:
    result = await backed_up(box, on(stick), key[1])
    store = SqliteJourneyStore(box.records, BenchClock())
    store.start()
    try:
        with pytest.raises(UserError, match="already runs"):
            restore(stick / result.name, key[0], box, check_settings)
    finally:
        store.stop()


async def test_a_hostile_archive_reaches_nothing_outside(
    box: StatePaths, key: tuple[str, str], tmp_path: Path
) -> None:
    plain, sealed = tmp_path / "evil.tar.gz", tmp_path / "evil.age"
    (tmp_path / "payload").write_text("evil")
    with tarfile.open(plain, "w:gz") as archive:
        archive.add(tmp_path / "payload", "state/../../outside")
    owner_key.encrypt(plain, sealed, [key[1]])
    with pytest.raises(UserError, match="no backup of ours"):
        restore(sealed, key[0], box, check_settings)
    assert not (tmp_path / "outside").exists()
