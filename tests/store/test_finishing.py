"""From the WAV file a call left to what is kept: Opus, encrypted, sealed, archived; whole at every moment."""

from __future__ import annotations

import dataclasses
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.app.api.audio import opened, shown_name
from firmware.app.records import _to_opus
from firmware.core.errors import DeviceError, UserError
from firmware.core.records import Journey
from firmware.store import owner_key
from firmware.store.finishing import Finisher
from firmware.store.keeper import Keeper
from firmware.store.keeping import Kind, Rules
from firmware.store.records import SqliteJourneyStore
from firmware.store.stick import MANIFEST, Stick
from tests.store.sample import BenchClock, whole_journey

RATE = 8000


def wav(seconds: int) -> bytes:
    data = b"".join(struct.pack("<hh", (n % 100) * 50, 0) for n in range(RATE * seconds))
    header = struct.pack("<IHHIIHH", 16, 1, 2, RATE, RATE * 4, 4, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(data))
        + b"WAVEfmt "
        + header
        + b"data"
        + struct.pack("<I", len(data))
        + data
    )


@dataclasses.dataclass
class Box:
    store: SqliteJourneyStore
    folder: Path
    busy: bool = False
    converted: list[str] = dataclasses.field(default_factory=list)

    async def convert(self, path: Path) -> Path:
        """Stands in for the converter: as quick, as careful."""
        self.converted.append(path.name)
        if "broken" in path.name:
            raise DeviceError(f"{path.name} is no WAV file")
        target = path.with_suffix(".ogg")
        target.write_bytes(b"OggS" + path.read_bytes()[:50])
        return target

    def finisher(self) -> Finisher:
        return Finisher(self.store, self.folder, self.convert, lambda: self.busy)

    async def call(self, name: str) -> Journey:
        journey = whole_journey(BenchClock())
        journey.recordings[0].path = name
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(wav(1))
        await self.store.close(journey)
        return journey

    def path_of(self, journey: Journey) -> str:
        found = self.store.reader.get(journey.id)
        assert found is not None
        return found.recordings[0].path

    def names(self) -> list[str]:
        return sorted(str(file.relative_to(self.folder)) for file in self.folder.rglob("*") if file.is_file())


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    (tmp_path / "recordings").mkdir()
    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    store.start()
    yield Box(store, tmp_path / "recordings")
    store.stop()


async def test_a_recording_becomes_opus_and_its_record_says_so(box: Box) -> None:
    journey = await box.call("2026/11/one.wav")
    assert (await box.finisher().round()).recordings == 1
    assert box.path_of(journey) == "2026/11/one.ogg"
    assert box.names() == ["2026/11/one.ogg"]
    assert (await box.finisher().round()).recordings == 0


async def test_the_owner_alone_reads_it(box: Box, tmp_path: Path) -> None:
    private, public = owner_key.new_key()
    journey = await box.call("one.wav")
    await box.finisher().round(public)
    assert box.path_of(journey) == "one.ogg.age"
    assert box.names() == ["one.ogg.age"]
    with pytest.raises(UserError, match="doesn't hold the private key"):
        opened(box.folder, "one.ogg.age", tmp_path / "owner.key")
    owner_key.write_private(tmp_path / "owner.key", private)
    descriptor = opened(box.folder, "one.ogg.age", tmp_path / "owner.key")
    assert os.read(descriptor, 4) == b"OggS"
    os.close(descriptor)
    assert shown_name("one.ogg.age") == ".ogg"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith("upload-")] == []


async def test_encryption_switched_on_later_takes_what_isnt_sealed(box: Box) -> None:
    journey = await box.call("one.wav")
    await box.finisher().round()
    await box.finisher().round(owner_key.new_key()[1])
    assert box.path_of(journey) == "one.ogg.age"


async def test_during_a_call_nothing_is_touched(box: Box) -> None:
    await box.call("one.wav")
    box.busy = True
    assert (await box.finisher().round()).recordings == 0
    assert box.converted == []


