"""What comes out of a queue, and what it refuses."""

from __future__ import annotations

import msgspec

from extensions.queue.state import End, Mode
from firmware.core.errors import ZongjiError


class QueueError(ZongjiError):
    """An event the queue's state doesn't allow; nothing was changed."""


class Offer(msgspec.Struct, frozen=True):
    """Ring these agents for this caller."""

    caller: str
    agents: tuple[str, ...]


class Refusal(msgspec.Struct, frozen=True):
    """There is no place for a caller."""

    end: End


class Span(msgspec.Struct, frozen=True):
    """A stretch of an agent's time, when it ends."""

    agent: str
    mode: Mode
    seconds: float
    reason: str
    served: str = ""
    """Whom the agent served last."""
