"""The file that a power cut can't tear."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from firmware.core.errors import UserError, ZongjiError
from firmware.store.atomic import AtomicStorage, GenerationFile, Tables


def anything_goes(tables: Tables) -> None:
    return


def must_have_office(tables: Tables) -> None:
    if "office" not in tables:
        raise UserError("no office in it")


def generations(path: Path, *names: str) -> GenerationFile:
    file = GenerationFile(path, must_have_office)
    for name in names:
        file.write({"office": {"1": {"name": name}}})
    return file


def name_in(tables: Tables | None) -> str:
    assert tables is not None
    return str(tables["office"]["1"]["name"])


def test_there_is_nothing_before_the_first_write(tmp_path: Path) -> None:
    assert GenerationFile(tmp_path / "s.json", anything_goes).read() is None


def test_what_was_written_is_read_and_only_the_owner_may(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    generations(path, "first", "second")
    assert name_in(generations(path).read()) == "second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", [0, 1, 17, 40])
def test_a_torn_newest_gives_way_to_the_last_good_one(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "s.json"
    generations(path, "first", "second")
    path.write_bytes(path.read_bytes()[:kept])
    file = generations(path)
    assert name_in(file.read()) == "first"
    assert "torn" in str(file.fault)


def test_a_lost_newest_gives_way_to_the_last_good_one(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    generations(path, "first", "second")
    path.unlink()
    assert name_in(generations(path).read()) == "first"


@pytest.mark.parametrize("content", ["[]", '{"office": 3}', "{}", '{"other": {}}'])
def test_json_that_is_nonsense_counts_as_bad(tmp_path: Path, content: str) -> None:
    path = tmp_path / "s.json"
    generations(path, "first", "second")
    path.write_text(content, encoding="utf-8")
    assert name_in(generations(path).read()) == "first"


def test_a_bad_generation_never_becomes_the_good_one(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    generations(path, "first", "second")
    path.write_text("torn", encoding="utf-8")
    file = generations(path)
    file.read()
    file.write({"office": {"1": {"name": "third"}}})
    assert file.fault is None
    assert path.with_name("s.json.bad").read_text(encoding="utf-8") == "torn"
    path.write_text("torn again", encoding="utf-8")
    assert name_in(generations(path).read()) == "first"


def test_no_usable_generation_is_said_with_the_newest_ones_fault(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"other": {}}', encoding="utf-8")
    with pytest.raises(ZongjiError, match="no office"):
        generations(path).read()


@pytest.mark.parametrize("failing", ["fsync", "link", "replace"])
def test_a_write_that_fails_leaves_the_old_generation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "s.json"
    file = generations(path, "first", "second")

    def fails(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        target: object = Path if failing == "replace" else os
        patch.setattr(target, failing, fails)
        with pytest.raises(OSError, match="No space"):
            file.write({"office": {"1": {"name": "third"}}})
    assert name_in(generations(path).read()) == "second"
    assert not path.with_name("s.json.new").exists()


def test_a_transaction_is_one_generation_or_none(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    storage = AtomicStorage(path, anything_goes)
    with storage.transaction():
        storage.write({"a": {"1": {}}})
        storage.write({"a": {"1": {}}, "b": {"1": {}}})
        assert not path.exists()
    assert set(json.loads(path.read_text(encoding="utf-8"))) == {"a", "b"}

    def edit_and_fail() -> None:
        with storage.transaction():
            tables = storage.read()
            assert tables is not None
            tables["a"]["1"]["half"] = True
            storage.write(tables)
            raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        edit_and_fail()
    assert storage.read() == {"a": {"1": {}}, "b": {"1": {}}}
