"""The coprocessor on its serial port: the thin asyncio adapter of `CoprocessorPeer`, shared by its two lines.

    FxoLine ─┐                                          ┌─ exchange line
    Handset ─┼─ Coprocessor ─ CoprocessorPeer ─ UART ─ RP2040 ─ handset
    panel ───┘   (commands, heartbeat, events)          └─ relay, lamps, buttons

The heartbeat is sent by the event loop's own timer, so that a loop that hangs stops beating and the board
ties the line to the handset.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence

from hal.coprocessor import words
from hal.coprocessor.events import BoardVersion, CoprocessorEvent, LinkDown, LinkUp, RelayMoved, SelfTested
from hal.coprocessor.peer import CoprocessorPeer
from hal.port import KeptPort, Opener, open_serial

logger = logging.getLogger(__name__)

TELL_PATIENCE = 1.0
"""Seconds; a link that takes longer is about to be down."""

Listener = Callable[[CoprocessorEvent], None]


class _Core:
    """A peer that knows whether there is a port at all."""

    def __init__(self, peer: CoprocessorPeer) -> None:
        self.peer = peer
        self.open = False
        self.why = "not started"

    def opened(self, now: float) -> None:
        self.open = True
        self.why = "the coprocessor doesn't answer"
        self.peer.handle_timer(now)

    def absent(self, reason: str, now: float) -> None:
        self.why = reason

    def lost(self, reason: str, now: float) -> None:
        self.open = False
        self.why = reason
        self.peer.lost(reason, now)

    def receive_data(self, data: bytes, now: float) -> None:
        self.peer.receive_data(data, now)

    def handle_timer(self, now: float) -> None:
        self.peer.handle_timer(now)

    def data_to_send(self) -> bytes:
        return self.peer.data_to_send()

    def get_timer(self) -> float | None:
        return self.peer.get_timer() if self.open else None


class Coprocessor:
    """One board.

    Args:
        device: Its UART.
        opener: Opens it; tests hand in wires of their own.
    """

    def __init__(self, device: str, opener: Opener = open_serial) -> None:
        self.version: int | None = None
        """Of the board's files; None before it told."""
        self.tested: SelfTested | None = None
        """What its last self-test found."""
        number = os.urandom(2)
        self._peer = CoprocessorPeer(number[0] << 8 | number[1])
        self._core = _Core(self._peer)
        self._listeners: list[Listener] = []
        self._users = 0
        self._moved = asyncio.Event()
        self._kept = KeptPort("coprocessor", device, self._core, self._deliver, opener, "coprocessor")

    @property
    def up(self) -> bool:
        return self._peer.up

    @property
    def why(self) -> str:
        """Why it isn't up, in an installer's words."""
        if self.version is not None and self.version != words.BOARD_VERSION:
            return f"the board runs version {self.version} of its files, not {words.BOARD_VERSION}: flash it"
        return self._core.why

    @property
    def refused(self) -> int:
        return self._peer.refused

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called on every event; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def start(self) -> None:
        """Open the port for one more user."""
        self._users += 1
        self._kept.start()

    async def stop(self) -> None:
        """One user less; the last one lets go of the port."""
        self._users -= 1
        if self._users <= 0:
            await self._kept.stop()

    # Commands; dropped while the board is away, since whatever concerns a call is over then.

    def rest(self, seconds: float) -> None:
        """Send no heartbeat for so long: a test of the power-fail relay, which falls meanwhile."""
        self._tell(lambda now: self._peer.rest(seconds, now))

    def seize(self, *, on: bool) -> None:
        """Take the exchange line off hook, or hang up."""
        self._tell(lambda now: self._peer.seize(now, on=on))

    def flash_line(self, seconds: float) -> None:
        self._tell(lambda now: self._peer.flash_line(seconds, now))

    def dial_pulses(self, digits: str) -> None:
        self._tell(lambda now: self._peer.dial_pulses(digits, now))

    def ring_handset(self, hertz: int, cadence: Sequence[float]) -> None:
        self._tell(lambda now: self._peer.ring_handset(hertz, cadence, now))

    def stop_ringing(self) -> None:
        self._tell(self._peer.stop_ringing)

    def howl(self, *, on: bool) -> None:
        self._tell(lambda now: self._peer.howl(now, on=on))

    def message_lamp(self, *, on: bool) -> None:
        self._tell(lambda now: self._peer.message_lamp(now, on=on))

    def led(self, lamp: int, pattern: int) -> None:
        self._tell(lambda now: self._peer.led(lamp, pattern, now))

    def test(self) -> None:
        """Have the board test itself; `tested` tells, a moment later."""
        self._tell(self._peer.test)

    def maintain(self) -> None:
        """Have the board let everything go and restart with a prompt, for new files."""
        self._tell(self._peer.maintain)

    async def told(self) -> None:
        """Wait until the board has every command, or for `TELL_PATIENCE`."""
        try:
            async with asyncio.timeout(TELL_PATIENCE):
                while not self._peer.idle:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            logger.warning("the coprocessor doesn't acknowledge")

    # Inside

    def _tell(self, command: Callable[[float], None]) -> None:
        command(asyncio.get_running_loop().time())
        self._kept.pump()

    def _deliver(self) -> None:
        self._moved.set()
        while (event := self._peer.next_event()) is not None:
            match event:
                case LinkUp():
                    logger.info("the coprocessor is there")
                case LinkDown(reason):
                    self._core.why = reason
                    logger.warning("the coprocessor is gone: %s", reason)
                case BoardVersion(version):
                    self.version = version
                    if version != words.BOARD_VERSION:
                        logger.error("%s", self.why)
                case SelfTested():
                    self.tested = event
                case RelayMoved(held):
                    logger.info("power-fail relay: line and handset %s", "ours" if held else "tied together")
                case _:
                    pass
            for listener in list(self._listeners):
                try:
                    listener(event)
                except Exception:
                    logger.exception("a listener to the coprocessor failed on %s", type(event).__name__)
