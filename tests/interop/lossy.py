"""A path between a phone and the box on which datagrams get lost, both ways; seeded.

    phone ──► path.port ──(some are lost)──► box        and back, to where the phone spoke from

SIPp's own `-lost` throws a message away after having counted it as sent: as the called phone it then takes
the repeated INVITE for a fault. Here it gets lost on the way, as on a real network.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable

_HOST = "127.0.0.1"
_Take = Callable[[bytes, tuple[str, int]], None]


class LossyPath:
    """The path.

    Args:
        box_port: Where what the phone says goes.
        seed: Of the chance.
    """

    def __init__(self, box_port: int, seed: int = 1) -> None:
        self.percent = 0.0
        """How many of a hundred datagrams get lost."""
        self.lost = 0
        """Datagrams lost so far."""
        self.port = 0
        """Where the phone speaks to."""
        self._box = (_HOST, box_port)
        self._phone: tuple[str, int] | None = None
        self._chance = random.Random(seed)
        self._near: asyncio.DatagramTransport | None = None
        self._far: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._near, _ = await loop.create_datagram_endpoint(
            lambda: _End(self._from_phone), local_addr=(_HOST, 0)
        )
        self._far, _ = await loop.create_datagram_endpoint(
            lambda: _End(self._from_box), local_addr=(_HOST, 0)
        )
        self.port = self._near.get_extra_info("sockname")[1]

    def close(self) -> None:
        for end in (self._near, self._far):
            if end is not None:
                end.close()

    def _from_phone(self, data: bytes, sender: tuple[str, int]) -> None:
        self._phone = sender
        if self._far is not None and self._arrives():
            self._far.sendto(data, self._box)

    def _from_box(self, data: bytes, sender: tuple[str, int]) -> None:
        if self._near is not None and self._phone is not None and self._arrives():
            self._near.sendto(data, self._phone)

    def _arrives(self) -> bool:
        lost = self._chance.random() * 100 < self.percent
        self.lost += lost
        return not lost


class _End(asyncio.DatagramProtocol):
    def __init__(self, take: _Take) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, addr)


@contextlib.asynccontextmanager
async def lossy_path(box_port: int, seed: int = 1) -> AsyncIterator[LossyPath]:
    """Yield a path on which nothing gets lost until `percent` is set."""
    path = LossyPath(box_port, seed)
    await path.open()
    try:
        yield path
    finally:
        path.close()
