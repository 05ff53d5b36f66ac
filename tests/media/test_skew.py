"""Clocks that differ, for hours, between ports of every kind: no click, no gap, no delay that grows."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.media.g711 import FRAME
from tests.media.rig import EngineRig, FakeCard, FakeSerial, longest_gap_ms, tone
from tests.media.skewed import SkewedLine, SkewedPhone, torn, worst_snr

TWO_HOURS = 7200
"""Seconds; clocks 600 ppm apart are 4.3 s apart by then."""
MULAW_SNR_DB = 25.0
"""Of a tone that went through µ-law once."""


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


class Ring:
    """A serial line, a sound card and two phones, each 600 ppm from the one it hears.

    line ◄─ card ◄─ phone ◄─ other phone ◄─ line; `turned`, line and card change places.
    The line and the card hum, so that any slip is heard; phones pause, as people do.
    """

    def __init__(self, rig: EngineRig, ppm: float, *, turned: bool) -> None:
        self.rig = rig
        devices = [FakeSerial(), FakeCard()]
        if turned:
            devices.reverse()
        self.first = SkewedLine(rig, ppm, 440, devices[0])
        self.second = SkewedLine(rig, -ppm, 1000, devices[1])
        self.third, self.fourth = SkewedPhone(rig, ppm), SkewedPhone(rig, -ppm)
        ports = [*(line.port_id for line in self.lines), *(one.phone.port_id for one in self.phones)]
        for sink, source in zip(ports, [*ports[1:], ports[0]], strict=True):
            rig.route(sink, source)
        self.snr_db = float("inf")
        """The worst of what the first line hears."""
        self.coded_snr_db = float("inf")
        """The worst of what the fourth hears, of the first line's hum."""
        self.delays: dict[PortId, list[float]] = {}
        """Seconds from when a phone began a tone until it was heard, by hearer."""
        self.torn = 0
        """Looks at which a phone's tones weren't whole where they were heard."""
        self.owed: list[list[float]] = [[], []]
        """Samples the lines were sent, less what they wanted."""

    @property
    def lines(self) -> tuple[SkewedLine, SkewedLine]:
        return self.first, self.second

    @property
    def phones(self) -> tuple[SkewedPhone, SkewedPhone]:
        return self.third, self.fourth

    def run(self, seconds: int, settled: int) -> None:
        """Let all talk; listen in every third second once they have settled."""
        for second in range(seconds):
            for _ in range(50):
                for one in (*self.lines, *self.phones):
                    one.step()
                self.rig.run(0.02)
            self.rig.events.clear()
            if second >= settled and second % 3 == 0:
                self._listen()

    def _listen(self) -> None:
        for owed, line in zip(self.owed, self.lines, strict=True):
            owed.append(line.written)
        self.snr_db = min(self.snr_db, worst_snr(self.first.heard_at()[1]))
        hum = self.fourth.heard_at()[1]
        self.coded_snr_db = min(self.coded_snr_db, worst_snr(hum))
        for hearer, speaker, port_id in (
            (self.second, self.third, self.second.port_id),
            (self.third, self.fourth, self.third.phone.port_id),
        ):
            began, heard = hearer.heard_at()
            self.delays.setdefault(port_id, []).extend(speaker.delays(began, heard))
            self.torn += torn(heard)


class TestSkew:
    @pytest.mark.parametrize(
        "seconds", [100, pytest.param(TWO_HOURS, marks=pytest.mark.slow)], ids=["minutes", "two-hours"]
    )
    @pytest.mark.parametrize(("ppm", "turned"), [(300, False), (-300, True)])
    @pytest.mark.timeout(1800)
    def test_ports_of_every_kind_600_ppm_apart_hear_each_other_whole(
        self, rig: EngineRig, ppm: float, seconds: int, turned: bool
    ) -> None:
        ring = Ring(rig, ppm, turned=turned)
        ring.run(seconds, settled=30)
        drift = [float(np.ptp(owed)) for owed in ring.owed]
        late_ms = [(1000 * min(heard), 1000 * max(heard)) for heard in ring.delays.values()]
        print(
            f"{seconds} s: SNR {ring.snr_db:.1f} dB at worst, {ring.coded_snr_db:.1f} through µ-law, drift "
            f"{drift[0]:.0f} and {drift[1]:.0f} samples, phones heard after "
            + " and ".join(f"{low:.0f} to {high:.0f} ms" for low, high in late_ms)
            + f", torn {ring.torn} times"
        )
        assert ring.snr_db > 40
        assert ring.coded_snr_db > MULAW_SNR_DB
        assert ring.torn == 0
        # What a line gets follows its own clock, not ours: 2.4 samples a second would pile up else.
        assert max(drift) < 3 * FRAME
        for low, high in late_ms:
            # A frame that slips, one that waits for a quiet moment to go, and the line's own reserve.
            assert high - low < 60
            assert high < 150
        stats = rig.engine.stats()
        assert (stats.late, stats.lost) == (0, 0)

    def test_two_lines_600_ppm_apart_talk_without_clicks_or_growing_delay(self, rig: EngineRig) -> None:
        one, other = SkewedLine(rig, 300, 440), SkewedLine(rig, -300, 1000)
        rig.route(one.port_id, other.port_id)
        rig.route(other.port_id, one.port_id)
        owed: list[float] = []
        worst = float("inf")
        for second in range(120):
            for _ in range(50):
                one.step()
                other.step()
                rig.run(0.02)
            if second > 20:
                owed.append(one.written)
                worst = min(worst, *(worst_snr(line.heard_at()[1][-7600:]) for line in (one, other)))
        assert float(np.ptp(owed)) < 2 * FRAME
        assert worst > 40

    def test_a_phone_and_a_line_600_ppm_apart(self, rig: EngineRig) -> None:
        line, alice = SkewedLine(rig, -300, 440), rig.phone()
        rig.route(line.port_id, alice.port_id)
        rig.route(alice.port_id, line.port_id)
        alice.says(tone(1000, 90))
        for _ in range(90 * 50):
            line.step()
            rig.run(0.02)
        heard = alice.heard()[60 * 8000 :]
        assert longest_gap_ms(heard) < 5
        # µ-law's own noise.
        assert worst_snr(heard) > 25
        assert abs(line.written) < 6 * FRAME
