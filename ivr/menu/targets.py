"""Where a menu leads that isn't an extension: what the switch's other parts have to do for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from firmware.core.causes import Cause
from firmware.core.media import PlayItem
from firmware.switch.call import Call


class Targets(Protocol):
    """The groups, queues and mailboxes of this office, as the menu script uses them.

    What isn't there (any more) is not an error: the caller comes back and hears that nobody could be reached.
    """

    async def group(self, call: Call, name: str) -> Cause:
        """Ring a hunting group, and bridge the caller to whoever answers, until the talk is over.

        Returns:
            `NORMAL` when somebody talked with the caller; else why nobody did.
        """

    async def queue(self, call: Call, name: str) -> Cause:
        """Let the caller wait in a queue and talk to an agent, until that is over.

        Returns:
            `NORMAL` when somebody talked with the caller; else why nobody did.
        """

    async def voicemail(self, call: Call, mailbox: str) -> None:
        """Take a message; returns when it is kept or there was none."""

    async def unanswered(self, call: Call, number: str, words: Sequence[PlayItem]) -> bool:
        """Serve a caller whom an extension didn't take, `words` saying why; False to let it go on."""


class NoTargets:
    """An office of extensions only."""

    async def group(self, call: Call, name: str) -> Cause:
        return Cause.UNALLOCATED_NUMBER

    async def queue(self, call: Call, name: str) -> Cause:
        return Cause.UNALLOCATED_NUMBER

    async def voicemail(self, call: Call, mailbox: str) -> None:
        return None

    async def unanswered(self, call: Call, number: str, words: Sequence[PlayItem]) -> bool:
        return False
