"""Ringing several parties at once: the first answer wins, the others are told "answered elsewhere".

Theory of operation
-------------------
    attempt   waiting its delay ─► ringing ─┬─ answered ─► [asked to press a key] ─► won
                                            └─ refused, busy, time over, key not pressed ─► lost

Each attempt is a task. The race ends with the first that has won, with a phone that picks the call up, or
when the last has lost. When nobody rings any more but somebody's delay still runs, that delay is cut short:
the caller has no use for the silence. A race that is cancelled leaves its legs to the call's wind-up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from firmware.core.causes import Cause
from firmware.core.leg import DigitPressed, Leg, LegEnded, LegEvent, LegState, Party, StateChanged
from firmware.core.media import MediaPlane, PlayItem

# What the caller is told when several were tried: the most telling cause first.
_TELLING = (Cause.BUSY, Cause.NO_ANSWER, Cause.REJECTED, Cause.NO_CIRCUIT)


class Confirm(msgspec.Struct, frozen=True):
    """Have whoever answers press a key first, so that a mobile's own voicemail never takes the call."""

    items: tuple[PlayItem, ...]
    """Played to the party: "press 1 to take this call"."""
    key: str = "1"
    seconds: float = 10.0
    """How long to wait for the key, from the answer on."""


class Attempt(msgspec.Struct, frozen=True):
    """One party to ring."""

    who: str
    """The extension it is rung for, also where that is a mobile."""
    make: Callable[[], Leg | Cause]
    """Makes the leg when its time has come; a cause says why there is none (no line free, phone busy)."""
    seconds: float = 25.0
    """How long to ring at most."""
    delay_seconds: float = 0.0
    """How long after the others to begin."""
    confirm: Confirm | None = None
    shown: Party | None = None
    """The caller as this party is to see it; None for the caller as it is."""
    group: str | None = None
    """The hunt group or queue it is rung for, for the record."""


class Rung(msgspec.Struct, frozen=True):
    """What came of ringing somebody."""

    leg: Leg | None
    """The connected leg; None when nobody took the call."""
    who: str
    """Who took it; "" for nobody."""
    causes: dict[str, Cause]
    """Why the others didn't, as far as it came to that."""
    redirects: dict[str, str] = {}
    """Where the phones of some of them want the call to go instead (SIP 302)."""

    @property
    def cause(self) -> Cause:
        """Why nobody took it, in one word; `NORMAL` when somebody did."""
        if self.leg is not None:
            return Cause.NORMAL
        said = set(self.causes.values())
        telling = next((cause for cause in _TELLING if cause in said), None)
        return telling or next(iter(self.causes.values()), Cause.NO_USER_RESPONDING)


class Ringer(Protocol):
    """What a race needs of the call it runs for."""

    caller: Leg

    def ringing_began(self, leg: Leg, attempt: Attempt) -> None:
        """Take a leg into the call, which hangs it up when it ends."""

    def ringing_ended(self, leg: Leg, cause: Cause) -> None:
        """Note what came of it; `NORMAL` when the party took the call."""


