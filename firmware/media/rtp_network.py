"""What the engine needs of the network, and how a tick's packets lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

EXPECTED_SIZE: Final = 224
"""Octets that are read of an expected packet: 20 ms of G.711 and a header with an extension. A longer one is
cut off, once; its row is then no longer expected. (Of more octets, the interpreter would copy what was read:
it does when a buffer shrinks by over a quarter.)"""
NOTHING: Final = b""
"""In place of an expected packet that did not come, or was forged."""


class Batch:
    """The packets of one tick: first, for `expected` rows in their order, one each, then those of `rows`.

    Where none came, `NOTHING` stands, and its index is in `missing`: a packet may be empty.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.packets: list[bytes] = []
        self.expected: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self.rows: list[int] = []
        self.missing: set[int] = set()

    def clear(self) -> None:
        self.packets.clear()
        self.rows.clear()
        self.missing.clear()

    def miss(self) -> None:
        """Note that the next expected packet did not come."""
        self.missing.add(len(self.packets))
        self.packets.append(NOTHING)

    def add(self, row: int, packet: bytes) -> None:
        """Take one packet; dropped when the batch is full."""
        if len(self.packets) < self.capacity:
            self.packets.append(packet)
            self.rows.append(row)


class RtpNetwork(Protocol):
    """What the engine needs of the network; `RtpSockets`, or a test's."""

    @property
    def strangers(self) -> int:
        """Packets from others than the peers."""

    @property
    def send_failures(self) -> int:
        """Packets the kernel would not take."""

    def open(self, row: int, host: str, port: int) -> tuple[str, int]:
        """Bind a port (0: any of the range) and return its address.

        Raises:
            MediaError: None could be bound.
        """

    def aim(self, row: int, host: str, port: int) -> None:
        """Send to, and believe, this address from now on.

        Raises:
            MediaError: It is no IP address, or can't be reached.
        """

    def close(self, row: int) -> None:
        """Give the port back."""

    def expect(self, batch: Batch, rows: Sequence[int]) -> None:
        """From now on, `receive` asks these rows for a packet without being told of one."""

    def receive(self, batch: Batch, is_quiet: Callable[[int], bool]) -> None:
        """Add what has arrived to the batch. `is_quiet` tells whether a row's stream has fallen silent."""

    def age(self, row: int) -> float:
        """Return how many seconds before this tick the packet last received from a row arrived."""

    def sending(self, rows: dict[int, memoryview]) -> None:
        """From now on, `transmit` sends these rows' packets."""

    def transmit(self) -> None:
        """Send every row's packet."""

    def send(self, row: int, packet: bytes) -> None:
        """Send one packet besides."""

    def send_report(self, row: int, packet: bytes) -> None:
        """Send an RTCP packet from the port above the row's, to the port above its peer's."""

    def reports(self) -> list[tuple[int, bytes]]:
        """Return RTCP packets that have arrived from peers' hosts, by row."""
