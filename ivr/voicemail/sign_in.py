"""The door of a mailbox: who may hear its messages.

own phone ─────────────────────────────► in (with the PIN, where that is set)
another phone, outside ─► number ─► PIN ─┬─ right ─► in
                                         ├─ wrong, three times a call ─► out; five in a row lock the mailbox
                                         └─ none set, or locked ─► out
"""

from __future__ import annotations

from firmware.core.messages import MailboxState
from firmware.core.trace import Said
from firmware.core.trace.voice import InMailbox
from firmware.switch.call import Call
from ivr.prompts import Prompts
from ivr.prompts.said import said
from ivr.voicemail import pins
from ivr.voicemail.desk import Voicemail
from ivr.voicemail.model import Resolved

TRIES_A_CALL = 3
_FIRST_SECONDS, _NEXT_SECONDS = 8.0, 4.0
_MOST_DIGITS = 10


async def ask_mailbox(call: Call, prompts: Prompts, voicemail: Voicemail) -> Resolved | None:
    """Ask which mailbox; None when there is none of that number."""
    number = await call.collect(
        said("vm-enter-mailbox"),
        prompts("vm-enter-mailbox"),
        is_complete=lambda digits: len(digits) >= _MOST_DIGITS,
        first_seconds=_FIRST_SECONDS,
        next_seconds=_NEXT_SECONDS,
    )
    box = voicemail.find(number)
    if box is None:
        call.journey.route(InMailbox.NO_BOX(mailbox=number))
    return box


async def sign_in(call: Call, box: Resolved, prompts: Prompts, voicemail: Voicemail) -> bool:
    """Ask for the PIN of a mailbox; true when it is open.

    A mailbox without a PIN says what it says of a wrong one: nobody outside learns which have one.
    """
    for _ in range(TRIES_A_CALL):
        pin = await call.collect(
            said("enter-pin"),
            prompts("enter-pin"),
            is_complete=lambda digits: len(digits) >= pins.LONGEST,
            first_seconds=_FIRST_SECONDS,
            next_seconds=_NEXT_SECONDS,
            secret=True,
        )
        if await voicemail.door.open(box, pin) is not None:
            call.journey.route(InMailbox.SIGNED_IN(mailbox=box.name))
            return True
        state = await voicemail.store.mailbox(box.name)
        locked = pins.locked_ms(state, voicemail.clock.now().wall_ms)
        if locked:
            call.journey.route(InMailbox.LOCKED(mailbox=box.name, minutes=round(locked / 60_000)))
            await call.play(said("vm-locked"), prompts("vm-locked"))
            return False
        call.journey.route(_refusal(box, state))
        call.forget_digits()
        await call.play(said("wrong-pin"), prompts("wrong-pin"))
    return False


def _refusal(box: Resolved, state: MailboxState) -> Said:
    return (InMailbox.WRONG_PIN if state.pin else InMailbox.NO_PIN)(mailbox=box.name)
