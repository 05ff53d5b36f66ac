"""From what a jitter ring counted and RTCP told to one port's `Quality`."""

from __future__ import annotations

from firmware.core.media import Quality
from firmware.media.dsp.emodel import call_mos
from firmware.media.jitter_state import Reception
from firmware.media.rtcp import FarReport


def quality_of(reception: Reception, far: FarReport | None = None) -> Quality:
    """Return the figures of one port.

    Args:
        reception: What came in.
        far: What the peer last reported of our stream.
    """
    expected = max(reception.expected, 1)
    loss = 100 * max(0, expected - reception.received) / expected
    late = 100 * min(reception.late, expected) / expected
    round_trip = None if far is None else far.round_trip_ms
    return Quality(
        mos=call_mos(
            round_trip_ms=round_trip,
            jitter_buffer_ms=1000 * reception.delay,
            loss_percent=loss,
            late_percent=late,
        ),
        loss_percent=loss,
        late_percent=late,
        jitter_ms=1000 * reception.jitter,
        delay_ms=1000 * reception.delay,
        round_trip_ms=round_trip,
        far_loss_percent=None if far is None else far.loss_percent,
        far_jitter_ms=None if far is None else far.jitter_ms,
    )
