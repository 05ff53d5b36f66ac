"""One voice modem's audio stream, both ways: shielding, coding, keys, and whose turn it is. Sans-IO.

modem ──► Unshielder ──audio──► decode ──► heard (S16LE)        ──codes──► keys (once each), events
modem ◄── shield ◄── encode ◄── said (S16LE), while the mode lets us send

A modem that can't send and receive at once (`RECEIVING`, `TRANSMITTING`) is switched by the driver: while it
listens, `wants_to_speak` says that somebody has begun to; what was said during the switch waits in a backlog.
"""

from __future__ import annotations

import enum

from hal.at.shielded import KEYS, Audio, Code, Event, StreamEnded, Unshielder, shield
from hal.modems.voice.codec import ULAW, Format, decode, encode, loudness

LOUD = 400
"""Amplitude from which somebody speaks: -38 dBm0; a prompt's pauses are below."""
HANG_OVER = 0.4
"""Seconds of quiet that end our turn: longer than the pauses within a sentence."""
BACKLOG_BYTES = 8000
"""Half a second of S16LE audio that waits for our turn; switching takes a tenth."""
REPEAT = 0.2
"""Seconds within which the same key is the same press: modems repeat it every 70 ms (reference B2)."""
MAX_HEARD = 16_000
"""Bytes of S16LE audio, one second, that wait for a reader."""


class Mode(enum.Enum):
    COMMAND = "no stream"
    DUPLEX = "both ways"
    RECEIVING = "listening"
    TRANSMITTING = "speaking"


class VoiceStream:
    """The stream of one modem."""

    def __init__(self) -> None:
        self.mode = Mode.COMMAND
        self.last_audio = 0.0
        """When the modem last sent any."""
        self.coding: Format = ULAW
        self._unshielder = Unshielder()
        self._fresh = False
        self._heard = bytearray()
        self._to_modem = bytearray()
        self._backlog = bytearray()
        self._last_loud = -HANG_OVER
        self._key: str | None = None
        self._key_at = 0.0
        self._bracketed = False

    def begin(self, mode: Mode, now: float) -> None:
        """The modem said CONNECT."""
        self.mode = mode
        self.last_audio = now
        self._unshielder = Unshielder()
        self._fresh = True
        if mode is not Mode.RECEIVING:
            waiting, self._backlog = bytes(self._backlog), bytearray()
            self._send(waiting)

    def end(self) -> None:
        """Back to commands; what was to be sent is dropped."""
        self.mode = Mode.COMMAND
        self._unshielder = Unshielder()
        self._to_modem.clear()
        self._bracketed = False

    def forget(self) -> None:
        """The call is over."""
        self.end()
        self._heard.clear()
        self._backlog.clear()
        self._key = None

    def receive(self, data: bytes, now: float) -> tuple[list[Event | str], bytes, bool]:
        """Take octets of the stream.

        Returns:
            Keys and events, what came after the stream's end, and whether it has ended.
        """
        if self._fresh:
            # The rest of the line end of CONNECT.
            data, self._fresh = data.removeprefix(b"\n"), False
        pieces, rest = self._unshielder.feed(data)
        told: list[Event | str] = []
        for piece in pieces:
            match piece:
                case Audio(samples):
                    self.last_audio = now
                    self._heard += decode(self.coding, samples)
                    del self._heard[:-MAX_HEARD]
                case Code(letter):
                    told += self.code(letter, now)
                case StreamEnded():
                    self.end()
                    return told, rest, True
        return told, rest, False

    def code(self, letter: str, now: float) -> list[Event | str]:
        """Return what a shielded code tells: a key when it is pressed, or an event."""
        if letter == Event.KEY_BEGINS:
            self._bracketed, self._key = True, None
        elif letter == Event.KEY_ENDS:
            self._bracketed, self._key = False, None
        elif letter in KEYS:
            again = letter == self._key and (self._bracketed or now - self._key_at < REPEAT)
            self._key, self._key_at = letter, now
            return [] if again else [letter]
        elif letter in Event.__members__.values():
            return [Event(letter)]
        return []

    def say(self, samples: bytes, now: float) -> None:
        """Take S16LE samples for the other side."""
        if loudness(samples) >= LOUD:
            self._last_loud = now
        if self.mode in (Mode.DUPLEX, Mode.TRANSMITTING):
            self._send(samples)
        else:
            self._backlog += samples
            del self._backlog[: max(0, len(self._backlog) - BACKLOG_BYTES)]

    def speaks(self, now: float) -> bool:
        """Whether our side speaks now, or did a moment ago."""
        return now - self._last_loud < HANG_OVER

    def take_heard(self) -> bytes:
        """Return what the other side said, S16LE, once."""
        heard, self._heard = bytes(self._heard), bytearray()
        return heard

    def data_to_send(self) -> bytes:
        data, self._to_modem = bytes(self._to_modem), bytearray()
        return data

    def _send(self, samples: bytes) -> None:
        self._to_modem += shield(encode(self.coding, samples))
