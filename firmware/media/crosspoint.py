"""Who hears whom: the routing of one tick, by rows.

    payload (rows × 160 codewords) ──────── copy ────────────────────────► outgoing payload
    linear  (rows × 160 int16) ──── gather ──┬── × gain, sum per sink ──┐
    player frames ───────────────────────────┴──────────────────────────┴─ clip ─ encode ─► outgoing payload
                                                                                 └────────► outgoing linear

The state (routes, players, codecs) changes a few times a call; it is compiled into index arrays then, and a
tick only follows those. A sink that hears exactly one source of its own codec, at 0 dB and without a
player, gets the very bytes that came in (fax tones and the µ-law word 0x7F survive).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.media.g711 import ALAW, FRAME, I16, U8, ULAW, Law, whole_frames
from firmware.media.rows import row_array

Rows = npt.NDArray[np.intp]


class Codec(enum.Enum):
    """How a port carries audio."""

    ULAW = "ulaw"
    ALAW = "alaw"
    G722 = "g722"
    """Copied as codewords, mixed as linear frames that are encoded afterwards (`wideband.py`)."""
    LINEAR = "linear"


_LAWS: dict[Codec, Law] = {Codec.ULAW: ULAW, Codec.ALAW: ALAW}


class Edge(msgspec.Struct, frozen=True):
    """A sink hears a source."""

    source: int
    """Row."""
    gain: float
    """Factor, not dB."""


class Delivery(msgspec.Struct, frozen=True):
    """Which of a block of linear frames go to sinks of one codec."""

    codec: Codec
    sinks: Rows
    picks: Rows | None
    """Index of each sink's frame in the block; None when the whole block goes there in order."""


def _deliveries(sinks: Sequence[int], codecs: Mapping[int, Codec]) -> tuple[Delivery, ...]:
    found = []
    for codec in Codec:
        picks = [index for index, sink in enumerate(sinks) if codecs[sink] is codec]
        if picks:
            everything = len(picks) == len(sinks)
            own = row_array([sinks[index] for index in picks])
            found.append(Delivery(codec, own, None if everything else row_array(picks)))
    return tuple(found)


class Plan(msgspec.Struct, frozen=True):
    """One compiled state: index arrays over rows."""

    copy_sinks: Rows
    copy_sources: Rows
    single_sources: Rows
    """What sinks hear that have one source at 0 dB, but can't be copied."""
    single_deliveries: tuple[Delivery, ...]
    mixed: int
    """How many sinks have several sources, a gain, or a player."""
    mixed_deliveries: tuple[Delivery, ...]
    edge_sources: Rows
    """Sources of the mixed sinks, sink by sink."""
    edge_gains: npt.NDArray[np.float32]
    edge_starts: Rows
    """Where each mixed sink's edges begin in `edge_sources`."""
    edge_owners: Rows
    """Which mixed sink each run of edges belongs to; a sink with a player only has none."""
    place: Mapping[int, int]
    """Index among the mixed sinks by row."""
    needs_linear: bool
    """Whether any sink hears decoded audio."""
    silent: Mapping[Codec, Rows]
    """Sinks that hear nothing."""


def compile_plan(
    codecs: Mapping[int, Codec],
    routes: Mapping[int, Sequence[Edge]],
    players: frozenset[int],
    processed: frozenset[int] = frozenset(),
) -> Plan:
    """Sort every sink into copied, single and mixed. Edges from rows without a codec are left out."""
    copies: list[tuple[int, int]] = []
    singles: list[tuple[int, int]] = []
    mixed: list[int] = []
    sources: list[int] = []
    gains: list[float] = []
    starts: list[int] = []
    owners: list[int] = []
    for sink, codec in codecs.items():
        edges = [edge for edge in routes.get(sink, ()) if edge.source in codecs]
        if sink not in players and len(edges) <= 1 and all(edge.gain == 1.0 for edge in edges):
            for edge in edges:
                same = codecs[edge.source] is codec and codec is not Codec.LINEAR
                same = same and edge.source not in processed
                (copies if same else singles).append((sink, edge.source))
            continue
        if edges:
            starts.append(len(sources))
            owners.append(len(mixed))
            sources.extend(edge.source for edge in edges)
            gains.extend(edge.gain for edge in edges)
        mixed.append(sink)
    hearing = {sink for sink, _ in copies} | {sink for sink, _ in singles} | set(mixed)
    return Plan(
        copy_sinks=row_array([sink for sink, _ in copies]),
        copy_sources=row_array([source for _, source in copies]),
        single_sources=row_array([source for _, source in singles]),
        single_deliveries=_deliveries([sink for sink, _ in singles], codecs),
        mixed=len(mixed),
        mixed_deliveries=_deliveries(mixed, codecs),
        edge_sources=row_array(sources),
        edge_gains=np.array(gains, np.float32).reshape(-1, 1),
        edge_starts=row_array(starts),
        edge_owners=row_array(owners),
        place={sink: index for index, sink in enumerate(mixed)},
        needs_linear=bool(singles or sources),
        silent={
            codec: row_array(rows)
            for codec in Codec
            if (rows := [row for row, own in codecs.items() if own is codec and row not in hearing])
        },
    )


