"""The least switch there can be: connects a caller's leg to the dialled extension's and ends both together.

It stands in for `firmware.switch` where only signalling is tested or measured.
"""

from __future__ import annotations

import asyncio

from extensions.phones import Phones
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause
from firmware.core.leg import Leg, LegEnded, LegEvent, LegState, StateChanged


class TwoLegs:
    """Connects calls on `phones` until closed."""

    def __init__(self, phones: Phones) -> None:
        self.connected = 0
        self._phones = phones
        self._tasks: set[asyncio.Task[None]] = set()
        phones.on_incoming = self._incoming

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _incoming(self, caller: SipLeg, dialled: str) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(caller, dialled))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, caller: SipLeg, dialled: str) -> None:
        called = self._phones.leg_to(dialled)
        gone = asyncio.ensure_future(_when_ended(caller, called))
        try:
            await called.ring(caller.party)
            called.subscribe(lambda event: self._alerting(event, caller))
            await called.answered()
            await caller.answer()
            self.connected += 1
            await called.ended()
            await caller.hang_up()
        except LegEnded as end:
            await caller.hang_up(end.ending.cause)
            await called.hang_up(end.ending.cause)
        finally:
            gone.cancel()

    def _alerting(self, event: LegEvent, caller: SipLeg) -> None:
        if isinstance(event, StateChanged) and event.after is LegState.ALERTING:
            task = asyncio.get_running_loop().create_task(caller.progress())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _when_ended(one: Leg, other: Leg) -> None:
    """Hang up `other` as soon as `one` has ended."""
    await one.ended()
    await other.hang_up(Cause.NORMAL)
