"""Watches one outside leg: bills it when it ends, and ends it when a cap is met."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from firmware.core.causes import Cause
from firmware.core.leg import Leg, LegEvent, LegState, StateChanged
from firmware.core.trace import Said
from firmware.core.trace.numbers import Caps
from firmware.switch.outbound.guard import Guard, Lease

logger = logging.getLogger(__name__)

# How often a running call is looked at again: others that begin meanwhile use up the same minutes.
_LOOK_AGAIN_SECONDS = 20.0


class Meter:
    """One outside leg's meter; lives as long as the leg, in whichever call that is.

    Args:
        guard: Counts.
        lease: The leg's.
        leg: Ringing or connected.
        on_cost: Told what the call cost, when it is over and was answered.
        on_limit: Told in plain words that a limit ends the call.
    """

    def __init__(
        self,
        guard: Guard,
        lease: Lease,
        leg: Leg,
        on_cost: Callable[[float], None],
        on_limit: Callable[[Said], None],
    ) -> None:
        self._guard = guard
        self._lease = lease
        self._leg = leg
        self._on_cost = on_cost
        self._on_limit = on_limit
        self._talked = False
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._unsubscribe = leg.subscribe(self._on_event)

    def _on_event(self, event: LegEvent) -> None:
        if not isinstance(event, StateChanged):
            return
        if event.after is LegState.CONNECTED and not self._talked:
            self._talked = True
            self._guard.answered(self._lease, self._now())
            self._look()
        elif event.after is LegState.ENDED:
            self._unsubscribe()
            if self._timer is not None:
                self._timer.cancel()
            cost = self._guard.end(self._lease, self._now(), talked=self._talked)
            if self._talked:
                self._on_cost(cost)

    def _look(self) -> None:
        now = self._now()
        left = self._guard.seconds_left(self._lease, now)
        if left > 0:
            self._timer = asyncio.get_running_loop().call_later(min(left, _LOOK_AGAIN_SECONDS), self._look)
            return
        reason = self._guard.reached(self._lease, now) or Caps.SOME()
        self._on_limit(reason)
        self._ending = asyncio.create_task(
            self._leg.hang_up(Cause.NORMAL), name=f"{self._leg.id} at its limit"
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
