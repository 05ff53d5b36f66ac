"""What lasts as long as a call: procedures that end with it, and commands whose outcome is still owed."""

from __future__ import annotations

from typing import Protocol

from hal.at.procedures import Procedure

CALL_OVER = "the call is over"


class Starter(Protocol):
    """What is needed of the driver around them."""

    def settle(self, ticket: int, error: str | None) -> None: ...

    def start(self, procedure: Procedure) -> Procedure: ...

    def cancel(self, procedure: Procedure | None) -> None: ...


class Errands:
    """Procedures and tickets of one line's calls, one call after the other."""

    def __init__(self, host: Starter) -> None:
        self._host = host
        self._running: list[Procedure] = []
        self._owed: dict[int, str | None] = {}

    def owe(self, ticket: int, at_end: str | None = CALL_OVER) -> None:
        """Note that a command isn't settled yet, and what to tell when the call ends before it is."""
        self._owed[ticket] = at_end

    def settle(self, ticket: int, error: str | None) -> None:
        """Tell the outcome of a command, once."""
        if ticket in self._owed:
            del self._owed[ticket]
            self._host.settle(ticket, error)

    def run(self, procedure: Procedure) -> None:
        """Start a procedure that ends with the call."""
        self._running.append(procedure)
        self._host.start(procedure)

    def stop(self, but: Procedure | None = None) -> None:
        """End the procedures, save one."""
        running, self._running = self._running, [one for one in self._running if one is but]
        for procedure in running:
            if procedure is not but:
                self._host.cancel(procedure)

    def drop(self) -> None:
        """The call is over: settle what is owed and end what runs."""
        for ticket, error in list(self._owed.items()):
            self.settle(ticket, error)
        self.stop()
