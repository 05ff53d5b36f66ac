"""The codec of the HAT without the HAT: a pty for each of its two channels, 8 kHz, signed 16 bit.

exchange: dial tone, ringback, busy, caller id, the party's Voice ──► port ──► firmware
          keys it dials, the party's Ear ◄── port ◄── firmware
telephone: the person's Voice and keys ──► port; their Ear ◄── port
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from pathlib import Path

from hal.fake.analog import FakeExchange, FakeTelephone
from hal.fake.audio import SILENT_FRAME
from hal.fake.frame_pump import FrameBuffer, FramePump
from hal.fake.line_sounds import KeyEar, caller_id, tone
from hal.fake.network import CallState, FakeCall
from hal.fake.pty_port import PtyPort

STALE_BYTES = 4 * 320
"""Unread for so long that nobody has the port open; a sound card keeps nothing of the past either."""


class ExchangeSound:
    """What sounds on the exchange line, and what the exchange hears on it.

    Args:
        exchange: Its end of the line.
        keyed: Told of each key the box sends; called in the pump's thread.
    """

    def __init__(self, exchange: FakeExchange, keyed: Callable[[str], None]) -> None:
        self._exchange = exchange
        self._keyed = keyed
        self._keys = KeyEar()
        self._ids: collections.deque[Iterator[bytes]] = collections.deque()
        self._tone: tuple[str, Iterator[bytes]] | None = None
        self._listener: FakeCall | None = None

    def tell_caller(self, number: str | None) -> None:
        """Send a caller id; None for a withheld number."""
        self._ids.append(caller_id(number))

    def mouth(self) -> bytes:
        """Return the next 20 ms that come down the line."""
        while self._ids:
            if (frame := next(self._ids[0], None)) is not None:
                return frame
            self._ids.popleft()
        exchange = self._exchange
        call, wanted = exchange.call, exchange.tone
        if not exchange.hooked or not exchange.plugged:
            return SILENT_FRAME
        if call is not None and call.state is CallState.ANSWERED:
            return call.voice.frame()
        if wanted is None:
            self._tone = None
            return SILENT_FRAME
        if self._tone is None or self._tone[0] != wanted:
            self._tone = wanted, tone(wanted)
        return next(self._tone[1])

    def ear(self, frame: bytes) -> None:
        """Take 20 ms that the box sent."""
        if not self._exchange.hooked:
            return
        call = self._exchange.call
        if call is not None and call.state is CallState.ANSWERED and call.ear is not None:
            self._listener = call
            call.ear.hear(frame)
        if (key := self._keys.hear(frame)) is not None:
            self._keyed(key)

    def settle(self) -> None:
        """Complete what the party of an ended call heard."""
        call = self._listener
        if call is not None and call.ear is not None and call.state is CallState.ENDED:
            call.ear.close()
            self._listener = None


class TelephoneSound:
    """What whoever holds the handset says and hears."""

    def __init__(self, telephone: FakeTelephone) -> None:
        self._telephone = telephone

    def mouth(self) -> bytes:
        return self._telephone.voice.frame() if self._telephone.lifted else SILENT_FRAME

    def ear(self, frame: bytes) -> None:
        self._telephone.hear(frame)


class _Channel:
    def __init__(self, link: Path, sound: ExchangeSound | TelephoneSound) -> None:
        self.port = PtyPort(link)
        self.sound = sound
        self.buffer = FrameBuffer()

    def tick(self) -> None:
        if self.port.unread > STALE_BYTES:
            self.port.forget_unread()
        self.port.write(self.sound.mouth())
        self.sound.ear(self.buffer.take(self.port.read()))


class FakeCodec(FramePump):
    """Both channels.

    Args:
        line: Lasting name of the exchange line's port, and what sounds there.
        handset: Likewise the telephone's.
    """

    def __init__(self, line: tuple[Path, ExchangeSound], handset: tuple[Path, TelephoneSound]) -> None:
        super().__init__("codec")
        self._line = line[1]
        self._channels = [_Channel(*line), _Channel(*handset)]

    def start(self) -> None:
        for channel in self._channels:
            channel.port.plug()
        super().start()

    def stop(self) -> None:
        """End the thread; the ports are gone."""
        super().stop()
        for channel in self._channels:
            channel.port.close()

    @property
    def underruns(self) -> int:
        return sum(channel.buffer.underruns for channel in self._channels)

    def settle(self) -> None:
        """Complete what the party of an ended call heard."""
        with self.lock:
            self._line.settle()

    def _tick(self) -> None:
        for channel in self._channels:
            channel.tick()
