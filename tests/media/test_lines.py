"""Lines with clocks of their own: heard without clicks, gaps or growing delay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import PCMA, PlayTone, PortFailed
from firmware.media import protocol
from firmware.media.dsp.resampler import AsyncResampler
from firmware.media.g711 import FRAME
from firmware.media.pcm import SERIAL_CHUNK, DeviceGone
from firmware.media.pcm_stream import PcmOutput, SampleAligner
from tests.media.rig import EngineRig, FakePcm, heard_frequency, level_db, longest_gap_ms, tone
from tests.media.skewed import SkewedLine
from tests.media.test_recorder import stereo

PCM_ID = PortId("pcm-nobody")


class Deaf(FakePcm):
    """A modem whose port still reads, and is found out to be gone when it is written to."""

    def write(self, frame: bytes) -> None:
        raise DeviceGone("the modem was pulled out")


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

    def test_a_line_that_takes_nothing_any_more_is_told_once_and_the_others_are_heard(
        self, rig: EngineRig
    ) -> None:
        port_id, _ = rig.line(device=Deaf())
        _, healthy = other = rig.line("/dev/ttyUSB7")
        bob = rig.phone()
        for sink in (port_id, other[0]):
            rig.route(sink, bob.port_id)
        bob.says(tone(1000, 1))
        rig.run(1)
        said = [one for one in rig.happened(protocol.PortSaid) if isinstance(one, protocol.PortSaid)]
        assert said == [protocol.PortSaid(port_id, PortFailed("the modem was pulled out"))]
        assert heard_frequency(healthy.heard()[2000:]) == 1000
        assert longest_gap_ms(healthy.heard()) < 5

    def test_a_missing_device_is_refused(self, rig: EngineRig) -> None:
        rig.engine.apply(protocol.OpenPcm(PCM_ID, "/dev/nothing", 8000))
        rig.run(0.02)
        assert rig.happened(protocol.PortRefused) == [
            protocol.PortRefused(PCM_ID, "/dev/nothing: no such device")
        ]


class TestDevices:
    def test_a_line_that_opens_slowly_is_told_when_it_is_open(self, rig: EngineRig) -> None:
        rig.devices["/dev/slow"] = slow = FakePcm()
        slow.opens = False
        rig.engine.apply(protocol.OpenPcm(PCM_ID, "/dev/slow", 8000))
        rig.run(0.1)
        assert not rig.happened(protocol.PortOpened)
        slow.opens = True
        rig.run(0.02)
        assert rig.happened(protocol.PortOpened) == [protocol.PortOpened(PCM_ID)]

    def test_a_failed_line_is_opened_again_and_everything_about_it_stays(
        self, rig: EngineRig, tmp_path: Path
    ) -> None:
        port_id, line = rig.line()
        bob = rig.phone()
        rig.route(port_id, bob.port_id)
        rig.route(bob.port_id, port_id)
        rig.record(tmp_path / "r.wav", port_id, bob.port_id)
        bob.says(tone(1000, 4))
        rig.run(1)
        line.gone = True
        rig.run(0.5)
        assert [type(e.event) for e in rig.events if isinstance(e, protocol.PortSaid)] == [PortFailed]
        rig.devices["/dev/other"] = other = FakePcm()
        rig.engine.apply(protocol.OpenPcm(port_id, "/dev/other", 8000))
        caller = tone(440, 2).tobytes()
        for at in range(0, len(caller), 320):
            other.incoming += caller[at : at + 320]
            rig.run(0.02)
        assert heard_frequency(other.heard()[4000:]) == 1000
        assert heard_frequency(bob.heard()[-8000:]) == 440
        rig.engine.apply(protocol.StopRecording("recorder"))
        rig.run(0.04)
        left, _ = stereo(tmp_path / "r.wav")
        assert len(left) == pytest.approx(3.5 * 8000, abs=320)
        assert heard_frequency(left[-8000:]) == 440

    def test_the_first_word_waits_until_the_device_plays(self, rig: EngineRig) -> None:
        rig.devices["/dev/modem"] = modem = FakePcm()
        rig.engine.apply(protocol.OpenPcm(PCM_ID, "/dev/modem", 8000, settle_ms=200))
        rig.play(PCM_ID, PlayTone((440,), (), -10))
        rig.run(1)
        first = int(np.flatnonzero(modem.heard())[0]) / 8
        assert 180 <= first < 290

    def test_writes_are_of_512_bytes_as_usb_takes_them(self) -> None:
        output = PcmOutput(SERIAL_CHUNK)
        lengths = []
        for tick in range(500):
            output.push(np.zeros(FRAME, np.int16), tick * 0.02)
            lengths += [2 * len(chunk) for chunk in output.due(8000, 160 * tick, tick * 0.02)]
        assert set(lengths) == {512}
        assert sum(lengths) == pytest.approx(10 * 16000, abs=1024)

    def test_a_device_that_stalls_is_soon_heard_again_with_little_delay(self, rig: EngineRig) -> None:
        line, alice = SkewedLine(rig, 0, 440), rig.phone()
        rig.route(alice.port_id, line.port_id)
        for second in range(40):
            for _ in range(50):
                if second != 10:
                    line.step()
                rig.run(0.02)
        heard = alice.heard()
        gap = longest_gap_ms(heard[8000:])
        assert 950 < gap < 1150
        assert longest_gap_ms(heard[12 * 8000 :]) < 5
        line.device.incoming += bytes(2 * 160)
        marked = len(alice.heard())
        rig.run(0.6)
        quiet = np.abs(alice.heard()[marked:].astype(np.int32)) < 200
        runs = np.flatnonzero(np.convolve(quiet, np.ones(120), "valid") >= 120)
        assert runs[0] / 8 < 250

    def test_what_piled_up_while_we_stood_still_is_left_out(self) -> None:
        resampler = AsyncResampler(240)
        moments = np.arange(160)
        out = np.empty(160, np.int16)
        heard = []
        fills = []
        for tick in range(1000):
            wave_ = 8000 * np.sin(2 * np.pi * 440 / 8000 * (moments + 160 * tick))
            resampler.push(wave_.astype(np.int16), tick * 0.02)
            if not 300 <= tick < 310:
                resampler.pull(160, tick * 0.02, out)
                heard.append(out.copy())
            fills.append(resampler.fill)
        assert max(fills[320:330]) > 1500
        assert max(fills[500:]) < 700
        assert resampler.skips == 1
        steps = np.abs(np.diff(np.concatenate(heard[50:]).astype(np.int32)))
        assert steps.max() < 1.1 * 8000 * 2 * np.pi * 440 / 8000

    def test_one_late_lump_is_concealed_and_costs_little_delay(self, rig: EngineRig) -> None:
        line, alice = SkewedLine(rig, 0, 440), rig.phone()
        rig.route(alice.port_id, line.port_id)
        for tick in range(300):
            if not 150 <= tick < 153:
                line.step()
            rig.run(0.02)
        heard = alice.heard()
        assert longest_gap_ms(heard[4000:]) < 10
        # What was late is played late, not left out: the line is that much behind, and is steered back.
        line.device.incoming = bytes(2 * 1600)
        marked = len(alice.heard())
        rig.run(0.4)
        quiet = np.abs(alice.heard()[marked:].astype(np.int32)) < 200
        assert np.flatnonzero(np.convolve(quiet, np.ones(80), "valid") >= 80)[0] / 8 < 130
