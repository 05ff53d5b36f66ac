"""How good a connection is: the E-model's rating R and the mean opinion score it predicts, for G.711.

    R = 93.2 − Id(delay) − Ie,eff(loss)         MOS = 1 + 0.035 R + R (R − 60)(100 − R) · 7·10⁻⁶

Everything but delay and loss is at the default values of ITU-T G.107, which give 93.2. The delay impairment
is the two-line fit of Cole and Rosenbluth to G.107's curve (echo controlled): 0.024 a millisecond, and 0.11
more above 177.3 ms. Loss follows G.107 equation 7-29 with G.113 appendix I's robustness of G.711: Bpl 25.1
with concealment, 4.3 without. A frame that comes too late to be played is a lost one, and the jitter buffer
is part of the delay. Pure functions; milliseconds, percent.

Sources: ITU-T G.107 (clauses 7.1, 7.5, annex B), G.113 appendix I table I.4; R. Cole, J. Rosenbluth, "Voice
over IP performance monitoring", ACM CCR 31, 2001.
"""

from __future__ import annotations

from typing import Final

DEFAULT_R: Final = 93.2
DELAY_SLOPE: Final = 0.024
STEEP_FROM_MS: Final = 177.3
STEEP_SLOPE: Final = 0.11
BPL_CONCEALED: Final = 25.1
"""Packet-loss robustness of G.711 with concealment, random loss."""
BPL_PLAIN: Final = 4.3
FULL_IMPAIRMENT: Final = 95.0
LOWEST_MOS: Final = 1.0
HIGHEST_MOS: Final = 4.5
PACKET_MS: Final = 20.0


def delay_impairment(delay_ms: float) -> float:
    """Return Id of a one-way delay, mouth to ear."""
    delay = max(delay_ms, 0.0)
    return DELAY_SLOPE * delay + STEEP_SLOPE * max(delay - STEEP_FROM_MS, 0.0)


def loss_impairment(loss_percent: float, *, burst_ratio: float = 1.0, concealed: bool = True) -> float:
    """Return Ie,eff of G.711.

    Args:
        loss_percent: Frames not played, lost or late.
        burst_ratio: Mean length of a burst of losses relative to random loss; 1 is random.
        concealed: Whether lost frames are concealed.
    """
    loss = min(max(loss_percent, 0.0), 100.0)
    if loss == 0:
        return 0.0
    robustness = BPL_CONCEALED if concealed else BPL_PLAIN
    return FULL_IMPAIRMENT * loss / (loss / max(burst_ratio, 1.0) + robustness)


def rating(
    delay_ms: float,
    loss_percent: float,
    *,
    burst_ratio: float = 1.0,
    concealed: bool = True,
) -> float:
    """Return R, 0 to 93.2."""
    impairments = delay_impairment(delay_ms) + loss_impairment(
        loss_percent, burst_ratio=burst_ratio, concealed=concealed
    )
    return max(0.0, DEFAULT_R - impairments)


def mos(r: float) -> float:
    """Return the mean opinion score of a rating (G.107 annex B), 1 to 4.5."""
    if r <= 0:
        return LOWEST_MOS
    if r >= 100:
        return HIGHEST_MOS
    # The cubic dips below 1 under R = 6.5, which no opinion does.
    return max(LOWEST_MOS, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def call_mos(
    *,
    round_trip_ms: float | None,
    jitter_buffer_ms: float,
    loss_percent: float,
    late_percent: float = 0.0,
    burst_ratio: float = 1.0,
) -> float:
    """Return the score of one direction of a call from what RTCP and the jitter buffer know.

    Args:
        round_trip_ms: Of the network, from receiver reports; None counts as 0.
        jitter_buffer_ms: Mean delay of the receiving jitter buffer.
        loss_percent: Packets that never came.
        late_percent: Packets that came too late.
        burst_ratio: As in `loss_impairment`.
    """
    one_way = (round_trip_ms or 0.0) / 2 + jitter_buffer_ms + PACKET_MS
    return mos(rating(one_way, loss_percent + late_percent, burst_ratio=burst_ratio))
