"""The versions of the firmware on the box, as the steward handles them.

`PretendVersions` obeys the same contract without touching anything: for trying pages and console out, and for
tests.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from firmware.control.steward import LastUpdate, VersionsAre
from firmware.core.errors import UserError
from firmware.core.paths import StatePaths
from firmware.update.box import Box
from firmware.update.places import Places
from firmware.update.updater import BY_HAND, Updater

Tell = Callable[[str], None]


class Versions(Protocol):
    """What can be done about versions."""

    def look(self) -> VersionsAre:
        """Return which there are, and what came of the last update."""

    def install(self, path: Path, force: bool, tell: Tell) -> None:
        """Install a bundle.

        Raises:
            UserError: The box goes on with what it had.
        """

    def roll_back(self, force: bool, tell: Tell) -> None:
        """Go back to the version before.

        Raises:
            UserError: There is none, or people talk.
        """


class RealVersions:
    """Those of this computer, whose data lie at `state`."""

    def __init__(self, state: Path) -> None:
        self._places = Places(state=state)
        self._box = Box(StatePaths(state))

    def look(self) -> VersionsAre:
        updater = Updater(self._places, self._box)
        last, phase = updater.last_outcome(), updater.phase()
        return VersionsAre(
            running=self._places.pointed("current") or "",
            before=updater.version_before() or "",
            phase=phase or "",
            last=None
            if last is None
            else LastUpdate(from_id=last.from_id, to_id=last.to_id, done=last.done, why=last.why),
        )

    def install(self, path: Path, force: bool, tell: Tell) -> None:
        outcome = Updater(self._places, self._box, tell).apply(path, force=force)
        if not outcome.done:
            raise UserError(f"The box went back to {outcome.from_id}: {outcome.why}")

    def roll_back(self, force: bool, tell: Tell) -> None:
        Updater(self._places, self._box, tell).roll_back(force=force)


class PretendVersions:
    """Two versions that stand for any; what was installed is kept in `installed`."""

    def __init__(self) -> None:
        self.now = VersionsAre(running="0.1.0-000000000001")
        self.installed: list[tuple[Path, bool]] = []

    def look(self) -> VersionsAre:
        return self.now

    def install(self, path: Path, force: bool, tell: Tell) -> None:
        tell("unpacking")
        self.installed.append((path, force))
        before, after = self.now.running, "0.2.0-000000000002"
        last = LastUpdate(from_id=before, to_id=after, done=True)
        self.now = VersionsAre(running=after, before=before, last=last)

    def roll_back(self, force: bool, tell: Tell) -> None:
        before = self.now.before
        if not before:
            raise UserError("There is no version before this one on the box; install it from its bundle.")
        tell(f"going back to {before}")
        last = LastUpdate(from_id=before, to_id=self.now.running, done=False, why=BY_HAND)
        self.now = VersionsAre(running=before, last=last)
