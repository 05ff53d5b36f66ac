"""Puts a new version in the place of the one that runs, or leaves everything as it was.

Theory of operation
-------------------
Each phase is written into the journal, durable, before anything of it happens:

    STAGING ─► STOPPED ─► SWITCHING ─► TRIAL ─well within 2 minutes─► over: good := current
     unpack,    services    links,       │
     venv       end, data   units        └─not well, or cut off twice─► BACK ─► over: all as before
                copied

    cut off in         at the next boot, before the switch starts (`resume`)
    STAGING, STOPPED   nothing had changed: the half version goes, the old one runs
    SWITCHING          BACK: the links may point either way
    TRIAL              once: the trial begins anew after the boot; twice: BACK
    BACK               BACK again: every step of it can be repeated

A person may ask for BACK later, too: to the version that ran before the one that has proven itself.

The code of the last good version does all this (`/opt/zongji/good`), never that of the version on trial.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from firmware.core.errors import UserError, ZongjiError
from firmware.update import bundle, data
from firmware.update import journal as journals
from firmware.update.health import Before
from firmware.update.journal import Journal, Outcome, Phase
from firmware.update.places import Places

logger = logging.getLogger(__name__)

TRIALS: Final = 2
"""A version whose trial was cut off so often goes: it may be what cuts it off."""

BY_HAND: Final = "by hand"
"""Why the box went back, where a person asked for it."""

SPACE: Final = 8
"""Times the bundle's size that must be free on the card: 76 MB became 73 MB of payload and, its packages
installed and compiled, 407 MB of version."""


class UpdateError(UserError):
    """The update didn't happen; the text says why. The box runs what it ran before."""


class System(Protocol):
    """What of the box lies outside the version's folder."""

    def machine(self) -> str:
        """Return `uname -m`."""

    def python(self) -> str:
        """Return the interpreter's version, as "3.11"."""

    def look(self) -> Before:
        """Return lines that are ready and calls in progress."""

    def make_venv(self, version: Path, wheels: Path) -> None:
        """Make the version's environment from these packages alone, and mark it complete.

        Raises:
            UpdateError: It failed.
        """

    def stop(self) -> None:
        """End switch, media and pages; their records are written when this returns."""

    def configure(self, version: Path) -> None:
        """Have units, firewall and so on be those of that version. Repeatable.

        Raises:
            UpdateError: It failed.
        """

    def start(self) -> None:
        """Start switch, media and pages of the current version."""

    def until_well(self, ready_lines: list[str]) -> str | None:
        """Wait until the current version does its work; None when it does, else what is wrong."""


