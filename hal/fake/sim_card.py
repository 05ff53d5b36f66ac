"""A SIM card with its PIN and PUK accounting (ETSI TS 102 221, 9.5; 3GPP TS 27.007, 8.3)."""

from __future__ import annotations

import enum

PIN_TRIES = 3
PUK_TRIES = 10
MESSAGE_SLOTS = 20
"""Messages a card holds; real ones 10 to 50."""


class SimState(enum.Enum):
    """The words of AT+CPIN?; an absent or dead card answers with an error instead."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    ABSENT = "absent"
    DEAD = "dead"


class SimCard:
    """One card. A wrong PIN costs a try, for good: power cycles don't give it back."""

    def __init__(self, pin: str | None = None, puk: str = "12345678", *, present: bool = True) -> None:
        self.present = present
        self.pin_tries = PIN_TRIES
        self.puk_tries = PUK_TRIES
        self.messages: dict[int, tuple[int, str]] = {}
        """Slot → stat (27.005, 3.1) and PDU."""
        self.slots = MESSAGE_SLOTS
        self._pin = pin
        self._puk = puk
        self._open = False

    def keep(self, stat: int, pdu: str) -> int | None:
        """Store a message; return its slot, or None when the card is full."""
        free = next((slot for slot in range(1, self.slots + 1) if slot not in self.messages), None)
        if free is not None:
            self.messages[free] = (stat, pdu)
        return free

    @property
    def state(self) -> SimState:
        if not self.present:
            return SimState.ABSENT
        if self.puk_tries == 0:
            return SimState.DEAD
        if self.pin_tries == 0:
            return SimState.PUK
        return SimState.READY if self._pin is None or self._open else SimState.PIN

    def power_cycle(self) -> None:
        self._open = False

    def enter_pin(self, pin: str) -> bool:
        """Return whether it was right; a wrong one costs a try."""
        if pin == self._pin:
            self._open = True
            self.pin_tries = PIN_TRIES
            return True
        self.pin_tries -= 1
        return False

    def enter_puk(self, puk: str, new_pin: str) -> bool:
        """Return whether it was right; ten wrong ones kill the card."""
        if puk == self._puk:
            self._pin, self._open = new_pin, True
            self.pin_tries, self.puk_tries = PIN_TRIES, PUK_TRIES
            return True
        self.puk_tries -= 1
        return False
