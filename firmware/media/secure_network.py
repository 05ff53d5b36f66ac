"""SRTP between the engine and the sockets: ports with keys speak it, the others pass untouched.

    engine ◄── plain RTP ── SecureNetwork ◄── SRTP ── RtpSockets

Ports with keys are deciphered in the tick's batch, so that everything after works on plain packets,
all at once. What is not authentic is counted and never seen by the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from firmware.core.media import SrtpKeys
from firmware.media.rtcp import is_report
from firmware.media.rtp_network import MISSED, Batch, RtpNetwork
from firmware.media.srtp import SrtpPort, SrtpReceiver, SrtpSender


class SecureNetwork:
    """An `RtpNetwork` over another one."""

    def __init__(self, network: RtpNetwork) -> None:
        self.forged = 0
        """Packets with a wrong tag, or copies of earlier ones."""
        self._network = network
        self._keys: dict[int, SrtpKeys] = {}
        self._ports: dict[int, SrtpPort] = {}
        self._senders: list[tuple[int, memoryview]] = []

    @property
    def strangers(self) -> int:
        return self._network.strangers

    @property
    def send_failures(self) -> int:
        return self._network.send_failures

    def secure(self, row: int, keys: SrtpKeys | None) -> bool:
        """Have a row speak SRTP, or plain RTP when there are no keys.

        Returns:
            Whether what we send is protected by another key from now on, and so must begin a new stream.

        Raises:
            ValueError: A key has a wrong length.
        """
        known = self._keys.get(row)
        if keys == known:
            return False
        if keys is None:
            self._forget(row)
            return False
        old = self._ports.get(row)
        if known is None or old is None or known.suite != keys.suite:
            known = old = None
        kept = old is not None and known is not None and known.ours == keys.ours
        heard = old is not None and known is not None and known.theirs == keys.theirs
        self._ports[row] = SrtpPort(
            old.sender if old is not None and kept else SrtpSender(keys.suite, keys.ours),
            old.receiver if old is not None and heard else SrtpReceiver(keys.suite, keys.theirs),
        )
        self._keys[row] = keys
        return not kept

    def _forget(self, row: int) -> None:
        self._keys.pop(row, None)
        self._ports.pop(row, None)

    def open(self, row: int, host: str, port: int) -> tuple[str, int]:
        return self._network.open(row, host, port)

    def aim(self, row: int, host: str, port: int) -> None:
        self._network.aim(row, host, port)

    def close(self, row: int) -> None:
        self._forget(row)
        self._network.close(row)

    def expect(self, batch: Batch, rows: Sequence[int]) -> None:
        self._network.expect(batch, rows)

    def receive(self, batch: Batch, is_quiet: Callable[[int], bool]) -> None:
        self._network.receive(batch, is_quiet)
        if self._ports:
            self._decipher(batch)

    def _decipher(self, batch: Batch) -> None:
        for index, row in enumerate(batch.expected.tolist()):
            port = self._ports.get(row)
            length = batch.lengths[index]
            if port is not None and length != MISSED:
                plain = self._open_packet(port, batch.places[index][:length])
                batch.lengths[index] = MISSED if plain is None else batch.put(index, plain)
        arrived = list(zip(batch.rows, batch.packets, strict=True))
        batch.rows.clear()
        batch.packets.clear()
        for row, packet in arrived:
            port = self._ports.get(row)
            plain = packet if port is None else self._open_packet(port, memoryview(packet))
            if plain is not None:
                batch.add(row, plain)

    def _open_packet(self, port: SrtpPort, data: memoryview) -> bytes | None:
        receiver = port.receiver
        plain = receiver.unprotect_report(data) if is_report(data) else receiver.unprotect(data)
        self.forged += plain is None
        return plain

    def ages(self, rows: Sequence[int]) -> npt.NDArray[np.float64]:
        return self._network.ages(rows)

    def sending(self, rows: dict[int, memoryview]) -> None:
        self._senders = [(row, view) for row, view in rows.items() if row in self._ports]
        secured = dict(self._senders)
        self._network.sending({row: view for row, view in rows.items() if row not in secured})

    def transmit(self) -> None:
        self._network.transmit()
        for row, packet in self._senders:
            self.send(row, packet)

    def send(self, row: int, packet: bytes | memoryview) -> None:
        port = self._ports.get(row)
        self._network.send(row, bytes(packet) if port is None else port.sender.protect(packet))

    def send_report(self, row: int, packet: bytes) -> None:
        port = self._ports.get(row)
        self._network.send_report(row, packet if port is None else port.sender.protect_report(packet))

    def reports(self) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        for row, packet in self._network.reports():
            port = self._ports.get(row)
            plain = packet if port is None else port.receiver.unprotect_report(packet)
            self.forged += plain is None
            if plain is not None:
                found.append((row, plain))
        return found
