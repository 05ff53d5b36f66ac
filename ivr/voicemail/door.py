"""The door of the mailboxes: PINs, tried and set."""

from __future__ import annotations

import asyncio

import msgspec

from firmware.core.clock import Clock
from firmware.core.messages import MailboxState, MessageStore
from ivr.voicemail import pins
from ivr.voicemail.model import Resolved


class Door:
    """Opens mailboxes to whoever knows their PINs.

    Args:
        store: Keeps the mailboxes' PINs, and how often they were wrong.
        clock: Times how long a mailbox stays locked.
    """

    def __init__(self, store: MessageStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def open(self, box: Resolved, pin: str) -> MailboxState | None:
        """Open a mailbox by its PIN; None when that is wrong, or none is taken now."""
        state = await self._store.mailbox(box.name)
        now = self._clock.now().wall_ms
        if pins.locked_ms(state, now):
            return None
        if await asyncio.to_thread(pins.fits, pin, state.pin):
            if state.wrong_pins:
                await self._store.keep_mailbox(pins.after_right(state))
            return state
        if state.pin:
            await self._store.keep_mailbox(pins.after_wrong(state, now))
        return None

    async def set_pin(self, box: Resolved, pin: str) -> None:
        """Set a mailbox's PIN, which unlocks it.

        Raises:
            UserError: It is no good PIN; the text says why.
        """
        pins.check_pin(pin, box.owner or box.box.number)
        hashed = await asyncio.to_thread(pins.hashed, pin)
        state = await self._store.mailbox(box.name)
        await self._store.keep_mailbox(
            msgspec.structs.replace(state, pin=hashed, wrong_pins=0, locked_wall_ms=0)
        )