class Race:
    """One race. `run` it once.

    Args:
        call: Whose caller is to be connected.
        media: Plays the question to those who must confirm.
        attempts: Whom to ring.
    """

    def __init__(self, call: Ringer, media: MediaPlane, attempts: Sequence[Attempt]) -> None:
        self._call = call
        self._media = media
        self._attempts = sorted(attempts, key=lambda attempt: attempt.delay_seconds)
        self._go = [asyncio.Event() for _ in self._attempts]
        self._waiting = set(range(len(self._attempts)))
        self._rung: list[Leg] = []
        self._causes: dict[str, Cause] = {}
        self._redirects: dict[str, str] = {}
        self._picked: asyncio.Future[Leg | Cause] = asyncio.get_running_loop().create_future()

    def pick_up(self, leg: Leg) -> bool:
        """Have a connected leg take the call that rings; false when somebody was quicker."""
        if self._picked.done():
            return False
        self._picked.set_result(leg)
        return True

    async def run(self) -> Rung:
        """Ring until somebody has taken the call or everybody has not."""
        tasks: dict[asyncio.Future[Leg | Cause], str] = {self._picked: ""}
        for index, attempt in enumerate(self._attempts):
            tasks[asyncio.create_task(self._try(index, attempt))] = attempt.who
        pending = set(tasks)
        try:
            while len(pending) > 1:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                # In the order of the attempts, so that of two answers in one moment the same one wins always.
                for task in [task for task in tasks if task in done]:
                    result = task.result()
                    if isinstance(result, Leg):
                        return await self._won(result, tasks[task] or result.address)
                    self._causes[tasks[task]] = result
                if pending and len(pending) - 1 == len(self._waiting):
                    self._go[min(self._waiting, default=0)].set()
            return Rung(None, "", self._causes, self._redirects)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _won(self, winner: Leg, who: str) -> Rung:
        for leg in self._rung:
            if leg is not winner:
                await leg.hang_up(Cause.ANSWERED_ELSEWHERE)
        # A caller who isn't answered yet speaks wideband if whoever took the call does.
        self._call.caller.wideband = winner.can_wideband
        return Rung(winner, who, self._causes)

    async def _try(self, index: int, attempt: Attempt) -> Leg | Cause:
        if attempt.delay_seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(attempt.delay_seconds):
                    await self._go[index].wait()
        self._waiting.discard(index)
        leg = attempt.make()
        if isinstance(leg, Cause):
            return leg
        self._rung.append(leg)
        self._call.ringing_began(leg, attempt)
        relay = asyncio.create_task(self._relay_alerting(leg))
        cause = Cause.ANSWERED_ELSEWHERE
        try:
            cause = await self._outcome(leg, attempt)
        finally:
            relay.cancel()
            self._call.ringing_ended(leg, cause)
        return leg if cause is Cause.NORMAL else cause

    async def _outcome(self, leg: Leg, attempt: Attempt) -> Cause:
        """Ring one leg; `NORMAL` when it took the call, otherwise the leg has ended."""
        leg.wideband = self._call.caller.can_wideband
        try:
            try:
                async with asyncio.timeout(attempt.seconds):
                    await leg.ring(attempt.shown or self._call.caller.party)
                    await leg.answered()
            except TimeoutError:
                if not leg.is_taken:
                    await leg.hang_up(Cause.NO_ANSWER)
                    return Cause.NO_ANSWER
                # Its line ends it if no audio comes, but a call for help: somebody there can trace it.
                await leg.answered()
        except LegEnded as ended:
            # A party that "ends normally" before it has answered has not taken the call all the same.
            cause = ended.ending.cause
            if ended.ending.redirected_to:
                self._redirects[attempt.who] = ended.ending.redirected_to
            return Cause.NO_USER_RESPONDING if cause is Cause.NORMAL else cause
        if attempt.confirm is not None and not await self._confirmed(leg, attempt.confirm):
            await leg.hang_up(Cause.NORMAL)
            return Cause.NO_ANSWER
        return Cause.NORMAL

    async def _confirmed(self, leg: Leg, confirm: Confirm) -> bool:
        """Ask the party to press the key; false when it presses another, nothing, or hangs up."""
        loop = asyncio.get_running_loop()
        key: asyncio.Future[str] = loop.create_future()

        def on_event(event: LegEvent) -> None:
            if isinstance(event, DigitPressed) and not key.done():
                key.set_result(event.digit)

        unsubscribe = leg.subscribe(on_event)
        question = self._media.play(leg.port, confirm.items, repeat=True) if leg.port is not None else None
        ended = asyncio.ensure_future(leg.ended())
        waits: set[asyncio.Future[Any]] = {key, ended}
        try:
            await asyncio.wait(waits, timeout=confirm.seconds, return_when=asyncio.FIRST_COMPLETED)
            return leg.ending is None and key.done() and key.result() == confirm.key
        finally:
            unsubscribe()
            key.cancel()
            ended.cancel()
            if question is not None:
                question.stop()

    async def _relay_alerting(self, leg: Leg) -> None:
        """Let a caller we haven't answered, whose own phone makes the tone, know that it rings there."""
        alerting = asyncio.Event()

        def on_event(event: LegEvent) -> None:
            if isinstance(event, StateChanged) and event.after is LegState.ALERTING:
                alerting.set()

        unsubscribe = leg.subscribe(on_event)
        try:
            await alerting.wait()
            await self._call.caller.progress()
        finally:
            unsubscribe()
