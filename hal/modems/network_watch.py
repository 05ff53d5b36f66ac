"""Where a modem stands with its mobile network: registration, operator, signal, the network's clock.

Notifications tell a change at once, but may get lost: `look` asks for all of it, every `REGISTRATION_POLL`
while not registered, else every `STATUS_POLL`.
"""

from __future__ import annotations

from typing import Protocol

from hal.at.channel import Command
from hal.at.network import (
    CAN_CALL,
    CAN_TEXT,
    REGISTRATION_PREFIXES,
    Operator,
    Registration,
    RegistrationStat,
    Signal,
)
from hal.at.procedures import Procedure, ask, pause
from hal.at.texts import Clock
from hal.line import LineEvent, NetworkTime
from hal.modems.wording import SEARCHING, UNREGISTERED

REGISTRATION_POLL = 5.0
"""Seconds between looks while not registered; notifications may get lost."""
STATUS_POLL = 30.0
"""Seconds between looks at registration, operator and signal while all is well."""
TIME_POLL = 3600.0
"""Seconds between looks at the network's time."""
_COPS_TIMEOUT = 15.0


class Host(Protocol):
    """What is needed of the driver."""

    @property
    def now(self) -> float: ...

    def emit(self, event: LineEvent) -> None: ...

    def call_changed(self) -> None:
        """Compute the line's state anew."""


class NetworkWatch:
    """One modem's network, as far as it has told."""

    def __init__(self, host: Host) -> None:
        self.operator: str | None = None
        self._host = host
        self._stats: dict[str, RegistrationStat] = {}
        self._told: set[str] = set()
        """Domains of which a notification came since they were asked for."""
        self._signal: Signal | None = None
        self._next_time = 0.0

    @property
    def stats(self) -> frozenset[RegistrationStat]:
        """The registrations of all domains."""
        return frozenset(self._stats.values())

    @property
    def dbm(self) -> int | None:
        """The received level; None while not known."""
        return self._signal.dbm if self._signal is not None else None

    @property
    def can_call(self) -> bool:
        return not CAN_CALL.isdisjoint(self.stats)

    @property
    def can_text(self) -> bool:
        return not CAN_TEXT.isdisjoint(self.stats)

    @property
    def in_words(self) -> str:
        if self.can_call:
            signal = f", {self.dbm} dBm" if self.dbm is not None else ""
            return f"{self.operator or 'registered'}{signal}"
        worst = (UNREGISTERED[stat] for stat in self._stats.values() if stat in UNREGISTERED)
        return next(worst, SEARCHING)

    def told(self, registration: Registration) -> None:
        """A notification."""
        self._stats[registration.domain] = registration.stat
        self._told.add(registration.domain)

    def forget(self) -> None:
        """The modem begins anew."""
        self._stats.clear()
        self.operator = self._signal = None

    def watch(self) -> Procedure:
        """Look again and again."""
        self._next_time = self._host.now
        while True:
            yield from self._look()
            yield from pause(STATUS_POLL if self.can_call else REGISTRATION_POLL)

    def _look(self) -> Procedure:
        for prefix in REGISTRATION_PREFIXES:
            self._told.clear()
            outcome = yield from ask(Command(f"{prefix[:-1]}?", prefix=prefix))
            for line in outcome.lines:
                registration = Registration.parse(line, pending=True)
                # What was told in the meantime is newer than the answer.
                if registration is not None and registration.domain not in self._told:
                    self._stats[registration.domain] = registration.stat
        outcome = yield from ask(Command("+CSQ", prefix="+CSQ:"))
        self._signal = next(filter(None, map(Signal.parse, outcome.lines)), self._signal)
        if self.can_call:
            outcome = yield from ask(Command("+COPS?", prefix="+COPS:", timeout=_COPS_TIMEOUT))
            operator = next(filter(None, map(Operator.parse, outcome.lines)), None)
            self.operator = operator.name if operator is not None else self.operator
            if self._host.now >= self._next_time:
                yield from self._ask_time()
        self._host.call_changed()

    def _ask_time(self) -> Procedure:
        outcome = yield from ask(Command("+CCLK?", prefix="+CCLK:"))
        clock = next(filter(None, map(Clock.parse, outcome.lines)), None)
        if clock is not None:
            self._next_time = self._host.now + TIME_POLL
            self._host.emit(NetworkTime(clock.time))
