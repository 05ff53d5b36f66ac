"""The RTCP reports and figures of all RTP ports, in turn.

every 5 s and port:  report to the peer, figures to the switch
every tick:          reports that have come
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from firmware.core.ids import PortId
from firmware.media import protocol
from firmware.media.intake import RtpIntake
from firmware.media.jitter_state import Reception
from firmware.media.quality import quality_of
from firmware.media.reports import Reporter
from firmware.media.rtp_network import RtpNetwork
from firmware.media.transmit import Transmitter

GROUP_TICKS: Final = 10
"""Between two groups of rows that are reported on: several at once are cheaper than one in every tick."""
GROUPS: Final = 25
"""So a port is reported on every 250 ticks (5 s)."""
FIRST_REPORTS: Final = 3
SELDOM: Final = 6
"""Turns (30 s) between two reports to a peer who has not reported himself after the first: to many phones'
RTCP port nobody listens, and each packet is answered by an ICMP error."""


class Measuring:
    """All ports, by row.

    Args:
        network: Carries the reports.
        intake: Knows what was received.
        transmitter: Knows what was sent.
        wall_clock: Seconds since 1970.
    """

    def __init__(
        self,
        network: RtpNetwork,
        intake: RtpIntake,
        transmitter: Transmitter,
        wall_clock: Callable[[], float],
    ) -> None:
        self._network = network
        self._intake = intake
        self._transmitter = transmitter
        self._wall_clock = wall_clock
        self._reporter = Reporter()
        self._ports: dict[int, PortId] = {}
        self._turns: dict[int, int] = {}
        """Turns of each row so far."""

    def watch(self, row: int, port_id: PortId) -> None:
        """Report on a row from now on. Repeatable."""
        self._ports[row] = port_id

    def forget(self, row: int) -> protocol.PortMeasured | None:
        """Report on a row no longer; return its last figures, if there were any."""
        port_id = self._ports.pop(row, None)
        self._turns.pop(row, None)
        reception = self._intake.jitter.reception(row)
        ever = port_id is not None and reception.expected > 0
        measured = self._measured(row, port_id, reception) if port_id is not None and ever else None
        self._reporter.forget(row)
        return measured

    def tick(self, ticks: int) -> list[protocol.PortMeasured]:
        """Do what is due in this tick; return the figures to be told."""
        told: list[protocol.PortMeasured] = []
        if ticks % GROUP_TICKS == 0:
            size = -(-self._intake.jitter.capacity // GROUPS)
            first = ticks // GROUP_TICKS % GROUPS * size
            for row in range(first, first + size):
                port_id = self._ports.get(row)
                if port_id is not None:
                    reception = self._intake.jitter.reception(row)
                    self._report(row, reception)
                    if reception.expected > 0:
                        told.append(self._measured(row, port_id, reception))
        # In every tick, as a round trip is known no better than by when its report is found.
        self._take_reports()
        return told

    def _report(self, row: int, reception: Reception) -> None:
        turn = self._turns[row] = self._turns.get(row, 0) + 1
        if turn > FIRST_REPORTS and turn % SELDOM and not self._reporter.answered(row):
            return
        self._network.send_report(
            row,
            self._reporter.report(
                row,
                self._transmitter.ssrc(row),
                reception,
                self._transmitter.sent_by(row),
                self._wall_clock(),
            ),
        )

    def _take_reports(self) -> None:
        arrived = self._network.reports()
        if self._intake.reports:
            arrived += self._intake.reports
            self._intake.reports.clear()
        for row, packet in arrived:
            if not self._reporter.take(row, packet, self._transmitter.ssrc(row), self._wall_clock()):
                self._intake.malformed += 1

    def _measured(self, row: int, port_id: PortId, reception: Reception) -> protocol.PortMeasured:
        return protocol.PortMeasured(port_id, quality_of(reception, self._reporter.far(row)))
