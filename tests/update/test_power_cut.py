"""The power goes at every step of an update, and at every step of what the next boot does about it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.update.fake_box import FakeBox, ident, make_bundle, maker

OLD, NEW = ident("old"), ident("new")
_CUT = 9
_MOST_STEPS = 60


def cut_at(number: int, work: Callable[[Callable[[str], None]], object]) -> str | None:
    """Do `work` in a process that dies at its step `number`, without any clean-up; None when it came through.

    Returns:
        The step it died at.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Newer Pythons warn of threads, of which the tests have none here.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        left = [number]

        def step(name: str) -> None:
            if left[0] == 0:
                os.write(writer, name.encode())
                os._exit(_CUT)
            left[0] -= 1

        try:
            work(step)
        except BaseException as error:
            os.write(writer, f"failed: {error!r}".encode())
            os._exit(1)
        os._exit(0)
    os.close(writer)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(reader, "rb") as said:
        name = said.read().decode()
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, _CUT), name
    return name if code == _CUT else None


def is_whole(box: FakeBox, expected: set[str | None]) -> None:
    """Check that the box works, on one of these versions, with every call there ever was."""
    assert box.running in expected
    assert box.running == box.places.pointed("current") == box.places.pointed("good")
    assert not box.places.journal.exists()
    made = set((box.root / "calls-made").read_text().split())
    assert box.calls() == made
    assert "office" in (box.places.state / "settings.json").read_text()
    versions = {path.name for path in box.places.versions.iterdir()}
    assert versions <= {OLD, NEW}, versions
    assert all(box.places.is_complete(name) for name in versions)


@pytest.mark.parametrize("behaviour", ["schema=2", "schema=2 sick"])
def test_the_power_goes_at_every_step(tmp_path: Path, behaviour: str) -> None:
    died: list[str] = []
    for number in range(_MOST_STEPS):
        folder = tmp_path / str(number)
        box = FakeBox.installed(folder / "box")
        path = make_bundle(folder, maker(box), behaviour)
        name = cut_at(number, lambda step, box=box, path=path: box.updater(step).apply(path))  # type: ignore[misc]
        if name is None:
            break
        died.append(name)
        after = FakeBox(box.root)
        after.boot()
        is_whole(after, {OLD} if "sick" in behaviour else {OLD, NEW})
    assert {"unpack", "venv", "back up", "point", "configure", "start", "trial"} <= set(died)
    assert len(died) < _MOST_STEPS
    if "sick" in behaviour:
        assert {"back: point", "back: data", "back: configure", "over"} <= set(died)


@pytest.mark.parametrize("behaviour", ["schema=2", "schema=2 sick"])
def test_the_updater_alone_is_killed_at_every_step(tmp_path: Path, behaviour: str) -> None:
    for number in range(_MOST_STEPS):
        folder = tmp_path / str(number)
        box = FakeBox.installed(folder / "box")
        path = make_bundle(folder, maker(box), behaviour)

        def update(step: Callable[[str], None], box: FakeBox = box, path: Path = path) -> None:
            box.updater(step).apply(path)

        name = cut_at(number, update)
        if name is None:
            assert number > 0
            return
        after = FakeBox(box.root)
        # Before anything is noted nothing was touched; from then on the service manager brings it to its end.
        after.running = OLD if name == "note staging" else None
        after.updater().recover()
        is_whole(after, {OLD} if "sick" in behaviour else {OLD, NEW})
    raise AssertionError("it never came through")


def test_the_power_goes_at_every_step_of_going_back_by_hand(tmp_path: Path) -> None:
    died: list[str] = []
    for number in range(_MOST_STEPS):
        folder = tmp_path / str(number)
        box = FakeBox.installed(folder / "box")
        box.update(make_bundle(folder, maker(box), "schema=2"))

        def back(step: Callable[[str], None], box: FakeBox = box) -> None:
            box.updater(step).roll_back()

        name = cut_at(number, back)
        if name is None:
            break
        died.append(name)
        after = FakeBox(box.root)
        after.boot()
        # Before anything was noted nobody asked for it; from then on the box is on its way back.
        is_whole(after, {NEW} if name == "note back" else {OLD})
    assert {"back: point", "back: data", "back: good", "over"} <= set(died)
    assert len(died) < _MOST_STEPS


@pytest.mark.parametrize("first", ["point", "start", "back: data", "back: configure"])
def test_the_power_goes_again_while_the_box_puts_itself_in_order(tmp_path: Path, first: str) -> None:
    for second in range(_MOST_STEPS):
        folder = tmp_path / str(second)
        box = FakeBox.installed(folder / "box")
        path = make_bundle(folder, maker(box), "schema=2 sick")

        def update(step: Callable[[str], None], box: FakeBox = box, path: Path = path) -> None:
            def die_at_first(name: str) -> None:
                if name == first:
                    os._exit(0)

            box.updater(die_at_first).apply(path)

        cut_at(_MOST_STEPS, update)
        again = FakeBox(box.root)

        def boot(step: Callable[[str], None], again: FakeBox = again) -> None:
            again.updater(step).resume()
            again.start()
            again.updater(step).recover()

        through = cut_at(second, boot) is None
        last = FakeBox(box.root)
        last.boot()
        is_whole(last, {OLD})
        if through:
            assert second > 0
            return
    raise AssertionError("it never came through")


def test_a_version_whose_trial_is_cut_off_twice_goes(tmp_path: Path) -> None:
    box = FakeBox.installed(tmp_path / "box")
    path = make_bundle(tmp_path, maker(box))

    def update(_: Callable[[str], None]) -> None:
        box.updater(lambda name: os._exit(0) if name == "trial" else None).apply(path)

    cut_at(_MOST_STEPS, update)

    def boot_that_hangs(_: Callable[[str], None]) -> None:
        again = FakeBox(box.root)
        again.updater().resume()
        again.start()
        again.updater(lambda name: os._exit(0) if name == "trial" else None).recover()

    cut_at(_MOST_STEPS, boot_that_hangs)
    last = FakeBox(box.root)
    last.boot()
    is_whole(last, {OLD})
    outcome = last.updater().last_outcome()
    assert outcome is not None
    assert (outcome.done, outcome.why) == (False, "the update was cut off")


def test_a_torn_journal_beside_a_changed_link_goes_back(tmp_path: Path) -> None:
    box = FakeBox.installed(tmp_path / "box")
    box.update(make_bundle(tmp_path, maker(box)))
    box.places.point("good", OLD)
    box.places.journal.write_bytes(b'{"phase":"tri')
    again = FakeBox(box.root)
    again.updater().resume()
    assert again.places.pointed("current") == OLD
    again.updater().resume()
