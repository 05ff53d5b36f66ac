"""A simulated world that runs: a network, one line's device, and the event loop that keeps them going."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Callable, Mapping

from hal.fake.network import FakeCall, FakeMobileNetwork, PartyScript
from hal.fake.schedule import Schedule


class World(abc.ABC):
    """One network with one device, running in this event loop.

    What is done to them (`act`) happens at the present moment of the schedule, which wakes when something is
    due.
    """

    def __init__(self) -> None:
        self.schedule = Schedule()
        self.network = FakeMobileNetwork(self.schedule)
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # What the device is

    @property
    @abc.abstractmethod
    def plugged(self) -> bool:
        """Whether its ports are there."""

    @property
    @abc.abstractmethod
    def quirks(self) -> object:
        """What this specimen does wrong: a dataclass that may be changed."""

    @abc.abstractmethod
    def plug(self) -> None:
        """Appear, and boot. Does nothing when plugged in."""

    @abc.abstractmethod
    def unplug(self) -> None:
        """Vanish in the middle of whatever goes on. Does nothing when unplugged."""

    @abc.abstractmethod
    def commands(self) -> list[tuple[float, str]]:
        """Return what the device was told, with the moments on the schedule's clock."""

    @abc.abstractmethod
    def figures(self) -> Mapping[str, object]:
        """Return how its audio is doing."""

    @abc.abstractmethod
    def settle(self) -> None:
        """Complete the file with what the party of an ended call heard."""

    @abc.abstractmethod
    def _send(self) -> None:
        """Put on the wire what the device wants to say."""

    # What happens to it

    def call(self, script: PartyScript) -> FakeCall:
        """Have a party dial the line.

        Raises:
            AudioError: Something of the script can't be played or written.
        """
        self._advance()
        call = self.network.call(script)
        self.flush()
        return call

    def act(self, action: Callable[[], object]) -> None:
        """Do something to network or device, at the present moment, and send what comes of it."""
        self._advance()
        action()
        self.flush()

    def flush(self) -> None:
        """Send what the device wants to say and arm the timer."""
        self._send()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._loop is not None and (when := self.schedule.get_timer()) is not None:
            self._timer = self._loop.call_at(when, self._wake)

    def _begin(self) -> asyncio.AbstractEventLoop:
        """Let time run, within the running loop."""
        self._loop = asyncio.get_running_loop()
        self.schedule.now = self._loop.time()
        return self._loop

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._loop = None

    def _advance(self) -> None:
        if self._loop is not None:
            self.schedule.handle_timer(self._loop.time())

    def _wake(self) -> None:
        self._timer = None
        self._advance()
        self.flush()
