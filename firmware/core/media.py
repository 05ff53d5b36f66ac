"""What call control asks of the media plane.

The switch keeps the *desired state*: ports, routes, players, recorders. The media process is told the
differences and, after a restart, everything again. So every call below takes effect "as soon as the media
process can", survives its death, and needs no repeating by the caller.

Audio inside is 16-bit linear, 8000 Hz, in frames of 160 samples (20 ms). Levels are in dBm0 as in ITU-T
G.711; gains in dB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from firmware.core.errors import DeviceError
from firmware.core.ids import PortId

PCMU = 0
PCMA = 8
"""RTP payload types of G.711 µ-law and A-law (RFC 3551, table 4)."""


class RtpRemote(msgspec.Struct, frozen=True):
    """The far end of an RTP port, as its SDP said."""

    host: str
    port: int
    payload_type: int
    """`PCMU` or `PCMA`, in both directions."""
    event_payload_type: int | None = None
    """Payload type of telephone-event (RFC 4733); None when the peer has none."""
    send: bool = True
    """Whether we may send to it; false while it has us on hold with `inactive` or `sendonly`."""
    receive: bool = True
    """Whether what it sends enters the call."""


class RtpAddress(msgspec.Struct, frozen=True):
    """An opened RTP port: what to write into our SDP."""

    port_id: PortId
    host: str
    port: int


class Source(msgspec.Struct, frozen=True):
    """A port that is heard, and how loud."""

    port_id: PortId
    gain_db: float = 0.0


class PlayFile(msgspec.Struct, frozen=True, tag="file"):
    """A mono 16-bit WAV file at 8000 Hz."""

    path: str


class PlayTone(msgspec.Struct, frozen=True, tag="tone"):
    """A tone of one or more frequencies with a cadence."""

    frequencies: tuple[float, ...]
    """Hz, summed."""
    cadence_ms: tuple[int, ...]
    """On, off, on, off … in milliseconds; empty for a continuous tone."""
    level_dbm0: float = -15.0
    """Of each frequency."""
    duration_ms: int | None = None
    """How long in all; None repeats the cadence until stopped."""


class PlaySilence(msgspec.Struct, frozen=True, tag="silence"):
    duration_ms: int


PlayItem = PlayFile | PlayTone | PlaySilence


class DigitHeard(msgspec.Struct, frozen=True, tag="digit"):
    """A keypress arrived on a port, reported at its beginning."""

    digit: str
    """One of `0`-`9`, `*`, `#`, `A`-`D`."""


class PortFailed(msgspec.Struct, frozen=True, tag="failed"):
    """The port's device or socket is gone; it stays silent until closed."""

    reason: str


PortEvent = DigitHeard | PortFailed
PortListener = Callable[[PortEvent], None]


class MediaError(DeviceError):
    """The media plane refused: no port free, device missing, file unreadable."""


class PlaybackFailed(MediaError):
    """An item could not be played to its end; the text says which and why."""


class RecordingResult(msgspec.Struct, frozen=True):
    """What a recording came to."""

    path: str
    duration_ms: int
    complete: bool
    """False when something was lost: the disk was full, the media process died in between."""
    detail: str = ""


class Playback(Protocol):
    """One player's run on one port."""

    async def finished(self) -> None:
        """Wait until the last item was played, or the playback was stopped or replaced.

        Raises:
            PlaybackFailed: An item could not be played.
        """

    def stop(self) -> None:
        """Fall silent at the next frame. Repeating it does nothing."""


class Recording(Protocol):
    """One stereo recording in progress."""

    path: Path

    async def close(self) -> RecordingResult:
        """Write what is left, make it durable and tell what came of it. Repeatable."""


class MediaPlane(Protocol):
    """The media process as call control sees it."""

    async def open_rtp(self, local_host: str) -> RtpAddress:
        """Open an RTP port bound to `local_host`, silent until `aim_rtp`.

        Raises:
            MediaError: No port could be bound.
        """

    def aim_rtp(self, port_id: PortId, remote: RtpRemote) -> None:
        """Say where an RTP port sends to and whom it believes; may be repeated (re-INVITE)."""

    async def open_pcm(self, device: str, sample_rate: int) -> PortId:
        """Open a serial device that carries raw signed 16-bit little-endian mono audio.

        Raises:
            MediaError: The device is missing or busy.
        """

    def close_port(self, port_id: PortId) -> None:
        """Close a port; routes, players and recorders that name it fall silent. Repeatable."""

    def route(self, sink: PortId, sources: Sequence[Source]) -> None:
        """Say which ports `sink` hears from now on, in all; nothing means silence."""

    def play(self, port_id: PortId, items: Sequence[PlayItem], *, repeat: bool = False) -> Playback:
        """Play items without gaps to `port_id`, on top of what is routed to it.

        A port has one player: playing replaces what was playing.
        """

    async def record(self, path: Path, left: PortId, right: PortId) -> Recording:
        """Record what comes *in* at two ports into one stereo WAV file; its folder must exist.

        Raises:
            MediaError: The file can't be made.
        """

    def listen(self, port_id: PortId, listener: PortListener) -> Callable[[], None]:
        """Have `listener` called on the port's events; the returned function ends that."""