async def test_a_broken_recording_stays_and_keeps_no_other_waiting(box: Box) -> None:
    broken, good = await box.call("broken.wav"), await box.call("good.wav")
    finisher = box.finisher()
    report = await finisher.round()
    assert report.failed == ("broken.wav is no WAV file",)
    assert (box.path_of(broken), box.path_of(good)) == ("broken.wav", "good.ogg")
    await finisher.round()
    assert box.converted.count("broken.wav") == 1
    assert finisher.has_given_up("broken.wav")


async def test_a_record_that_cant_be_changed_keeps_its_file(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = await box.call("one.wav")

    async def refuse(*_: object) -> Journey:
        raise DeviceError("the card is full")

    monkeypatch.setattr(box.store, "amend", refuse)
    await box.finisher().round()
    assert box.path_of(journey) == "one.wav"
    assert "one.wav" in box.names()
    monkeypatch.undo()
    await box.finisher().round()
    assert box.names() == ["one.ogg"]


# It gives way to every other process, so on a busy machine it takes as long as the others do.
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_the_real_converter_makes_real_opus(box: Box) -> None:
    journey = await box.call("one.wav")
    finisher = Finisher(box.store, box.folder, _to_opus, lambda: False)
    report = await finisher.round()
    assert report.failed == ()
    assert box.path_of(journey) == "one.ogg"
    assert (box.folder / "one.ogg").read_bytes().startswith(b"OggS")


async def test_the_archive_is_readable_with_the_owners_key_alone(box: Box, tmp_path: Path) -> None:
    private, public = owner_key.new_key()
    folder = tmp_path / "stick"
    folder.mkdir()
    journey = await box.call("one.wav")
    await box.finisher().round()
    stick = Stick(folder, public, Path.is_dir)
    folders = {Kind.RECORDING: box.folder, Kind.VOICEMAIL: tmp_path}
    keeper = Keeper(box.store, folders, BenchClock(), lambda: False, stick)
    report = await keeper.round(Rules())
    assert (report.sealed, report.exported) == (1, 1)
    target = tmp_path / "plain.ogg"
    owner_key.decrypt(folder / "recording" / "one.ogg.age", target, private)
    assert target.read_bytes() == (box.folder / "one.ogg").read_bytes()
    assert journey.id.encode() in (folder / MANIFEST).read_bytes()
    assert stick.altered() == []
    (folder / "recording" / "one.ogg.age").write_bytes(b"something else")
    assert stick.altered() == ["recording/one.ogg.age"]


async def test_altered_audio_doesnt_reach_the_archive(box: Box, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    await box.call("one.wav")
    await box.call("two.wav")
    await box.finisher().round()
    folders = {Kind.RECORDING: box.folder, Kind.VOICEMAIL: tmp_path}
    await Keeper(box.store, folders, BenchClock(), lambda: False).round(Rules())
    (box.folder / "one.ogg").write_bytes(b"tampered with")
    keeper = Keeper(box.store, folders, BenchClock(), lambda: False, Stick(folder, "", Path.is_dir))
    report = await keeper.round(Rules())
    assert report.exported == 1
    assert await keeper.altered() == ["recording/one.ogg"]
    assert not (folder / "recording" / "one.ogg").exists()


async def test_without_a_stick_nothing_is_written_to_its_folder(box: Box, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    await box.call("one.wav")
    folders = {Kind.RECORDING: box.folder, Kind.VOICEMAIL: tmp_path}
    keeper = Keeper(box.store, folders, BenchClock(), lambda: False, Stick(folder))
    assert (await keeper.round(Rules(export_first=True))).exported == 0
    assert list(folder.iterdir()) == []


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="no age key"):
        owner_key.encrypt(tmp_path / "file", tmp_path / "out", ["age1nonsense"])
    with pytest.raises(UserError, match="no private key"):
        owner_key.read_private(tmp_path / "file")
    with pytest.raises(UserError, match="no private key"):
        owner_key.public_of("AGE-SECRET-KEY-1NONSENSE")
