"""A network that goes away under hundreds of calls at once: all fade, none clicks, and no tick takes long."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.core.media import PCMA, PCMU
from firmware.media.g711 import FRAME, I16, LAWS
from firmware.media.gaps import MAX_FRESH
from firmware.media.jitter import JitterRings
from firmware.media.rtp import RtpPacket
from tests.media.rig import heard_frequency, tone

CALLS = 2 * MAX_FRESH + 50
SPOKEN = tone(440, 1)
STEP = int(np.abs(np.diff(SPOKEN.astype(np.int32))).max())
"""Between two samples of what is said."""
LAST = CALLS - 1
"""One of the many that no concealer is left for."""


class Office:
    """Hundreds of phones that all say the same, half of them in either law."""

    def __init__(self) -> None:
        self.rings = JitterRings(CALLS)
        self.kinds = [PCMA if row % 2 else PCMU for row in range(CALLS)]
        self._number = 0
        self.heard: list[I16] = []
        """A frame of every row, a tick each."""
        for row, kind in enumerate(self.kinds):
            self.rings.open(row)
            self.rings.aim(row, kind, muted=False)

    def ticks(self, count: int, *, lost: bool = False) -> None:
        """Let time pass, with packets or without."""
        for _ in range(count):
            at = self._number * FRAME
            if not lost:
                for row, kind in enumerate(self.kinds):
                    words = LAWS[kind].encode(SPOKEN[at : at + FRAME]).tobytes()
                    self.rings.receive(row, RtpPacket(kind, False, self._number, at, row, words))
            self._number += 1
            played = self.rings.play()
            self.heard.append(
                np.stack([LAWS[kind].decoded[played[row]] for row, kind in enumerate(self.kinds)])
            )

    def sound(self, row: int) -> I16:
        """Return what a row said, as it is heard."""
        return np.concatenate([frames[row] for frames in self.heard])


@pytest.fixture
def office() -> Office:
    office = Office()
    office.ticks(10)
    return office


@pytest.mark.parametrize("row", [0, 1, LAST - 1, LAST])
@pytest.mark.parametrize("outage", [1, 2, 4])
def test_an_outage_is_heard_as_a_fade_and_not_as_a_click_in_any_call(
    office: Office, outage: int, row: int
) -> None:
    office.ticks(outage, lost=True)
    office.ticks(10)
    sound = office.sound(row).astype(np.int32)
    assert np.abs(np.diff(sound)).max() < 1.6 * STEP
    fade = np.abs(sound[10 * FRAME : 11 * FRAME])
    assert fade[:40].max() > 5000
    assert heard_frequency(office.sound(row)[-6 * FRAME :]) == 440
    assert office.rings.lost >= CALLS


def test_those_no_concealer_is_left_for_are_silent_after_20_ms_and_there_again_after_5(
    office: Office,
) -> None:
    office.ticks(3, lost=True)
    office.ticks(8)
    sound = np.abs(office.sound(LAST).astype(np.int32))
    fade, silence = sound[10 * FRAME : 11 * FRAME], sound[11 * FRAME : 13 * FRAME]
    peaks = fade.reshape(4, -1).max(axis=1).tolist()
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[0] > 5000
    assert fade[-8:].max() < 500
    assert silence.max() <= 8
    back = sound[13 * FRAME :]
    assert np.flatnonzero(back > 6000)[0] - np.flatnonzero(back > 8)[0] < 80
    # The others are made up meanwhile.
    assert np.abs(office.sound(0)[11 * FRAME : 12 * FRAME].astype(np.int32)).max() > 2000


def test_the_words_after_an_outage_are_those_that_were_said(office: Office) -> None:
    office.ticks(2, lost=True)
    office.ticks(10)
    law = LAWS[office.kinds[LAST]]
    said = [law.decoded[law.encode(SPOKEN[at : at + 4 * FRAME])] for at in range(0, 22 * FRAME, FRAME)]
    assert any(np.array_equal(office.sound(LAST)[-4 * FRAME :], words) for words in said)
