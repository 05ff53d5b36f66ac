"""Lines with clocks of their own: heard without clicks, gaps or growing delay."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import PCMA, PortFailed
from firmware.media import protocol
from firmware.media.pcm_stream import SampleAligner
from tests.media.rig import EngineRig, heard_frequency, level_db, longest_gap_ms, tone

PCM_ID = PortId("pcm-nobody")


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


class TestLine:
    def test_a_line_and_a_phone_hear_each_other(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        bob = rig.phone(PCMA)
        rig.route(port_id, bob.port_id)
        rig.route(bob.port_id, port_id)
        bob.says(tone(1000, 2))
        caller = tone(440, 2).tobytes()
        for at in range(0, 16000, 320):
            line.incoming += caller[at : at + 320]
            rig.run(0.02)
        assert heard_frequency(line.heard()[2000:]) == 1000
        assert heard_frequency(bob.heard()[2000:]) == 440
        assert longest_gap_ms(bob.heard()) < 5

    def test_uneven_lumps_of_100_ms_are_smoothed_after_a_while(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        bob = rig.phone()
        rig.route(bob.port_id, port_id)
        caller = tone(440, 6).tobytes()
        for number, at in enumerate(range(0, len(caller), 1600)):
            rig.run(0.12 if number % 2 else 0.08)
            line.incoming += caller[at : at + 1600]
        assert longest_gap_ms(bob.heard()[-24000:]) < 5

    def test_a_byte_that_the_modem_loses_is_heard_for_less_than_half_a_second(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        bob = rig.phone()
        rig.route(bob.port_id, port_id)
        caller = tone(440, 4).tobytes()
        caller = caller[:16001] + caller[16002:]
        for at in range(0, len(caller), 320):
            line.incoming += caller[at : at + 320]
            rig.run(0.02)
        heard = bob.heard()[8000 + 4000 : 28000]
        assert heard_frequency(heard) == 440
        assert abs(level_db(heard, tone(440, 2))) < 0.5

    def test_loud_noise_on_a_line_is_not_taken_for_torn_samples(self) -> None:
        aligner = SampleAligner()
        noise = np.random.default_rng(3).normal(0, 6000, 32000).astype("<i2").tobytes()
        for at in range(0, len(noise), 320):
            aligner.feed(noise[at : at + 320])
        assert aligner.shifted == 0

    def test_a_line_that_vanishes_is_told_once_and_the_call_goes_on(self, rig: EngineRig) -> None:
        port_id, line = rig.line()
        bob = rig.phone()
        rig.route(bob.port_id, port_id)
        line.gone = True
        rig.run(0.5)
        failures = [
            event for event in rig.happened(protocol.PortSaid) if isinstance(event, protocol.PortSaid)
        ]
        assert [event.event for event in failures] == [PortFailed("the modem was pulled out")]
        assert len(bob.packets()) == 25

    def test_a_missing_device_is_refused(self, rig: EngineRig) -> None:
        rig.engine.apply(protocol.OpenPcm(PCM_ID, "/dev/nothing", 8000))
        rig.run(0.02)
        assert rig.happened(protocol.PortRefused) == [
            protocol.PortRefused(PCM_ID, "/dev/nothing: no such device")
        ]
