"""Two calls on one line, and which of them has its voice path.

Theory of operation
-------------------
    A talks, B waits or is on hold with the network; B is wanted: somebody answers it, or resumes it
        A's listeners have it on hold ───────────► the line swaps: A is on hold with the network
        the same person listens to both, or the
        two to each other, and B is on hold ─────► the line joins them, until one ends
        else ────────────────────────────────────► B goes on waiting until one of this comes true, or A ends

Joined ones are split when one of them is put on hold or led elsewhere. Nobody in a talk loses the line to
another. A call whose rival ends gets the line's audio without asking: the line sees to that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from firmware.core.ids import LegId
from firmware.core.leg import Leg
from hal.line import HoldingLine, LineError

logger = logging.getLogger(__name__)

_BUSY = "the line's other call isn't on hold"


class Sharer(Protocol):
    """What is to be known of a leg that shares a line."""

    id: LegId
    is_aside: bool
    """Whoever listens to the party has put it on hold."""
    listeners_now: Sequence[Leg]
    """Who listens to the party."""

    @property
    def has_voice(self) -> bool:
        """Whether the line's audio is this leg's."""

    @property
    def wants_voice(self) -> bool:
        """Whether somebody wants to talk with the party, and can't yet."""

    @property
    def is_on_hold(self) -> bool:
        """Whether the network holds the party."""

    @property
    def is_joined(self) -> bool:
        """Whether the network has joined the party to the line's call."""

    def has_to_wait(self, why: str) -> None:
        """Learn that it can't have the line's audio now."""


class Sharing:
    """The legs of one line.

    Args:
        line: Swaps and joins.
    """

    def __init__(self, line: HoldingLine) -> None:
        self._line = line
        self._legs: list[Sharer] = []
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def add(self, leg: Sharer) -> None:
        """Count a leg in, from its making to its end."""
        self._legs.append(leg)

    def remove(self, leg: Sharer) -> None:
        """Count a leg out. Repeatable."""
        if leg in self._legs:
            self._legs.remove(leg)

    def consider(self) -> None:
        """Something about a leg is another: see whether the line's audio shall change hands."""
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._arrange(), name=f"{self._line.name} shared")

    async def _arrange(self) -> None:
        while self._again:
            self._again = False
            owner = next((leg for leg in self._legs if leg.has_voice), None)
            joined = next((leg for leg in self._legs if leg.is_joined), None)
            wanting = joined or next((leg for leg in self._legs if leg.wants_voice), None)
            if wanting is None or owner is None:
                return
            act = self._part(wanting, owner) if wanting is joined else self._act(wanting, owner)
            try:
                if act is not None:
                    await act()
                elif wanting is not joined:
                    wanting.has_to_wait(_BUSY)
            except LineError as error:
                logger.info("%s: the calls stay as they are: %s", self._line.name, error)
                wanting.has_to_wait(str(error))

    def _part(self, joined: Sharer, owner: Sharer) -> Callable[[], Awaitable[None]] | None:
        apart = joined.is_aside or owner.is_aside or not _are_together(joined, owner)
        return self._line.split if apart else None

    def _act(self, wanting: Sharer, owner: Sharer) -> Callable[[], Awaitable[None]] | None:
        if owner.is_aside:
            return self._line.swap
        together = wanting.is_on_hold and _are_together(wanting, owner)
        return self._line.join if together and self._line.can_join else None


def _are_together(one: Sharer, other: Sharer) -> bool:
    """Whether two parties listen to each other, or one person listens to both."""
    people = {leg.address for leg in one.listeners_now}
    return other.id in {leg.id for leg in one.listeners_now} or any(
        leg.address in people for leg in other.listeners_now
    )
