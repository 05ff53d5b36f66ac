"""An update either does its work or never happened; no call is lost either way."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.update.bundle import BundleError
from firmware.update.updater import SPACE, UpdateError
from tests.update.fake_box import FakeBox, ident, make_bundle, maker

OLD, NEW = ident("old"), ident("new")


@pytest.fixture
def box(tmp_path: Path) -> FakeBox:
    return FakeBox.installed(tmp_path / "box")


def made(box: FakeBox) -> set[str]:
    """Return every call that was ever made on the box."""
    return set((box.root / "calls-made").read_text().split())


def test_a_good_bundle_runs_and_is_the_good_version_from_now_on(box: FakeBox, tmp_path: Path) -> None:
    outcome = box.update(make_bundle(tmp_path, maker(box)))
    assert outcome.done
    assert box.running == NEW
    assert (box.places.pointed("current"), box.places.pointed("good")) == (NEW, NEW)
    assert (box.root / "units").read_text() == NEW
    assert box.calls() == made(box)
    assert box.updater().last_outcome() == outcome
    assert not box.places.journal.exists()


def test_the_version_before_stays_on_the_card_and_older_ones_go(box: FakeBox, tmp_path: Path) -> None:
    key = maker(box)
    box.update(make_bundle(tmp_path, key))
    box.update(make_bundle(tmp_path, key, "schema=2 newer", name="newer"))
    assert {path.name for path in box.places.versions.iterdir()} == {NEW, ident("newer")}


def test_a_person_goes_back_to_the_version_before(box: FakeBox, tmp_path: Path) -> None:
    key = maker(box)
    assert box.updater().version_before() is None
    with pytest.raises(UpdateError, match="no version before"):
        box.updater().roll_back()
    box.update(make_bundle(tmp_path, key))
    box.boot()
    assert box.updater().version_before() == OLD, "a restart doesn't take it away"
    box.live_calls = 1
    with pytest.raises(UpdateError, match="calls are in progress"):
        box.updater().roll_back()
    assert box.running == NEW
    outcome = box.updater().roll_back(force=True)
    assert (outcome.to_id, outcome.done, outcome.why) == (NEW, False, "by hand")
    assert box.running == OLD
    assert (box.places.pointed("current"), box.places.pointed("good")) == (OLD, OLD)
    assert box.calls() == made(box), "a call made under the newer version is kept too"
    assert (box.places.state / "settings.json").read_text() == '{"office":"ours"}'
    assert box.updater().version_before() is None
    assert not box.places.version(NEW).exists()


def test_a_version_whose_data_are_gone_is_not_gone_back_to(box: FakeBox, tmp_path: Path) -> None:
    box.update(make_bundle(tmp_path, maker(box)))
    shutil.rmtree(box.places.backups)
    assert box.updater().version_before() is None


def test_only_the_data_of_before_the_last_update_are_kept(box: FakeBox, tmp_path: Path) -> None:
    key = maker(box)
    box.update(make_bundle(tmp_path, key))
    box.update(make_bundle(tmp_path, key, "schema=2 newer", name="newer"))
    assert [path.name for path in box.places.backups.iterdir()] == [f"before-{ident('newer')}"]


def test_a_card_without_room_for_the_copy_of_the_records_is_told_before_anything_happens(
    box: FakeBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_bundle(tmp_path, maker(box))
    room = SPACE * path.stat().st_size + (box.places.state / "records.sqlite").stat().st_size
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("firmware.update.updater.shutil.disk_usage", lambda _: usage._replace(free=room - 1))
    before = box.files()
    with pytest.raises(UpdateError, match="the update needs 1 MB"):
        box.update(path)
    assert box.files() == before
    monkeypatch.setattr("firmware.update.updater.shutil.disk_usage", lambda _: usage._replace(free=room))
    assert box.update(path).done


def test_a_version_that_is_not_well_gives_way_to_the_old_one_with_every_call_kept(
    box: FakeBox, tmp_path: Path
) -> None:
    outcome = box.update(make_bundle(tmp_path, maker(box), "schema=2 sick"))
    assert not outcome.done
    assert outcome.why == "line gsm1 is down"
    assert box.running == OLD
    assert (box.places.pointed("current"), box.places.pointed("good")) == (OLD, OLD)
    assert (box.root / "units").read_text() == OLD
    assert box.calls() == made(box), "a call made under the new version is kept too"
    assert (box.places.state / "settings.json").read_text() == '{"office":"ours"}'
    assert (box.places.state / f"records-of-{NEW}.sqlite").exists()
    assert not box.places.version(NEW).exists()


def test_going_back_between_versions_of_one_schema_leaves_the_records_alone(
    box: FakeBox, tmp_path: Path
) -> None:
    box.update(make_bundle(tmp_path, maker(box), "schema=1 sick", schema=1))
    assert box.calls() == made(box)
    assert not (box.places.state / f"records-of-{NEW}.sqlite").exists()


@pytest.mark.parametrize("behaviour", ["schema=2 bad-units", "schema=2 no-venv"])
def test_a_version_that_cannot_be_put_in_place_changes_nothing(
    box: FakeBox, tmp_path: Path, behaviour: str
) -> None:
    path = make_bundle(tmp_path, maker(box), behaviour)
    try:
        assert not box.update(path).done
    except UpdateError as error:
        assert "packages" in str(error)
    assert box.running == OLD
    assert box.places.pointed("current") == OLD
    assert box.calls() == made(box)
    assert not box.places.version(NEW).exists()


def test_nothing_happens_while_people_talk_unless_forced(box: FakeBox, tmp_path: Path) -> None:
    path = make_bundle(tmp_path, maker(box))
    box.live_calls = 2
    before = box.files()
    with pytest.raises(UpdateError, match="2 calls are in progress"):
        box.update(path)
    assert box.files() == before
    assert box.update(path, force=True).done


def test_a_call_that_begins_while_the_packages_are_installed_puts_it_off(
    box: FakeBox, tmp_path: Path
) -> None:
    def ring(step: str) -> None:
        if step == "clear":
            box.live_calls = 1

    path = make_bundle(tmp_path, maker(box))
    with pytest.raises(UpdateError, match="calls are in progress"):
        box.updater(ring).apply(path)
    assert box.running == OLD
    assert not box.places.version(NEW).exists()
    box.live_calls = 0
    assert box.update(path).done


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x01
    path.write_bytes(content)


def find(path: Path, words: bytes) -> int:
    return path.read_bytes().index(words)


SPOILT: list[Callable[[Path], object]] = [
    lambda path: flip(path, find(path, b'"id"') + 15),
    lambda path: flip(path, find(path, b"payload_sha256") + 25),
    lambda path: flip(path, find(path, b"payload.tar.gz") + 512 + 40),
    lambda path: path.write_bytes(path.read_bytes()[:2600]),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"\0" * 20000),
    lambda path: path.write_bytes(b"#!/bin/sh\nrm -rf /\n"),
    lambda path: path.unlink(),
]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_damaged_bundle_is_refused_before_anything_is_touched(
    box: FakeBox, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    path = make_bundle(tmp_path, maker(box))
    spoil(path)
    before = box.files()
    with pytest.raises(BundleError):
        box.update(path)
    assert box.files() == before


def test_a_bundle_signed_by_somebody_else_is_refused(box: FakeBox, tmp_path: Path) -> None:
    maker(box)
    before = box.files()
    with pytest.raises(BundleError, match="Nobody whom this box trusts"):
        box.update(make_bundle(tmp_path, maker()))
    assert box.files() == before


def test_a_box_that_trusts_nobody_takes_nothing(box: FakeBox, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="trusts nobody"):
        box.update(make_bundle(tmp_path, maker()))


def link(tar: tarfile.TarFile) -> None:
    info = tarfile.TarInfo("tree/evil")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    tar.addfile(info)


def outside(name: str) -> Callable[[tarfile.TarFile], None]:
    def add(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))

    return add


@pytest.mark.parametrize(
    "extra",
    [link, outside("/etc/passwd"), outside("tree/../../x"), outside("elsewhere"), outside("tree/a\nb")],
)
def test_even_a_signed_bundle_writes_nowhere_else(
    box: FakeBox, tmp_path: Path, extra: Callable[[tarfile.TarFile], None]
) -> None:
    path = make_bundle(tmp_path, maker(box), extra=extra)
    before = box.files()
    with pytest.raises(BundleError, match="no place"):
        box.update(path)
    assert box.files() == before
    assert box.running == OLD


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"machine": "x86_64"}, "is for x86_64"),
        ({"python": "3.13"}, "is for Python 3.13"),
        ({"schema": 0}, "older than the records"),
        ({"name": "old"}, "runs already"),
    ],
)
def test_a_bundle_for_another_box_is_refused_with_the_reason(
    box: FakeBox, tmp_path: Path, other: dict[str, object], words: str
) -> None:
    path = make_bundle(tmp_path, maker(box), **other)  # type: ignore[arg-type]
    with pytest.raises(UpdateError, match=words):
        box.update(path)
    assert box.running == OLD


def test_a_second_update_waits_for_the_first(box: FakeBox, tmp_path: Path) -> None:
    path = make_bundle(tmp_path, maker(box))
    box.places.journal.write_text('{"phase":"trial","from_id":"a","to_id":"b"}')
    with pytest.raises(UpdateError, match="in progress"):
        box.update(path)
