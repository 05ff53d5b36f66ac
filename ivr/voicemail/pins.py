"""PINs of mailboxes: what is no PIN, how one is kept, when the door is locked.

wrong, wrong … five in a row ─► locked 15 min ─► one more wrong ─► 30 min ─► 60 min … a day at most
right ─────────────────────────────────────────────────────────────────► all is forgotten
"""

from __future__ import annotations

import itertools

import argon2
import msgspec

from firmware.core.errors import UserError
from firmware.core.messages import MailboxState

SHORTEST, LONGEST = 4, 10
FREE_TRIES = 5
"""Wrong PINs in a row that cost nothing: fingers slip."""
FIRST_LOCK_MS = 15 * 60_000
LONGEST_LOCK_MS = 24 * 3_600_000

# No hash is slow enough to save four digits; this one keeps them out of sight, in 10 ms on a Pi.
_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=4096, parallelism=1)


def check_pin(pin: str, number: str) -> None:
    """Refuse what everybody would try first.

    Args:
        pin: As keyed.
        number: The mailbox's extension.

    Raises:
        UserError: It is no PIN; the text says what to do.
    """
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        raise UserError(f"A PIN has {SHORTEST} to {LONGEST} digits.")
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise UserError("A PIN of the same digit or of digits in a row is guessed at once. Choose another.")
    evens, odds = set(pin[::2]), set(pin[1::2])
    if (len(evens) == len(odds) == 1) or (len(set(pin)) == 2 and pin == pin[: len(pin) // 2] * 2):
        raise UserError("A PIN of two digits over and over is guessed at once. Choose another.")
    if number and (pin == number or pin == number * (len(pin) // len(number)) or pin == number[::-1]):
        raise UserError("The extension's number is no PIN. Choose another.")
    if len(pin) == 4 and 1940 <= int(pin) <= 2030:
        raise UserError("A year is guessed soon. Choose another PIN.")


def hashed(pin: str) -> str:
    """Return what is kept of a PIN. Takes some milliseconds."""
    return _HASHER.hash(pin)


def fits(pin: str, kept: str) -> bool:
    """Tell whether a PIN is the one that was kept. Takes some milliseconds."""
    try:
        return bool(kept) and _HASHER.verify(kept, pin)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def locked_ms(mailbox: MailboxState, now_wall_ms: int) -> int:
    """Return for how long no PIN is taken; 0 when one is."""
    left = mailbox.locked_wall_ms - now_wall_ms
    # A clock that was set back must not lock anybody out for years.
    return max(0, min(left, LONGEST_LOCK_MS))


def after_wrong(mailbox: MailboxState, now_wall_ms: int) -> MailboxState:
    """Return the mailbox after a wrong PIN."""
    wrong = mailbox.wrong_pins + 1
    locked = mailbox.locked_wall_ms
    if wrong >= FREE_TRIES:
        locked = now_wall_ms + min(FIRST_LOCK_MS * 2 ** (wrong - FREE_TRIES), LONGEST_LOCK_MS)
    return msgspec.structs.replace(mailbox, wrong_pins=wrong, locked_wall_ms=locked)


def after_right(mailbox: MailboxState) -> MailboxState:
    """Return the mailbox after the right PIN."""
    return msgspec.structs.replace(mailbox, wrong_pins=0, locked_wall_ms=0)
