"""An announcement to all phones of the office: spoken once, heard everywhere.

at a phone: speak ─► hear it, keep it ─┬─► every phone ─┬─ free: answers by itself, or rings ─► hears it twice
from a page: typed, or an own prompt ──┘                └─ in a talk: hears it on top of the talk
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from firmware.core.causes import Cause
from firmware.core.ids import PortId, new_port_id
from firmware.core.leg import Leg, LegEnded, Party
from firmware.core.media import MediaError, MediaPlane, PlayFile, PlayItem, PlayTone
from firmware.core.trace.voice import Announced
from firmware.switch.call import Call
from ivr.prompts import Prompts
from ivr.prompts.audio import write_prompt
from ivr.prompts.record_by_phone import record_take
from ivr.prompts.said import said

RING_SECONDS = 30.0
"""How long a phone that doesn't answer by itself rings for it."""
_TIMES = 2
_ATTENTION = PlayTone(frequencies=(850.0,), cadence_ms=(150, 100, 150), duration_ms=400)


class Everybody(msgspec.Struct, frozen=True):
    """The phones, as the composition root put it together."""

    free: Callable[[], Sequence[Leg]]
    """Returns a leg to every phone that is free now, made to answer by itself where it can."""
    talking: Callable[[], Sequence[PortId]]
    """Returns the ports of the phones that are in a talk now."""
    scratch: Path
    """A folder the media process may read from."""


async def broadcast(call: Call, prompts: Prompts, everybody: Everybody) -> None:
    """Have somebody at a phone speak an announcement, and all phones hear it."""
    await call.answer()
    samples = await record_take(call, prompts, everybody.scratch)
    if samples is None:
        return
    path = everybody.scratch / f"announcement-{new_port_id('all')}.wav"
    try:
        await asyncio.to_thread(write_prompt, samples, path)
        call.journey.route(Announced.BROADCAST(who=call.caller.address))
        hearers = Hearers(everybody.free(), [one for one in everybody.talking() if one != call.caller.port])
        for leg in hearers.free:
            call.take_leg(leg)
        words = announcement(prompts, [PlayFile(str(path))])
        count = await everywhere(call.media, call.caller.party, hearers, words)
    finally:
        path.unlink(missing_ok=True)
    call.journey.route(Announced.REACHED(count=count))
    await call.play(said("broadcast-done"), prompts("broadcast-done"))


class Hearers(msgspec.Struct, frozen=True):
    """Whom one announcement reaches."""

    free: Sequence[Leg]
    talking: Sequence[PortId]


def announcement(prompts: Prompts, words: Sequence[PlayItem]) -> list[PlayItem]:
    """Return what everybody hears: that something is announced, and what, twice."""
    return [_ATTENTION, *prompts("emergency-broadcast"), *words] * _TIMES


async def everywhere(media: MediaPlane, caller: Party, hearers: Hearers, items: Sequence[PlayItem]) -> int:
    """Play to all phones at once; return how many heard it to its end.

    Args:
        media: Plays it.
        caller: Whom free phones show while they ring.
        hearers: The phones.
        items: What they hear.
    """
    async with asyncio.TaskGroup() as tasks:
        heard = [tasks.create_task(_ring(media, caller, leg, items)) for leg in hearers.free]
        heard += [tasks.create_task(_play(media, port, items)) for port in hearers.talking]
    return sum(task.result() for task in heard)


async def _ring(media: MediaPlane, caller: Party, leg: Leg, items: Sequence[PlayItem]) -> bool:
    try:
        async with asyncio.timeout(RING_SECONDS):
            await leg.ring(caller)
            await leg.answered()
    except (TimeoutError, LegEnded):
        await leg.hang_up(Cause.NO_ANSWER)
        return False
    try:
        return leg.port is not None and await _play(media, leg.port, items)
    finally:
        await leg.hang_up()


async def _play(media: MediaPlane, port: PortId, items: Sequence[PlayItem]) -> bool:
    try:
        await media.play(port, items).finished()
    except MediaError:
        return False
    return True
