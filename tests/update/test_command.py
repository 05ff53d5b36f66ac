"""`zongji update`, and the updater as a process: whoever starts it, and whatever becomes of him meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import firmware.cli.update as command
from firmware.cli import main
from firmware.update import __main__ as process
from firmware.update.journal import Outcome
from tests.web_admin.installation import FakeBox, steward_at


@pytest.fixture
async def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeBox]:
    async with steward_at(tmp_path) as made:
        monkeypatch.setenv("ZONGJI_STEWARD", str(made.socket))
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        yield made


async def cli(*words: str) -> int:
    """Run the command beside the steward."""
    return await asyncio.to_thread(main, ["update", *words])


@pytest.mark.parametrize("force", [False, True])
async def test_a_bundle_in_the_uploads_is_installed_and_taken_back(
    box: FakeBox, force: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = box.state / "uploads" / "new.bundle"
    bundle.touch()
    assert await cli(str(bundle), *(["--force"] if force else [])) == 0
    assert box.versions.installed == [(bundle, force)]
    assert "unpacking" in capfd.readouterr().out
    assert await cli("--back") == 0
    assert "going back to" in capfd.readouterr().out
    assert await cli("--back") == 1
    assert "no version before" in capfd.readouterr().err


async def test_from_elsewhere_only_root_installs(
    box: FakeBox, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "new.bundle"
    bundle.touch()
    assert await cli(str(bundle)) == 1
    assert "uploads first" in capfd.readouterr().err
    assert box.versions.installed == []


async def test_one_says_what_one_wants(box: FakeBox, tmp_path: Path) -> None:
    assert await cli() == 2
    assert await cli(str(tmp_path / "nothing.bundle")) == 2


def test_for_root_the_good_version_does_it_whichever_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[Path, list[str]]] = []

    class Replaced(Exception):
        """This process is another one now."""

    def execv(path: Path, words: list[str]) -> None:
        ran.append((path, words))
        raise Replaced

    good, bundle = tmp_path / "python", tmp_path / "new.bundle"
    good.touch()
    bundle.touch()
    monkeypatch.setattr(command, "_GOOD", good)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(Replaced):
        main(["update", str(bundle), "--force"])
    assert ran == [(good, [str(good), "-m", "firmware.update", "apply", str(bundle), "--force"])]


class Updating:
    """An updater to which something happens in mid-update."""

    happens: Callable[[], object]
    did: list[str]

    def __init__(self, _places: object, _box: object, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def apply(self, path: Path, *, force: bool) -> Outcome:
        self._tell("unpacking")
        type(self).happens()
        self._tell("a line that nobody reads")
        return Outcome(from_id="old", to_id="new", done=True)


@pytest.fixture
def updating(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Updating]]:
    class Box:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def recover(self) -> None:
            Updating.did.append("recovers")

    Updating.did = []
    monkeypatch.setattr(process, "Updater", Updating)
    monkeypatch.setattr(process, "Box", Box)
    before = signal.getsignal(signal.SIGHUP)
    yield Updating
    signal.signal(signal.SIGHUP, before)


def test_a_broken_connection_cuts_nothing_off(
    updating: type[Updating], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang_up() -> None:
        os.kill(os.getpid(), signal.SIGHUP)

        def broken(*_: Any, **__: Any) -> None:
            raise BrokenPipeError

        monkeypatch.setattr("builtins.print", broken)

    updating.happens = staticmethod(hang_up)
    assert process.main(["apply", "new.bundle"]) == 0


def test_ctrl_c_leaves_a_box_that_runs(updating: type[Updating]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    updating.happens = staticmethod(interrupt)
    assert process.main(["apply", "new.bundle"]) == 130
    assert updating.did == ["recovers"]