class Crosspoint:
    """The routing state and its execution.

    `codecs`, `routes` and `players` may be changed at any time; call `changed` afterwards.
    """

    def __init__(self) -> None:
        self.codecs: dict[int, Codec] = {}
        """Codec of every open row; what is routed to or from other rows is silence."""
        self.routes: dict[int, tuple[Edge, ...]] = {}
        self.players: set[int] = set()
        """Rows that a player plays to."""
        self.processed: set[int] = set()
        """Rows that are heard otherwise than they came in, and so are never copied as codewords."""
        self._plan: Plan | None = None

    def changed(self) -> None:
        """Have the next tick follow the state as it is now."""
        self._plan = None

    def plan(self) -> Plan:
        """Return the compiled state."""
        if self._plan is None:
            self._plan = compile_plan(
                self.codecs, self.routes, frozenset(self.players), frozenset(self.processed)
            )
        return self._plan

    def run(
        self,
        payload: U8,
        linear: I16,
        played: Mapping[int, npt.NDArray[Any]],
        out_payload: U8,
        out_linear: I16,
    ) -> None:
        """Give every open row what it hears in this tick.

        Args:
            payload: What came in, in each row's codec, shape (rows, 160).
            linear: The same, decoded; may be stale when `plan().needs_linear` is false.
            played: A frame of 160 samples for every row in `players`, perhaps wider than 16 bits.
            out_payload: Written for rows of codec µ-law and A-law, shape (rows, 160).
            out_linear: Written for rows of codec linear, and of G.722 unless copied, shape (rows, 160).
        """
        plan = self.plan()
        for codec, rows in plan.silent.items():
            law = _LAWS.get(codec)
            if law is None:
                out_linear[rows] = 0
            else:
                out_payload[rows] = law.silence
        if len(plan.copy_sinks):
            whole_frames(out_payload)[plan.copy_sinks] = whole_frames(payload)[plan.copy_sources]
        if len(plan.single_sources):
            _deliver(plan.single_deliveries, linear[plan.single_sources], out_payload, out_linear)
        if plan.mixed:
            _deliver(plan.mixed_deliveries, _mix(plan, linear, played), out_payload, out_linear)


def _mix(plan: Plan, linear: I16, played: Mapping[int, npt.NDArray[Any]]) -> I16:
    """Return what the mixed sinks hear, shape (sinks, 160)."""
    total = np.zeros((plan.mixed, FRAME), np.float32)
    if len(plan.edge_sources):
        heard = linear[plan.edge_sources] * plan.edge_gains
        total[plan.edge_owners] = np.add.reduceat(heard, plan.edge_starts, axis=0)
    for row, frame in played.items():
        total[plan.place[row]] += frame
    np.rint(total, out=total)
    np.clip(total, -32768, 32767, out=total)
    return total.astype(np.int16)


def _deliver(deliveries: Sequence[Delivery], heard: I16, out_payload: U8, out_linear: I16) -> None:
    """Write linear frames to their sinks, each in its codec."""
    for delivery in deliveries:
        frames = heard if delivery.picks is None else heard[delivery.picks]
        law = _LAWS.get(delivery.codec)
        if law is None:
            out_linear[delivery.sinks] = frames
        else:
            out_payload[delivery.sinks] = law.encode(frames)
