"""The jitter rings: any order, any loss, any duplication, and clocks that differ."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.media.g711 import FRAME, ULAW
from firmware.media.jitter import JitterRings
from firmware.media.jitter_state import COLD_TICKS, DEPTH
from firmware.media.rtp import RtpPacket

SSRC = 77


def _frame(number: int) -> bytes:
    """Return a payload that tells its number, and by its loudest word that it is no faded repeat."""
    return bytes([2 + 2 * (number % 60), 0]) * (FRAME // 2)


def _packet(number: int, *, ssrc: int = SSRC, offset: int = 0) -> RtpPacket:
    timestamp = (number * FRAME + offset + (1 << 32) - 3 * FRAME) % (1 << 32)
    return RtpPacket(0, False, number % 65536, timestamp, ssrc, _frame(number))


def _rings(age: float = 0.01) -> JitterRings:
    """Return rings whose row 2 believes PCMU; packets arrive `age` seconds before their tick."""
    rings = JitterRings(4, lambda row: age)
    rings.open(2)
    rings.aim(2, 0, muted=False)
    return rings


def _put(rings: JitterRings, packet: RtpPacket, *, fast: bool) -> None:
    """Hand in one packet as the engine would: all at once first, one by one what that refuses."""
    if fast and len(packet.payload) == FRAME:
        words = np.frombuffer(packet.payload, np.uint8).reshape(1, -1)
        lead = (0x80 << 8 | packet.payload_type) << 48 | packet.sequence << 32 | packet.timestamp
        ssrcs = np.array([packet.ssrc], np.uint32)
        leads = np.array([lead], np.uint64)
        if not len(rings.receive_next(slice(2, 3), leads, ssrcs.astype(np.int64), words)):
            return
        taken = rings.receive_frames(
            np.array([2]),
            np.array([packet.sequence], np.uint16),
            np.array([packet.timestamp], np.uint32),
            ssrcs,
            words,
        )
        if taken[0]:
            return
    rings.receive(2, packet)


def _played(rings: JitterRings) -> int | None:
    """Move on; return the number of the frame that was played, None for anything else."""
    word, loudest = rings.play()[2][-2:].tolist()
    return None if loudest else (word - 2) // 2


@settings(max_examples=200, deadline=None)
@given(
    delays=st.lists(st.integers(0, 4), min_size=30, max_size=60),
    lost=st.sets(st.integers(1, 59)),
    twice=st.sets(st.integers(0, 59)),
    fast=st.lists(st.booleans(), min_size=1, max_size=120),
)
def test_whatever_the_network_does_frames_are_played_in_order_and_at_most_once(
    delays: list[int], lost: set[int], twice: set[int], fast: list[bool]
) -> None:
    # Few packets in a tick are taken one by one, many at once: a stream meets both in turn.
    ways = itertools.cycle(fast)
    delays[0] = 0
    rings = _rings()
    arrivals: dict[int, list[int]] = {}
    for number, delay in enumerate(delays):
        if number not in lost:
            arrivals.setdefault(number + delay, []).append(number)
            if number in twice:
                arrivals.setdefault(number + 2 * delay, []).append(number)
    heard = []
    for tick in range(len(delays) + 12):
        for number in arrivals.get(tick, []):
            _put(rings, _packet(number), fast=next(ways))
        number_played = _played(rings)
        if number_played is not None:
            heard.append(number_played)
    distinct = [number for index, number in enumerate(heard) if index == 0 or heard[index - 1] != number]
    assert distinct == sorted(set(heard))
    assert set(heard) <= set(range(len(delays))) - lost
    # The delay is kept low, so a straggler may miss its turn; a packet that comes in time never does.
    punctual = {number for number, delay in enumerate(delays) if delay == 0} - lost
    assert punctual <= set(heard)


def test_a_steady_stream_is_played_in_the_tick_it_comes_and_whole() -> None:
    rings = _rings()
    heard = []
    for number in range(50):
        _put(rings, _packet(number), fast=True)
        heard.append(_played(rings))
    assert heard == list(range(50))
    assert (rings.lost, rings.late) == (0, 0)


def test_a_lost_packet_is_bridged_by_a_quieter_repeat() -> None:
    rings = _rings()
    levels = []
    for number in range(20):
        if number != 10:
            _put(rings, _packet(number), fast=True)
        rings.play()
        levels.append(int(rings.payload[2][-1]))
    # The last µ-law word of a frame: 0x00 is the loudest negative sample, 0x7F is zero.
    assert levels[9] == levels[11] == 0
    assert 0 < levels[10] < 0x7F
    assert rings.lost == 1


def test_a_stream_that_stops_fades_to_silence_and_starts_afresh() -> None:
    rings = _rings()
    for number in range(10):
        _put(rings, _packet(number), fast=True)
        rings.play()
    for _ in range(COLD_TICKS + 1):
        rings.play()
    assert set(rings.payload[2].tolist()) == {0xFF}
    heard = []
    for number in range(1000, 1005):
        _put(rings, _packet(number), fast=True)
        heard.append(_played(rings))
    assert heard == [number % 60 for number in range(1000, 1005)]


def test_another_ssrc_is_believed_at_its_second_packet() -> None:
    rings = _rings()
    heard = []
    for number in range(10):
        _put(rings, _packet(number), fast=True)
        heard.append(_played(rings))
    _put(rings, _packet(40, ssrc=5), fast=True)
    _put(rings, _packet(10), fast=True)
    assert _played(rings) == 10
    for number in range(41, 50):
        _put(rings, _packet(number, ssrc=6), fast=True)
        heard.append(_played(rings))
    assert heard[-1] == 49


def test_one_packet_from_nowhere_in_time_changes_nothing() -> None:
    rings = _rings()
    heard = []
    for number in range(20):
        if number == 10:
            _put(rings, _packet(5_000_000), fast=True)
        _put(rings, _packet(number), fast=True)
        heard.append(_played(rings))
    assert heard == list(range(20))


def test_a_jump_of_the_timestamps_in_either_direction_is_followed() -> None:
    for jump in (500, -500):
        rings = _rings()
        for number in range(1000, 1010):
            _put(rings, _packet(number), fast=True)
            rings.play()
        heard = []
        for number in range(1010 + jump, 1025 + jump):
            _put(rings, _packet(number), fast=True)
            heard.append(_played(rings))
        assert heard[-1] == (1024 + jump) % 60


def test_a_stream_off_the_grid_moves_the_grid() -> None:
    rings = _rings()
    for number in range(10):
        _put(rings, _packet(number), fast=True)
        rings.play()
    before = rings.received
    heard = []
    for number in range(10, 30):
        _put(rings, _packet(number, offset=80), fast=True)
        heard.append(_played(rings))
    assert heard[-1] == 29
    assert rings.received == before + 20


def test_a_fast_clock_skips_a_frame_instead_of_growing_the_delay() -> None:
    rings = _rings()
    number = 0
    for tick in range(3000):
        for _ in range(2 if tick % 500 == 499 else 1):
            _put(rings, _packet(number), fast=True)
            number += 1
        played = _played(rings)
    assert played is not None
    assert (number - 1 - played) % 60 <= 3


def test_a_slow_clock_waits_for_its_frame_instead_of_losing_it() -> None:
    rings = _rings()
    heard = set()
    number = 0
    for tick in range(600):
        if tick % 100 != 99:
            _put(rings, _packet(number), fast=True)
            number += 1
        heard.add(_played(rings))
        if number % 60 == 59:
            assert len(heard - {None}) >= 58
            heard.clear()
    assert rings.late == 0


def test_rows_keep_their_streams_when_the_arrays_grow() -> None:
    rings = _rings()
    heard = []
    for number in range(20):
        if number == 10:
            rings.grow(8)
        _put(rings, _packet(number), fast=True)
        heard.append(_played(rings))
    assert heard == list(range(20))


def test_a_burst_longer_than_the_ring_plays_what_fits() -> None:
    rings = _rings()
    for number in range(3 * DEPTH):
        _put(rings, _packet(number), fast=True)
    heard = [_played(rings) for _ in range(DEPTH)]
    assert [number for number in heard if number is not None]


def test_a_burst_longer_than_the_ring_while_somebody_talks_is_soon_over() -> None:
    rings = _rings()
    for number in range(10):
        _put(rings, _packet(number), fast=True)
        rings.play()
    for number in range(10, 10 + 3 * DEPTH):
        _put(rings, _packet(number), fast=True)
    heard = []
    for number in range(10 + 3 * DEPTH, 80):
        _put(rings, _packet(number), fast=True)
        heard.append(_played(rings))
    assert heard[3:] == [number % 60 for number in range(10 + 3 * DEPTH + 2, 79)]


def test_a_stream_that_arrives_just_before_the_tick_gets_one_frame_of_reserve() -> None:
    rings = _rings(age=0.0005)
    heard = []
    for number in range(20):
        _put(rings, _packet(number), fast=True)
        heard.append(_played(rings))
    assert heard == [None, *range(19)]


def test_a_loss_costs_no_delay_though_it_was_waited_for() -> None:
    rings = _rings()
    heard = []
    for number in range(40):
        if number not in (10, 20, 21):
            _put(rings, _packet(number), fast=True)
        heard.append(_played(rings))
    assert heard[30:] == list(range(30, 40))
    assert (rings.lost, rings.late) == (3, 0)


def test_late_packets_deepen_the_reserve_and_calm_gives_it_back() -> None:
    rings = _rings()
    heard: list[int | None] = []
    waiting: list[int] = []
    delays = []
    for number in range(1500):
        waiting.append(number)
        if number >= 200 or number % 4 != 3:
            for late in waiting:
                _put(rings, _packet(late), fast=True)
            waiting.clear()
        heard.append(_played(rings))
        played = heard[-1]
        delays.append(-1 if played is None else (number - played) % 60)
    assert None not in heard[20:200]
    assert max(delays[100:200]) == 1
    assert delays[-1] == 0


def test_a_pause_in_comfort_noise_is_heard_as_noise_of_its_level_until_speech_returns() -> None:
    rings = _rings()
    for number in range(10):
        _put(rings, _packet(number), fast=True)
        rings.play()
    rings.receive(2, _packet(10))
    rings.comfort(2, bytes([40]))
    pause = []
    for _ in range(100):
        rings.play()
        pause.append(ULAW.decoded[rings.payload[2]])
    noise = np.concatenate(pause[5:]).astype(float)
    level = 20 * np.log10(np.sqrt(np.mean(noise**2)) / (32767 / np.sqrt(2))) + 3.14
    # 0 dBov, a full-scale square wave, is 6.15 dBm0.
    assert level == pytest.approx(6.15 - 40, abs=1)
    _put(rings, _packet(111), fast=True)
    assert _played(rings) == 111 % 60


def _hours(ppm: float, seconds: int) -> tuple[list[int], list[float]]:
    """Return how often frames were concealed and what the margins were, with a sender that much too fast."""
    rings = JitterRings(4, lambda row: ages[-1])
    rings.open(2)
    rings.aim(2, 0, muted=False)
    ages = [0.01]
    arrival = 0.01
    number = 0
    delays = []
    payload = np.full((1, FRAME), 0xFE, np.uint8)
    for tick in range(1, seconds * 50):
        now = tick * 0.02
        while arrival <= now:
            ages.append(now - arrival)
            packet = RtpPacket(0, False, number % 65536, number * FRAME, SSRC, payload.tobytes())
            _put(rings, packet, fast=True)
            number += 1
            arrival = 0.01 + number * 0.02 / (1 + ppm / 1e6)
        if tick % 50 == 0:
            rings.sample(np.array([2]), np.array([ages[-1]]))
            delays.append(rings.reception(2).delay)
        rings.play()
    return [rings.reception(2).concealed], delays


@pytest.mark.parametrize("ppm", [-300, 300])
def test_an_hour_of_clock_skew_neither_grows_the_delay_nor_conceals_anything_in_pauses(ppm: int) -> None:
    (concealed,), delays = _hours(ppm, 3600)
    assert max(delays[20:]) < 0.03
    assert min(delays[20:]) > 0.0005
    assert concealed <= 2


def test_one_late_packet_is_concealed_and_costs_no_delay() -> None:
    rings = _rings()
    heard: list[int | None] = []
    for number in range(60):
        if number != 30:
            _put(rings, _packet(number), fast=True)
        if number == 31:
            _put(rings, _packet(30), fast=True)
        heard.append(_played(rings))
    assert heard == [*range(30), None, *range(31, 60)]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["next", "next", "next", "none", "stranger"]), min_size=5, max_size=5),
        max_size=30,
    )
)
def test_rows_that_follow_one_another_are_treated_as_any_others(ticks: list[list[str]]) -> None:
    by_slice, by_rows = JitterRings(8, lambda row: 0.01), JitterRings(8, lambda row: 0.01)
    for rings in (by_slice, by_rows):
        for row in range(7):
            rings.open(row)
            rings.aim(row, 0, muted=False)
        for row in range(2, 7):
            rings.receive(row, _packet(0, ssrc=SSRC + row))
        rings.play()
    for number, fates in enumerate(ticks, 1):
        packets = [
            _packet(number, ssrc=SSRC + row + (100 if fate == "stranger" else 0))
            for row, fate in enumerate(fates, 2)
        ]
        leads = np.array(
            [0x80 << 56 | packet.sequence << 32 | packet.timestamp for packet in packets], np.uint64
        )
        ssrcs = np.array([packet.ssrc for packet in packets], np.int64)
        words = np.array([np.frombuffer(packet.payload, np.uint8) for packet in packets])
        odd = [index for index, fate in enumerate(fates) if fate == "none"]
        left = by_slice.receive_next(slice(2, 7), leads, ssrcs, words, odd).tolist()
        assert left == by_rows.receive_next(np.arange(2, 7), leads, ssrcs, words, odd).tolist()
        assert set(left) >= {index for index, fate in enumerate(fates) if fate != "next"}
        assert (by_slice.play() == by_rows.play()).all()
        for row in range(7):
            assert by_slice.reception(row) == by_rows.reception(row)
            assert by_slice.quiet(row) == by_rows.quiet(row)
    assert by_slice.running().tolist() == by_rows.running().tolist()
