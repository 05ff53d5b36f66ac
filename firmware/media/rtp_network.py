"""What the engine needs of the network, and how a tick's packets lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

EXPECTED_SIZE: Final = 224
"""Octets that are read of an expected packet: 20 ms of G.711 and a header with an extension. A longer one is
cut off, once; its row is then no longer expected."""
MISSED: Final = -1
"""In place of the length of an expected packet that did not come, or was forged: a packet may be empty."""

U8 = npt.NDArray[np.uint8]


class Batch:
    """The packets of one tick: one for each of the `expected` rows, then those of `rows`.

    Expected packets lie in one block of memory by row, whatever the order in which they are read: nothing is
    made for them in a tick, and nothing has to be copied together to be looked at all at once.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        """Packets of `rows`, at most."""
        self.expected: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        """Rows, ascending."""
        self.rank: list[int] = []
        """Where each that is read lies, in the order of reading; `lengths` follows it until `settle`."""
        self.octets: U8 = np.zeros((0, EXPECTED_SIZE), np.uint8)
        """Expected packets, shape (as many or more, EXPECTED_SIZE); the rest of each is of an earlier one."""
        self.places: list[memoryview] = []
        """The same, one by one."""
        self.lengths: list[int] = []
        """Octets that came, or MISSED, by expected row."""
        self.rows: list[int] = []
        self.packets: list[bytes] = []

    def expect(self, rows: Sequence[int]) -> None:
        """Have a place for a packet of each of these rows, to be read in this order from the next tick on."""
        self.expected = np.sort(np.array(rows, np.intp))
        self.rank = np.searchsorted(self.expected, rows).tolist()
        if len(rows) > len(self.places):
            self.octets = np.zeros((2 * len(rows), EXPECTED_SIZE), np.uint8)
            # All of one view: less to go through in a tick than a view of each row of an array.
            flat = self.octets.reshape(-1).data
            self.places = [flat[at : at + EXPECTED_SIZE] for at in range(0, len(flat), EXPECTED_SIZE)]

    def clear(self) -> None:
        self.lengths.clear()
        self.packets.clear()
        self.rows.clear()

    def settle(self) -> None:
        """Put the lengths, noted as they were read, into the order of the rows."""
        lengths = self.lengths
        if lengths and lengths.count(lengths[0]) < len(lengths):
            read = list(lengths)
            for rank, length in zip(self.rank, read, strict=True):
                lengths[rank] = length

    @property
    def is_empty(self) -> bool:
        """Whether nothing came at all."""
        return not self.packets and self.lengths.count(MISSED) == len(self.lengths)

    def put(self, index: int, packet: bytes) -> int:
        """Lay an expected packet into its place; return its length."""
        self.places[index][: len(packet)] = packet
        return len(packet)

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

    def ages(self, rows: Sequence[int]) -> npt.NDArray[np.float64]:
        """Return how many seconds before this tick the packets last received from rows arrived, each."""

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
