"""The contract of a way to the cloud, and what can go wrong on it, by remedy."""

from __future__ import annotations

from typing import Protocol

from firmware.cloud.wire import Receipt, Record
from firmware.core.errors import ZongjiError


class Unreachable(ZongjiError):
    """No link, no answer, the far end is down: try again later."""


class NotAllowed(ZongjiError):
    """The far end doesn't know this site or its key: somebody must put that right; try again rarely."""


class BatchRefused(ZongjiError):
    """The far end won't have the batch as it is, and one of its records may be the reason."""


class Transport(Protocol):
    """A way to the cloud."""

    @property
    def sent_bytes(self) -> int:
        """Bytes of bodies sent so far."""

    async def send(self, records: list[Record]) -> Receipt:
        """Have the records stored, in order; durable at the far end when this returns.

        Raises:
            Unreachable, NotAllowed, BatchRefused: See there. Some may be stored all the same.
        """

    async def close(self) -> None:
        """End the connection."""
