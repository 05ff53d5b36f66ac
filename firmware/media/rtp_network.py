"""What the engine needs of the network, and how a tick's packets lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from firmware.media.g711 import U8

SLOT: Final = 352
"""Bytes of a batch's slots: 40 ms of G.711 and a header with an extension. Small, so that a tick's packets
lie together, and no power of two, which would put all headers into the same cache lines."""
NOTHING: Final = -1
"""In place of a length, where an expected packet did not come, or was forged."""


class Batch:
    """The packets of one tick.

    `lengths[i]` bytes lie in slot i: first, for `expected` rows in their order, one packet each (length
    `NOTHING` where none came), then those of `rows`. Packets too long for a slot are in `long`.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.data: U8 = np.zeros((capacity, SLOT), np.uint8)
        self.views = [memoryview(row) for row in self.data]
        self.lengths: list[int] = []
        self.expected: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self.rows: list[int] = []
        self.long: list[tuple[int, bytes]] = []

    def clear(self) -> None:
        self.lengths.clear()
        self.rows.clear()
        self.long.clear()

    def add(self, row: int, packet: bytes) -> None:
        """Take one packet that is already in memory; dropped when the batch is full."""
        if len(packet) > SLOT:
            self.long.append((row, packet))
        elif len(self.lengths) < self.capacity:
            self.views[len(self.lengths)][: len(packet)] = packet
            self.lengths.append(len(packet))
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

    def sending(self, packets: U8, rows: Sequence[int]) -> None:
        """From now on, `transmit` sends these rows of an array of packets, shape (any, octets)."""

    def transmit(self) -> None:
        """Send every row's packet."""

    def send(self, row: int, packet: bytes) -> None:
        """Send one packet besides."""

    def send_report(self, row: int, packet: bytes) -> None:
        """Send an RTCP packet from the port above the row's, to the port above its peer's."""

    def reports(self) -> list[tuple[int, bytes]]:
        """Return RTCP packets that have arrived from peers' hosts, by row."""
