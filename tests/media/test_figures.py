"""What is measured of a call, told to the switch and to the peer: loss, jitter, round trip, MOS."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import Quality
from firmware.media import protocol, rtcp
from firmware.media.g711 import FRAME, ULAW
from tests.media.rig import EngineRig, Phone, tone

WALL = 1.7e9
WORDS = bytes([0x20]) * FRAME


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


def reported(rig: EngineRig, phone: Phone) -> list[rtcp.FarReport]:
    """Return what a phone was told of its stream, by report, as it takes it."""
    told = [
        rtcp.parse(packet, phone.ssrc, now(rig)) for row, packet in rig.network.reported if row == phone.row
    ]
    return [one.report for one in told if one is not None and one.report is not None]


def now(rig: EngineRig) -> float:
    return WALL + rig.now_ns / 1e9


def reports(rig: EngineRig, phone: Phone, block: rtcp.Block, sent: rtcp.Sent | None = None) -> None:
    """Have a phone report in the next tick."""
    rig.network.reporting.append((phone.row, rtcp.build(phone.ssrc, "a", now(rig) + 0.02, sent, [block])))


def figures(rig: EngineRig, port_id: PortId) -> Quality:
    told = [event for event in rig.events if isinstance(event, protocol.PortMeasured)]
    return [event.quality for event in told if event.port_id == port_id][-1]


def test_a_clean_call_scores_well(rig: EngineRig) -> None:
    alice = rig.phone()
    alice.says(tone(440, 6))
    rig.run(6)
    quality = figures(rig, alice.port_id)
    assert quality.loss_percent == 0
    assert quality.mos > 4.3


def test_loss_is_measured_and_told_at_the_end_of_a_leg(rig: EngineRig) -> None:
    alice = rig.phone()
    words = bytes([0x20]) * FRAME
    for number in range(200):
        if number % 10 == 5:
            alice.sequence += 1
            alice.timestamp += FRAME
        else:
            alice.packet(words)
        rig.run(0.02)
    rig.engine.apply(protocol.ClosePort(alice.port_id))
    rig.run(0.02)
    quality = figures(rig, alice.port_id)
    assert quality.loss_percent == pytest.approx(10, abs=1)
    assert 2 < quality.mos < 3.8


def test_reports_go_both_ways_and_tell_the_round_trip(rig: EngineRig) -> None:
    alice = rig.phone()
    alice.says(tone(440, 12))
    rig.run(5.5)
    (row, ours) = rig.network.reported[-1]
    assert row == alice.row and ours[1] == rtcp.SENDER_REPORT
    told = rtcp.parse(ours, alice.ssrc, 1.7e9 + rig.now_ns / 1e9)
    assert told is not None and told.report is not None and told.report.loss_percent == 0
    assert told.sender_ntp is not None
    own_ssrc = alice.packets()[0].ssrc
    sent_at = told.sender_ntp
    # The phone has had our report for 40 ms less than it really took to come and go; a tick finds it.
    waited = (rtcp.middle_ntp(1.7e9 + rig.now_ns / 1e9) - sent_at) & 0xFFFFFFFF
    block = rtcp.Block(own_ssrc, 26, 5, 100, 80, sent_at, waited - 65536 * 40 // 1000)
    rig.network.reporting.append((alice.row, rtcp.build(alice.ssrc, "a", 1.7e9, None, [block])))
    rig.run(6)
    quality = figures(rig, alice.port_id)
    assert quality.round_trip_ms == pytest.approx(60, abs=1)
    assert quality.far_loss_percent == pytest.approx(10, abs=0.5)
    assert quality.far_jitter_ms == pytest.approx(10)


def test_a_peer_who_never_reports_is_reported_to_seldom(rig: EngineRig) -> None:
    alice, bob = rig.phone(), rig.phone()
    for _ in range(13):
        block = rtcp.Block(bob.packets()[0].ssrc if bob.packets() else 0, 0, 0, 1, 0, 0, 0)
        rig.network.reporting.append((bob.row, rtcp.build(bob.ssrc, "b", 1.7e9, None, [block])))
        rig.run(5)
    told = [row for row, _ in rig.network.reported]
    assert told.count(alice.row) == 3 + 2
    assert told.count(bob.row) == 13


def test_a_report_at_the_audio_port_is_taken_too_and_nonsense_is_counted(rig: EngineRig) -> None:
    alice = rig.phone()
    rig.run(0.1)
    own_ssrc = alice.packets()[0].ssrc
    block = rtcp.Block(own_ssrc, 128, 5, 100, 80, 0, 0)
    alice.raw(rtcp.build(alice.ssrc, "a", 1.7e9, None, [block]))
    alice.raw(b"\x80\xc8\xff\xff" + bytes(20))
    alice.says(tone(440, 6))
    rig.run(6)
    assert figures(rig, alice.port_id).far_loss_percent == 50
    assert rig.engine.stats().malformed == 1


def test_30_ms_of_jitter_and_5_percent_of_loss_leave_the_tone_a_tone(rig: EngineRig) -> None:
    rng = np.random.default_rng(7)
    alice, bob = rig.phone(), rig.phone()
    rig.bridge(alice, bob)
    frames = tone(440, 30).reshape(-1, FRAME)
    due: dict[int, list[int]] = {}
    for number in range(len(frames)):
        if rng.random() >= 0.05 or number == 0:
            late = int((number * 20 + rng.uniform(0, 30)) // 20)
            due.setdefault(late, []).append(number)
    first, stamp = alice.sequence, alice.timestamp
    for tick in range(len(frames)):
        for number in due.get(tick, []):
            alice.sequence, alice.timestamp = first + number, stamp + FRAME * number
            alice.packet(ULAW.encode(frames[number]).tobytes())
        rig.run(0.02)
    heard = bob.heard()[10 * 8000 : 30 * 8000].astype(np.float64)
    # Each 100 ms by itself: what is not the tone is noise, wherever slips have moved its phase.
    blocks = heard[: len(heard) // 800 * 800].reshape(-1, 800)
    moments = 2 * np.pi * 440 * np.arange(800) / 8000
    basis = np.stack((np.sin(moments), np.cos(moments)))
    fitted = blocks @ basis.T / 400 @ basis
    noise = np.square(blocks - fitted).mean()
    snr = 10 * np.log10(np.square(fitted).mean() / noise)
    envelope = np.abs(heard).reshape(-1, 40).max(axis=1)
    silent = envelope < 8000 / 10
    gaps = np.diff(np.flatnonzero(np.diff(np.concatenate(([0], silent.astype(int), [0]))))[:]) * 5
    longest = int(gaps[::2].max()) if silent.any() else 0
    delay_ms = figures(rig, alice.port_id).delay_ms
    print(f"30 ms jitter, 5 % loss: tone SNR {snr:.1f} dB, gap {longest} ms, delay {delay_ms:.0f} ms")
    assert snr > 25
    assert longest <= 20
    assert delay_ms < 60


def test_a_peer_is_told_what_was_lost_since_it_was_told_last(rig: EngineRig) -> None:
    alice = rig.phone()
    for number in range(800):
        if number < 250 and number % 4 == 1:
            alice.sequence += 1
            alice.timestamp += FRAME
        else:
            alice.packet(WORDS)
        rig.run(0.02)
    losses = [report.loss_percent for report in reported(rig, alice)]
    assert len(losses) == 3
    assert losses[0] == pytest.approx(25, abs=2)
    assert losses[2] == 0


def test_a_peer_learns_its_round_trip_from_how_long_its_report_lay_here(rig: EngineRig) -> None:
    alice = rig.phone()
    alice.says(tone(440, 12))
    rig.run(1)
    own_ssrc = alice.packets()[0].ssrc
    reports(rig, alice, rtcp.Block(own_ssrc, 0, 0, 1, 0, 0, 0), rtcp.Sent(0, 1, 160))
    before = len(rig.network.reported)
    while len(rig.network.reported) == before:
        rig.run(0.02)
    (report,) = reported(rig, alice)[before:]
    assert report.round_trip_ms == pytest.approx(0, abs=1)


def test_jitter_is_told_in_the_same_words_to_both_sides(rig: EngineRig) -> None:
    dice = np.random.default_rng(5)
    alice = rig.phone()
    alice.says(tone(440, 30))
    for _ in range(1500):
        rig.network.arrived_before[alice.row] = float(dice.uniform(0.002, 0.018))
        rig.run(0.02)
    jitter_ms = figures(rig, alice.port_id).jitter_ms
    assert 3 < jitter_ms < 10
    assert reported(rig, alice)[-1].jitter_ms == pytest.approx(jitter_ms, abs=0.5)


def test_what_a_peer_says_of_others_is_nothing_to_us(rig: EngineRig) -> None:
    alice = rig.phone()
    alice.says(tone(440, 6))
    rig.run(1)
    reports(rig, alice, rtcp.Block(alice.packets()[0].ssrc ^ 1, 128, 5, 100, 80, 0, 0))
    rig.run(5)
    assert figures(rig, alice.port_id).far_loss_percent is None


def test_who_takes_a_row_inherits_no_figures(rig: EngineRig) -> None:
    alice = rig.phone()
    alice.says(tone(440, 6))
    rig.run(1)
    reports(rig, alice, rtcp.Block(alice.packets()[0].ssrc, 128, 5, 100, 80, 0, 0))
    rig.run(5)
    assert figures(rig, alice.port_id).far_loss_percent == 50
    rig.engine.apply(protocol.ClosePort(alice.port_id))
    bob = rig.phone()
    assert bob.row == alice.row
    bob.says(tone(440, 6))
    rig.run(6)
    told = figures(rig, bob.port_id)
    assert (told.far_loss_percent, told.far_jitter_ms, told.round_trip_ms) == (None, None, None)
    assert told.loss_percent == 0


def test_a_round_trip_that_a_peer_rounds_below_nothing_is_nothing(rig: EngineRig) -> None:
    alice = rig.phone()
    alice.says(tone(440, 12))
    rig.run(5.5)
    ours = rtcp.parse(rig.network.reported[-1][1], alice.ssrc, now(rig))
    assert ours is not None and ours.sender_ntp is not None
    waited = (rtcp.middle_ntp(now(rig) + 0.02) - ours.sender_ntp) & 0xFFFFFFFF
    reports(rig, alice, rtcp.Block(alice.packets()[0].ssrc, 0, 0, 1, 0, ours.sender_ntp, waited + 20))
    rig.run(6)
    assert figures(rig, alice.port_id).round_trip_ms == 0


def test_what_comes_too_late_costs_as_much_as_what_is_lost(rig: EngineRig) -> None:
    alice = rig.phone()
    kept: list[tuple[int, int]] = []
    for number in range(400):
        if number % 10 == 5:
            kept.append((alice.sequence, alice.timestamp))
            alice.sequence += 1
            alice.timestamp += FRAME
        else:
            alice.packet(WORDS)
        if number % 10 == 4 and kept:
            following = alice.sequence, alice.timestamp
            alice.sequence, alice.timestamp = kept.pop()
            alice.packet(WORDS)
            alice.sequence, alice.timestamp = following
        rig.run(0.02)
    rig.engine.apply(protocol.ClosePort(alice.port_id))
    rig.run(0.02)
    told = figures(rig, alice.port_id)
    assert told.loss_percent < 1
    assert told.late_percent == pytest.approx(10, abs=1)
    assert 2 < told.mos < 3.8
