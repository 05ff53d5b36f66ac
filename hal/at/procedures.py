"""Sequences of commands and pauses, written as generators and run without a loop of their own.

Theory of operation
-------------------
A procedure is a generator that yields a `Command` and is resumed with its `Outcome`, or yields a `Sleep` and
is resumed when that time has passed. Several run at once; the channel takes their commands in turn.
Cancelling one closes the generator where it stands (at its next step, when it cancels itself): a command of
it that waits is withdrawn, the answer to one already sent is dropped. The whole stays sans-IO: time comes in
as `now`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from typing import TypeAlias, TypeVar

from hal.at.channel import AtChannel, Command, Notification, Outcome


@dataclasses.dataclass(frozen=True)
class Sleep:
    seconds: float


_SLEPT = Outcome(Command(""))

_T = TypeVar("_T")
Steps: TypeAlias = Generator[Command | Sleep, Outcome, _T]
"""A part of a procedure that returns something; run it by `yield from`."""
Procedure: TypeAlias = Steps[None]


def ask(command: Command) -> Steps[Outcome]:
    """Send a command within a procedure (`yield from`) and return its outcome."""
    return (yield command)


def pause(seconds: float) -> Steps[None]:
    """Wait within a procedure (`yield from`)."""
    yield Sleep(seconds)


class Procedures:
    """Runs procedures over one channel."""

    def __init__(self, channel: AtChannel) -> None:
        self.channel = channel
        self.unanswered = 0
        """Commands in a row that got no answer while nothing at all was heard."""
        self._commands: dict[int, tuple[Procedure, Command]] = {}
        self._sleeping: dict[Procedure, float] = {}
        self._active: list[Procedure] = []
        """Running this moment, each started or cancelled by the one before it."""
        self._ending: set[Procedure] = set()
        """Cancelled while running; closed at their next step."""

    def start(self, procedure: Procedure, now: float) -> Procedure:
        """Run it up to its first command or pause; return it as the handle for `cancel`."""
        self._advance(procedure, None, now)
        return procedure

    def cancel(self, procedure: Procedure | None) -> None:
        """End a procedure where it stands; None and one that has ended are no matter."""
        if procedure is None:
            return
        for key, (owner, command) in list(self._commands.items()):
            if owner is procedure:
                self.channel.withdraw(command)
                del self._commands[key]
        self._sleeping.pop(procedure, None)
        if procedure in self._active:
            self._ending.add(procedure)
        else:
            procedure.close()

    def cancel_all(self) -> None:
        """End all procedures where they stand."""
        for procedure in [*(owner for owner, _ in self._commands.values()), *self._sleeping, *self._active]:
            self.cancel(procedure)

    def receive_data(self, data: bytes, now: float) -> None:
        self.unanswered = 0
        self.channel.receive_data(data, now)

    def next_notification(self, now: float) -> Notification | None:
        """Return the next line nobody asked for, resuming procedures up to there."""
        while (event := self.channel.next_event()) is not None:
            match event:
                case Outcome() as outcome:
                    self._settle(outcome, now)
                case Notification() as notification:
                    return notification
        return None

    def get_timer(self) -> float | None:
        timers = [*self._sleeping.values()]
        if (timer := self.channel.get_timer()) is not None:
            timers.append(timer)
        return min(timers, default=None)

    def handle_timer(self, now: float) -> None:
        self.channel.handle_timer(now)
        due = [procedure for procedure, when in self._sleeping.items() if when <= now]
        for procedure in due:
            if self._sleeping.pop(procedure, None) is not None:
                self._advance(procedure, _SLEPT, now)

    def _settle(self, outcome: Outcome, now: float) -> None:
        if outcome.failure is not None and not outcome.failure.said:
            self.unanswered += 1
        owner, _ = self._commands.pop(id(outcome.command), (None, None))
        if owner is not None:
            self._advance(owner, outcome, now)

    def _advance(self, procedure: Procedure, outcome: Outcome | None, now: float) -> None:
        self._active.append(procedure)
        try:
            step = next(procedure) if outcome is None else procedure.send(outcome)
        except StopIteration:
            self._ending.discard(procedure)
            return
        finally:
            self._active.pop()
        if procedure in self._ending:
            self._ending.discard(procedure)
            procedure.close()
            return
        match step:
            case Sleep(seconds):
                self._sleeping[procedure] = now + seconds
            case Command() as command:
                # A copy, so that two procedures may send the same constant and each gets its own answer.
                command = dataclasses.replace(command)
                self._commands[id(command)] = (procedure, command)
                self.channel.send(command, now)
