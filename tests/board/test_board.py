"""The coprocessor's logic, on a bench of levels, at a step a millisecond."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from hal.coprocessor import words


@pytest.fixture
def bench() -> Any:
    """A board with power, a living firmware, and the relay held."""
    bench = importlib.import_module("story").Bench()
    bench.run(6000)
    bench.words()
    return bench


# The exchange line


@pytest.mark.parametrize("hertz", [16, 20, 25, 50])
def test_ringing_of_every_country_is_heard(bench: Any, hertz: int) -> None:
    for _ in range(2):
        bench.ring_hertz = hertz
        bench.run(1000)
        bench.ring_hertz = 0
        bench.run(3000)
    bursts = [m for m in bench.heard if m[0] == words.RING]
    assert [m[1] << 8 | m[2] for m in bursts] == [pytest.approx(950, abs=70)] * 2
    assert words.RING_OVER not in bench.words()
    bench.run(3500)
    assert bench.words() == [words.RING_OVER]


def test_a_parallel_phone_that_dials_by_pulses_does_not_ring(bench: Any) -> None:
    for _ in range(10):
        bench.inputs.ring_edges += 1
        bench.run(100)
    bench.run(7000)
    assert bench.words() == []


def test_a_single_reversal_does_not_ring(bench: Any) -> None:
    bench.inputs.ring_edges += 1
    bench.run(7000)
    assert bench.words() == []


def test_an_open_loop_tells_that_the_far_side_hung_up(bench: Any) -> None:
    bench.inputs.loop_current = True
    bench.tell(words.SEIZE, 1)
    bench.run(2000)
    assert words.FAR_HANG_UP not in bench.words()
    bench.inputs.loop_current = False
    bench.run(200)
    bench.inputs.loop_current = True
    bench.run(500)
    assert words.FAR_HANG_UP not in bench.words()
    bench.inputs.loop_current = False
    bench.run(300)
    assert bench.words().count(words.FAR_HANG_UP) == 1


def test_battery_and_reversal_are_told_once_they_hold(bench: Any) -> None:
    bench.inputs.reversed = True
    bench.run(40)
    bench.inputs.reversed = False
    bench.run(200)
    assert bench.words() == []
    bench.inputs.reversed = True
    bench.inputs.battery = False
    bench.run(1200)
    assert bench.heard == [
        (words.LINE, words.LINE_BATTERY | words.LINE_REVERSED),
        (words.LINE, words.LINE_REVERSED),
    ]


def test_a_line_that_settles_after_it_was_seized_is_no_hang_up(bench: Any) -> None:
    bench.tell(words.SEIZE, 1)
    bench.run(500)
    bench.inputs.loop_current = True
    bench.run(1000)
    assert words.FAR_HANG_UP not in bench.words()


def _spans(bench: Any, milliseconds: int) -> list[tuple[bool, int]]:
    """Return for how long the seized loop was closed, open, closed …; current flows while it is closed."""
    levels = []
    for _ in range(milliseconds):
        bench.run(1)
        levels.append(bench.board.line.closed)
        bench.inputs.loop_current = levels[-1]
    return [(closed, len(list(run))) for closed, run in itertools.groupby(levels)]


def test_digits_go_out_as_pulses(bench: Any) -> None:
    bench.inputs.loop_current = True
    bench.tell(words.SEIZE, 1)
    bench.run(700)
    bench.box.send(bytes([words.DIAL, *b"120"]), bench.now)
    spans = _spans(bench, 5000)
    breaks = [length for closed, length in spans if not closed]
    pauses = [length for closed, length in spans[1:-1] if closed and length > 100]
    assert len(breaks) == 13
    assert all(length == pytest.approx(60, abs=2) for length in breaks)
    assert pauses == [pytest.approx(750, abs=2)] * 2, "between three digits"
    told = bench.words()
    assert words.SENT in told
    assert words.FAR_HANG_UP not in told
    assert bench.board.line.closed


def test_a_flash_opens_the_loop_once(bench: Any) -> None:
    bench.inputs.loop_current = True
    bench.tell(words.SEIZE, 1)
    bench.run(1000)
    for length in (100, 750):
        bench.box.send(bytes([words.LINE_FLASH, length >> 8, length & 0xFF]), bench.now)
        spans = _spans(bench, 2000)
        assert [span for closed, span in spans if not closed] == [pytest.approx(length, abs=2)]
        assert words.FAR_HANG_UP not in bench.words(), "its own flash is no news from the exchange"
    for length in (20, 2000):
        bench.box.send(bytes([words.LINE_FLASH, length >> 8, length & 0xFF]), bench.now)
        assert [span for closed, span in _spans(bench, 500) if not closed] == [], "bounce, or hanging up"


def test_what_makes_no_sense_is_counted_and_changes_nothing(bench: Any) -> None:
    for message in (b"", b"\xff", bytes([words.SEIZE]), bytes([words.DIAL, 0x41]), bytes([words.LED, 9, 1])):
        bench.tell(*message)
    bench.tell(words.RING_HANDSET, 200, 1, 0, 1, 0)
    bench.tell(words.RING_HANDSET, 25, 0, 0, 1, 0)
    assert bench.board.malformed == 7
    assert not bench.board.line.closed
    assert not bench.board.ringer.active


# The handset


def test_the_handset_dials_every_digit(bench: Any) -> None:
    bench.inputs.handset_closed = True
    bench.run(500)
    for count in range(1, 11):
        bench.pulses(count)
    digits = [m[1] for m in bench.heard if m[0] == words.PULSES]
    assert digits == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]


@pytest.mark.parametrize(
    ("open_for", "told"),
    [
        (8, []),
        (60, [words.PULSES]),
        (150, [words.FLASH]),
        (600, [words.FLASH]),
        (900, [words.HOOK, words.HOOK]),
    ],
)
def test_a_short_break_is_bounce_pulse_flash_or_hanging_up(
    bench: Any, open_for: int, told: list[int]
) -> None:
    bench.inputs.handset_closed = True
    bench.run(500)
    bench.words()
    bench.inputs.handset_closed = False
    bench.run(open_for)
    bench.inputs.handset_closed = True
    bench.run(500)
    assert bench.words() == told


def test_the_handset_rings_at_its_frequency_and_in_its_cadence(bench: Any) -> None:
    bench.box.send(bytes([words.RING_HANDSET, 25, 3, 232, 15, 160]), bench.now)
    bench.run(5)
    swaps, ringing, before = 0, 0, True
    for _ in range(5000):
        bench.run(1)
        ringing += bench.board.ringer.ring_mode
        swaps += bench.board.ringer.forward != before
        before = bench.board.ringer.forward
    assert ringing == pytest.approx(1000, abs=10)
    assert swaps == pytest.approx(50, abs=3)
    bench.tell(words.STOP_RING)
    assert not bench.board.ringer.ring_mode


@pytest.mark.parametrize("after", [300, 2000])
def test_lifting_trips_the_ringing_in_burst_and_pause(bench: Any, after: int) -> None:
    bench.tell(words.RING_HANDSET, 25, 3, 232, 15, 160)
    bench.run(after)
    bench.inputs.handset_closed = True
    bench.run(250)
    assert bench.words() == [words.RING_TRIP, words.HOOK]
    assert not bench.board.ringer.ring_mode


@pytest.mark.parametrize("hertz", [16, 25, 60])
def test_the_ringing_current_itself_does_not_trip_it(bench: Any, hertz: int) -> None:
    bench.tell(words.RING_HANDSET, hertz, 1, 244, 1, 244)
    lied_until = 0
    for _ in range(4000):
        # As an AG1171's SHK: it follows the ringing, and lies on for a while when that stops.
        ringer = bench.board.ringer
        if ringer.ring_mode:
            lied_until = bench.now + 100
        bench.inputs.handset_closed = ringer.forward if ringer.ring_mode else bench.now < lied_until
        bench.run(1)
    assert words.RING_TRIP not in bench.words()


def test_a_lifted_handset_is_not_rung(bench: Any) -> None:
    bench.inputs.handset_closed = True
    bench.run(100)
    bench.tell(words.RING_HANDSET, 25, 3, 232, 15, 160)
    assert not bench.board.ringer.ring_mode, "90 V at somebody's ear"
    assert bench.board.malformed == 1


def test_a_hook_that_bounces_is_not_lifted(bench: Any) -> None:
    for _ in range(5):
        bench.inputs.handset_closed = True
        bench.run(8)
        bench.inputs.handset_closed = False
        bench.run(8)
    assert bench.words() == []


def test_the_message_lamp_waits_while_it_rings_or_somebody_talks(bench: Any) -> None:
    bench.tell(words.LAMP, 1)
    assert bench.board.lamp
    bench.tell(words.RING_HANDSET, 25, 3, 232, 15, 160)
    assert not bench.board.lamp
    bench.tell(words.STOP_RING)
    bench.inputs.handset_closed = True
    bench.run(100)
    assert not bench.board.lamp


def test_the_howler_sounds_only_off_hook_and_ends_by_hanging_up(bench: Any) -> None:
    bench.tell(words.HOWL, 1)
    assert bench.board.howler == 0
    bench.inputs.handset_closed = True
    bench.run(100)
    bench.tell(words.HOWL, 1)
    tones = set()
    for _ in range(1000):
        bench.run(1)
        tones.add(bench.board.howler)
    assert tones == {0, 1400, 2060, 2450, 2600}
    bench.inputs.handset_closed = False
    bench.run(1000)
    for _ in range(1000):
        bench.run(1)
        assert bench.board.howler == 0


# Panel and power-fail relay


def test_buttons_tell_short_and_long_presses(bench: Any) -> None:
    def press(milliseconds: int) -> None:
        bench.inputs.buttons[1] = True
        bench.run(milliseconds)
        bench.inputs.buttons[1] = False
        bench.run(100)

    press(10)
    press(400)
    press(11000)
    short, held = (m for m in bench.heard if m[0] == words.BUTTON)
    assert (short[1], short[2] << 8 | short[3]) == (1, pytest.approx(400, abs=5))
    assert held[1:] == (1, 0xFF, 0xFF)


@pytest.mark.parametrize(
    ("pattern", "lit", "changes"),
    [(words.LED_OFF, 0, 0), (words.LED_ON, 2000, 0), (words.LED_SLOW, 1000, 4), (words.LED_FAST, 1000, 20)],
)
def test_lamps_blink(bench: Any, pattern: int, lit: int, changes: int) -> None:
    bench.tell(words.LED, 2, pattern)
    levels = []
    for _ in range(2000):
        bench.run(1)
        levels.append(bench.board.led_levels[2])
    assert sum(levels) == lit
    assert sum(one != another for one, another in itertools.pairwise(levels)) == changes


def test_a_dead_firmware_ties_the_line_to_the_handset_and_lets_everything_go(bench: Any) -> None:
    bench.tell(words.SEIZE, 1)
    bench.tell(words.LAMP, 1)
    bench.beating = False
    bench.run(words.HEARTBEAT_LIMIT + 1100)
    assert not bench.board.guard.held
    assert not bench.board.line.closed
    assert not bench.board.lamp


def test_a_firmware_that_comes_back_does_not_cut_a_call_on_the_tied_handset(bench: Any) -> None:
    bench.beating = False
    bench.run(6000)
    bench.inputs.handset_closed = True
    bench.run(100)
    bench.beating = True
    bench.run(6000)
    assert not bench.board.guard.held
    bench.inputs.handset_closed = False
    bench.run(2000)
    assert bench.board.guard.held


def test_a_firmware_that_starts_and_dies_again_does_not_make_the_relay_chatter(bench: Any) -> None:
    bench.beating = False
    bench.run(6000)
    bench.words()
    for _ in range(4):
        bench.beating = True
        bench.run(1500)
        bench.beating = False
        bench.run(words.HEARTBEAT_LIMIT + 1000)
    assert words.RELAY not in bench.words()


def test_one_lost_heartbeat_moves_no_relay(bench: Any) -> None:
    bench.beating = False
    bench.run(2000)
    bench.beating = True
    bench.run(2000)
    assert words.RELAY not in bench.words()


def test_a_board_tests_itself(bench: Any) -> None:
    bench.tell(words.TEST)
    assert (words.SELF_TEST, 0) in bench.heard
    bench.inputs.battery = False
    bench.tell(words.TEST)
    assert (words.SELF_TEST, words.TEST_NO_BATTERY) in bench.heard
    bench.inputs.battery = True
    bench.inputs.handset_closed = True
    bench.tell(words.TEST)
    assert (words.SELF_TEST, words.TEST_HOOK_STUCK) in bench.heard, "current before it counts as lifted"
    bench.inputs.handset_closed = False
    bench.inputs.ring_edges = 100
    bench.tell(words.TEST)
    assert (words.SELF_TEST, words.TEST_RING_STUCK) in bench.heard


def test_the_story_is_the_same_every_time() -> None:
    run: Callable[[], list[tuple[object, ...]]] = importlib.import_module("story").run
    assert run() == run()