class Updater:
    """Updates one box.

    Args:
        places: Its folders.
        system: Its services.
        tell: Called with a line of progress for a person.
        step: Called before each thing that a power cut may come in between of; for tests.
    """

    def __init__(
        self,
        places: Places,
        system: System,
        tell: Callable[[str], None] = logger.info,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._places = places
        self._system = system
        self._tell = tell
        self._step = step

    def apply(self, path: Path, *, force: bool = False) -> Outcome:
        """Install a bundle, and keep it if it does its work.

        Args:
            path: The bundle.
            force: Also while calls are in progress; they end.

        Raises:
            UpdateError, BundleError: Nothing was changed.
        """
        if self._journal() is not None:
            raise UpdateError("Another update is in progress; wait for it, or restart the box.")
        old = self._places.pointed("current")
        if old is None:
            raise UpdateError("This box was not installed by flash.sh install; there is nothing to update.")
        manifest = bundle.verify(path, bundle.trusted_keys(self._places.trusted))
        self._check(manifest, path, old)
        before = self._quiet(force=force)
        self._note(Journal(phase=Phase.STAGING, from_id=old, to_id=manifest.id))
        try:
            self._stage(path, manifest.id)
            before = self._quiet(force=force, ready=before.ready_lines)
        except BaseException:
            self._forget_staged(manifest.id)
            raise
        self._note(
            Journal(phase=Phase.STOPPED, from_id=old, to_id=manifest.id, ready_lines=before.ready_lines)
        )
        try:
            self._tell("stopping the switchboard")
            self._step("stop")
            self._system.stop()
            self._tell("copying the data")
            self._step("back up")
            data.back_up(self._places.state, self._backup(manifest.id))
        except BaseException:
            self._forget_staged(manifest.id)
            self._system.start()
            raise
        return self._switch_over()

    def version_before(self) -> str | None:
        """Return the version that `roll_back` goes back to; None when there is none any more."""
        before, current = self._places.pointed("before"), self._places.pointed("current")
        if before is None or current is None or before == current:
            return None
        whole = self._places.is_complete(before) and self._backup(current).is_dir()
        return before if whole else None

    def roll_back(self, *, force: bool = False) -> Outcome:
        """Go back to the version before, whose settings come back with it; every record stays.

        Args:
            force: Also while calls are in progress; they end.

        Raises:
            UpdateError: Nothing was changed.
        """
        if self._journal() is not None:
            raise UpdateError("Another update is in progress; wait for it, or restart the box.")
        current, before = self._places.pointed("current"), self.version_before()
        if current is None or before is None:
            raise UpdateError("There is no version before this one on the box; install it from its bundle.")
        self._quiet(force=force)
        return self._go_back(
            Journal(phase=Phase.BACK, from_id=before, to_id=current, why=BY_HAND), start=True
        )

    def phase(self) -> Phase | None:
        """Return how far an update has come; None when there is none in progress."""
        journal = self._journal()
        return None if journal is None else journal.phase

    def recover(self) -> Outcome | None:
        """Bring to its end what a restart or the end of an updater interrupted, services and all.

        None when there is nothing, or nothing had changed yet.
        """
        journal = self._journal()
        if journal is None:
            return None
        if journal.phase in (Phase.STAGING, Phase.STOPPED):
            self.resume()
            self._system.start()
            return None
        if journal.phase is Phase.TRIAL and journal.trials < TRIALS:
            self._system.start()
            return self._trial(journal)
        return self._go_back(_cut_off(journal), start=True)

    def resume(self) -> None:
        """Put in order what a power cut or a crash left, before the switch starts. Repeatable."""
        journal = self._journal()
        if journal is None:
            self._places.drop_others(*(self._places.pointed(link) for link in ("current", "good", "before")))
        elif journal.phase in (Phase.STAGING, Phase.STOPPED):
            self._tell(f"the update to {journal.to_id} was cut off before anything changed")
            self._forget_staged(journal.to_id)
        elif journal.phase is Phase.TRIAL and journal.trials < TRIALS:
            self._tell(f"the trial of {journal.to_id} was cut off; it begins anew")
        else:
            self._go_back(_cut_off(journal), start=False)

    def in_progress(self) -> bool:
        """Tell whether an update was begun and isn't over."""
        return self._journal() is not None

    def last_outcome(self) -> Outcome | None:
        """Return what came of the last update; None when there was none."""
        return journals.read_outcome(self._places)

    # Steps

    def _check(self, manifest: bundle.Manifest, path: Path, old: str) -> None:
        if manifest.id == old:
            raise UpdateError(f"Version {old} runs already.")
        if manifest.machine not in (self._system.machine(), "any"):
            raise UpdateError(f"The bundle is for {manifest.machine}; this box is {self._system.machine()}.")
        if manifest.python != self._system.python():
            raise UpdateError(
                f"The bundle is for Python {manifest.python}; this box has {self._system.python()}. "
                "Make one for it: ./flash.sh bundle --python VERSION"
            )
        schema = data.schema_of(self._places.state / data.RECORDS)
        if manifest.schema < schema:
            raise UpdateError(
                f"The bundle is older than the records of this box (schema {manifest.schema}, here {schema})."
            )
        records = self._places.state / data.RECORDS
        copied = records.stat().st_size if records.exists() else 0
        # Versions and data may lie on one partition or on two.
        for folder, wanted in (
            (self._places.home, SPACE * path.stat().st_size + copied),
            (records.parent, copied),
        ):
            free = shutil.disk_usage(folder).free
            if free < wanted:
                raise UpdateError(
                    f"The card has {free // 2**20} MB left; the update needs {wanted // 2**20 + 1} MB."
                )

    def _quiet(self, *, force: bool, ready: list[str] | None = None) -> Before:
        before = self._system.look()
        if before.live_calls and not force:
            raise UpdateError(f"{before.live_calls} calls are in progress; try again later, or force it.")
        return before if ready is None else Before(ready_lines=ready, live_calls=before.live_calls)

    def _stage(self, path: Path, id_: str) -> None:
        version, unpacked = self._places.version(id_), self._places.versions / f"{id_}.part"
        self._places.drop_version(id_)
        shutil.rmtree(unpacked, ignore_errors=True)
        self._tell("unpacking")
        self._step("unpack")
        bundle.unpack(path, unpacked)
        self._step("rename")
        (unpacked / "tree").rename(version)
        self._tell("installing its packages")
        self._step("venv")
        self._system.make_venv(version, unpacked / "wheels")
        self._step("clear")
        shutil.rmtree(unpacked, ignore_errors=True)
        if not self._places.is_complete(id_):
            raise UpdateError("The version could not be made complete.")

    def _switch_over(self) -> Outcome:
        journal = self._required()
        journal = msgspec.structs.replace(journal, phase=Phase.SWITCHING)
        self._note(journal)
        try:
            self._step("point")
            self._places.point("current", journal.to_id)
            self._step("configure")
            self._system.configure(self._places.version(journal.to_id))
        except ZongjiError as error:
            return self._go_back(msgspec.structs.replace(journal, why=str(error)), start=True)
        journal = msgspec.structs.replace(journal, phase=Phase.TRIAL)
        self._note(journal)
        self._tell("starting the new version")
        self._step("start")
        self._system.start()
        return self._trial(journal)

    def _trial(self, journal: Journal) -> Outcome:
        journal = msgspec.structs.replace(journal, trials=journal.trials + 1)
        self._note(journal)
        self._tell("watching whether it does its work, for up to two minutes")
        self._step("trial")
        wrong = self._system.until_well(journal.ready_lines)
        if wrong is not None:
            return self._go_back(msgspec.structs.replace(journal, why=wrong), start=True)
        self._step("keep")
        self._places.point("good", journal.to_id)
        self._step("before")
        # The version before stays on the card: it is what this one would go back to by hand.
        self._places.point("before", journal.from_id)
        self._step("outcome")
        outcome = self._over(journal, done=True)
        self._places.drop_others(journal.from_id, journal.to_id)
        self._places.drop_backups(keep=self._backup(journal.to_id))
        self._tell(f"version {journal.to_id} runs")
        return outcome

    def _go_back(self, journal: Journal, *, start: bool) -> Outcome:
        self._tell(f"going back to {journal.from_id}: {journal.why}")
        journal = msgspec.structs.replace(journal, phase=Phase.BACK)
        self._note(journal)
        self._step("back: stop")
        if start:
            self._system.stop()
        self._step("back: point")
        self._places.point("current", journal.from_id)
        self._step("back: data")
        data.put_back(self._places.state, self._backup(journal.to_id), journal.to_id)
        self._step("back: configure")
        try:
            self._system.configure(self._places.version(journal.from_id))
        except ZongjiError as error:
            # The old version's own units were right before; running them is better than not running.
            logger.error("%s", error)
        self._step("back: good")
        # Where a person asked for it, it was the good one that is left.
        self._places.point("good", journal.from_id)
        if self._places.pointed("before") == journal.from_id:
            self._places.unpoint("before")
        if start:
            self._step("back: start")
            self._system.start()
        self._step("back: outcome")
        outcome = self._over(journal, done=False)
        self._places.drop_version(journal.to_id)
        return outcome

    # The journal

    def _backup(self, id_: str) -> Path:
        return self._places.backups / f"before-{id_}"

    def _journal(self) -> Journal | None:
        return journals.read(self._places)

    def _required(self) -> Journal:
        journal = self._journal()
        if journal is None:
            raise UpdateError("The update's journal is gone.")
        return journal

    def _note(self, journal: Journal) -> None:
        self._step(f"note {journal.phase}")
        journals.write(self._places, journal)

    def _over(self, journal: Journal, *, done: bool) -> Outcome:
        outcome = Outcome(from_id=journal.from_id, to_id=journal.to_id, done=done, why=journal.why)
        journals.write_outcome(self._places, outcome)
        self._step("over")
        journals.forget(self._places)
        return outcome

    def _forget_staged(self, id_: str) -> None:
        shutil.rmtree(self._places.versions / f"{id_}.part", ignore_errors=True)
        self._places.drop_version(id_)
        journals.forget(self._places)


def _cut_off(journal: Journal) -> Journal:
    return msgspec.structs.replace(journal, why=journal.why or "the update was cut off")
