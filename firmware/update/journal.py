"""How far an update has come, durable: what a box that was cut off finds at its next start."""

from __future__ import annotations

import contextlib
import enum
import logging

import msgspec

from firmware.update.places import Places, replace_file

logger = logging.getLogger(__name__)


class Phase(enum.StrEnum):
    STAGING = "staging"
    STOPPED = "stopped"
    SWITCHING = "switching"
    TRIAL = "trial"
    BACK = "back"


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """An update in progress."""

    phase: Phase
    from_id: str
    to_id: str
    ready_lines: list[str] = []
    trials: int = 0
    why: str = ""
    """Why it goes back."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the last update."""

    from_id: str
    to_id: str
    done: bool
    why: str = ""


def read(places: Places) -> Journal | None:
    """Return the update in progress; None when there is none."""
    try:
        return msgspec.json.decode(places.journal.read_bytes(), type=Journal)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        # It is replaced whole, so this was somebody else; the links say what there is to know.
        logger.error("%s can't be read: %s", places.journal, error)
        current, good = places.pointed("current"), places.pointed("good")
        if current is None or good is None or current == good:
            with contextlib.suppress(OSError):
                forget(places)
            return None
        return Journal(phase=Phase.SWITCHING, from_id=good, to_id=current)


def write(places: Places, journal: Journal) -> None:
    """Note how far it has come.

    Raises:
        OSError: The card refuses; what was noted before stays.
    """
    replace_file(places.journal, msgspec.json.encode(journal))


def forget(places: Places) -> None:
    """Have no update in progress. Repeatable."""
    places.journal.unlink(missing_ok=True)


def read_outcome(places: Places) -> Outcome | None:
    """Return what came of the last update; None when there was none."""
    try:
        return msgspec.json.decode(places.outcome.read_bytes(), type=Outcome)
    except (OSError, msgspec.MsgspecError):
        return None


def write_outcome(places: Places, outcome: Outcome) -> None:
    """Note what came of it.

    Raises:
        OSError: The card refuses.
    """
    replace_file(places.outcome, msgspec.json.encode(outcome))
