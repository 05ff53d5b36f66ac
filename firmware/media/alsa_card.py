"""The process of one sound card: `python -m firmware.media.alsa_card NAME`; standard input is its socket to
the media process.

    media process ── samples ──────────────► playback ─► card
    media process ◄─ OPENED, AUDIO, FAILED ─ capture ◄── card

A process of its own, as a dead sound server or USB device hangs whoever calls ALSA, and pyalsaaudio holds the
interpreter's lock meanwhile: in a thread it would take every call along. This one is killed instead. Each
message is one packet; a card that gives or takes too much at once loses the rest. It ends with its socket.

Imports little: a call waits while it starts.
"""

from __future__ import annotations

import select
import socket
import sys
from contextlib import suppress
from typing import Final

from firmware.media.alsa_stream import CAPTURE, FRAME, PERIODS, PLAYBACK, AlsaError, AlsaStream
from firmware.media.alsa_wire import AUDIO, FAILED, HEAD, MAX_MESSAGE, OPENED

_RESERVE: Final = bytes(2 * FRAME * (PERIODS - 1))
"""Silence that fills all but 20 ms of the card's buffer at the beginning and after a stall, which keeps
playback from running dry."""


class Card:
    """Both directions of a card.

    Raises:
        AlsaError: It can't be opened.
    """

    def __init__(self, name: str, peer: socket.socket) -> None:
        self._peer = peer
        self._dropped = 0
        self._capture = AlsaStream(name, CAPTURE)
        self._playback = AlsaStream(name, PLAYBACK)
        self._playback.write(_RESERVE)

    def run(self) -> None:
        """Carry samples until the socket closes.

        Raises:
            AlsaError: The card is gone.
        """
        poll = select.poll()
        poll.register(self._peer, select.POLLIN)
        self._capture.register(poll)
        self._tell(OPENED)
        wanted = True
        while wanted:
            while samples := self._capture.read():
                self._tell(AUDIO, samples)
            self._capture.awake(poll.poll())
            wanted = self._play()

    def _play(self) -> bool:
        """Play what has come; return whether there may be more."""
        try:
            while samples := self._peer.recv(MAX_MESSAGE):
                stalls = self._playback.stalls
                taken = self._playback.write(samples)
                if self._playback.stalls > stalls:
                    self._playback.write(_RESERVE)
                    taken = self._playback.write(samples)
                if 2 * taken < len(samples):
                    self._dropped += 1
        except BlockingIOError:
            return True
        except OSError as error:
            if isinstance(error, AlsaError):
                raise
        return False

    def _tell(self, kind: bytes, content: bytes = b"") -> None:
        stalls = self._capture.stalls + self._playback.stalls
        tell(self._peer, HEAD.pack(kind, stalls, self._dropped) + content)


def tell(peer: socket.socket, message: bytes) -> None:
    """Send one message, or lose it when the other end is behind or gone."""
    with suppress(OSError):
        peer.send(message)


def main(name: str) -> None:
    with socket.socket(fileno=sys.stdin.fileno()) as peer:
        peer.setblocking(False)
        try:
            Card(name, peer).run()
        except AlsaError as error:
            tell(peer, HEAD.pack(FAILED, 0, 0) + str(error).encode()[: MAX_MESSAGE - HEAD.size])


if __name__ == "__main__":
    main(sys.argv[1])
