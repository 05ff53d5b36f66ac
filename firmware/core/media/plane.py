"""The media plane, its playbacks and recordings, as the switch sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from firmware.core.errors import DeviceError
from firmware.core.ids import PortId
from firmware.core.media.noticed import LearnedTone, PortListener, PortOptions
from firmware.core.media.playing import PlayItem
from firmware.core.media.rtp import RtpAddress, RtpRemote


class Source(msgspec.Struct, frozen=True):
    """A port that is heard, and how loud."""

    port_id: PortId
    gain_db: float = 0.0


class Quality(msgspec.Struct, frozen=True):
    """How well a port's audio comes in, since it was opened; at most 5 s old."""

    mos: float
    """Mean opinion score by the E-model (ITU-T G.107), 1 to 4.5."""
    loss_percent: float
    """Packets that never came."""
    late_percent: float
    """Packets that came too late to be played."""
    jitter_ms: float
    delay_ms: float
    """Spent in the jitter buffer, mean."""
    round_trip_ms: float | None = None
    """Of the network; None when the peer sends no RTCP."""
    far_loss_percent: float | None = None
    """What the peer reports to have lost of ours."""
    far_jitter_ms: float | None = None


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

    def pause(self) -> None:
        """Leave out the time until `resume`. Repeatable."""

    def resume(self) -> None:
        """Go on after `pause`. Repeatable."""

    def mute(self, muted: bool) -> None:
        """Record silence on both sides while a PIN is keyed or spoken."""

    async def close(self) -> RecordingResult:
        """Write what is left, make it durable and tell what came of it. Repeatable."""

    async def ended(self) -> RecordingResult:
        """Wait until it has ended: by `close`, or of itself where the disk is full or refuses."""


class MediaPlane(Protocol):
    """The media process as call control sees it."""

    async def open_rtp(self, local_host: str) -> RtpAddress:
        """Open an RTP port bound to `local_host`, silent until `aim_rtp`.

        Raises:
            MediaError: No port could be bound.
        """

    def aim_rtp(self, port_id: PortId, remote: RtpRemote) -> None:
        """Say where an RTP port sends to and whom it believes; may be repeated (re-INVITE)."""

    async def open_pcm(
        self, device: str, sample_rate: int, *, settle_ms: int = 0, held: bool = False
    ) -> PortId:
        """Open a device that carries mono audio: a tty with raw signed 16-bit little-endian samples, or a
        card as `alsa:NAME`.

        Args:
            device: Its path or name.
            sample_rate: Hz.
            settle_ms: What the device swallows of the beginning; players wait as long.
            held: Nothing goes in or out, and players wait, until `start_pcm`.

        Raises:
            MediaError: The device is missing or busy.
        """

    def start_pcm(self, port_id: PortId, settle_ms: int = 0) -> None:
        """Say that a port opened `held` is heard from now on, but for `settle_ms`."""

    async def reopen_pcm(self, port_id: PortId, device: str, sample_rate: int) -> None:
        """Give a PCM port another device, or its own again after it failed.

        Its routes, players, recordings and options stay as they are.

        Raises:
            MediaError: There is no such port, or the device is missing or busy; the port stays silent then.
        """

    def rest_pcm(self, port_id: PortId) -> None:
        """Take a PCM port's device away from it until `reopen_pcm`: it reads silence and takes everything.

        Its routes, players, recordings and options stay as they are.
        """

    async def learn_tone(self, port_id: PortId, seconds: float = 8.0) -> LearnedTone | None:
        """Listen for a while to a tone that a line sends, and return what it is; None when it is no tone.

        Raises:
            MediaError: The port can't be listened to.
        """

    def close_port(self, port_id: PortId) -> None:
        """Close a port; routes, players and recorders that name it fall silent. Repeatable."""

    def route(self, sink: PortId, sources: Sequence[Source]) -> None:
        """Say which ports `sink` hears from now on, in all; nothing means silence."""

    def configure(self, port_id: PortId, options: PortOptions) -> None:
        """Say what is done with a port's input from now on."""

    def options_of(self, port_id: PortId) -> PortOptions:
        """Return what `configure` was last told of a port: who changes a part keeps the rest."""

    def confer(self, conference: str, members: Sequence[PortId]) -> None:
        """Have these ports, in all, hear each other in a conference of that name; none ends it.

        Every member hears all others but itself, besides what is routed and played to it.
        """

    def send_digits(self, port_id: PortId, digits: str, duration_ms: int = 100) -> None:
        """Key digits to the far end: as RFC 4733 events where it understands them, else as tones."""

    def quality(self, port_id: PortId) -> Quality | None:
        """Return how well an RTP port's audio comes in; None before the first measurement.

        It stays known for a while after the port was closed, for the record.
        """

    def play_music(self, port_id: PortId, items: Sequence[PlayItem]) -> Playback:
        """Play items round and round to `port_id`, until stopped, as one of all who hear these items.

        There is one music for all of them: who begins to hear it joins where it is. It goes on only while
        somebody hears it, and what can't be played is left out.
        """

    def play(
        self, port_id: PortId, items: Sequence[PlayItem], *, repeat: bool = False, until_key: bool = False
    ) -> Playback:
        """Play items without gaps to `port_id`, on top of what is routed to it.

        A port has one player: playing replaces what was playing.

        Args:
            port_id: Who hears it.
            items: What to play, in order.
            repeat: Begin again after the last.
            until_key: A key heard on the port ends it there and then, without waiting to be told.
        """

    async def record(self, path: Path, left: PortId, right: PortId, *, compact: bool = False) -> Recording:
        """Record what comes *in* at two ports into one stereo WAV file; its folder must exist.

        Args:
            path: The file.
            left: Whom the left side hears.
            right: Whom the right side hears.
            compact: Where both speak the same G.711 law as it begins, keep their codewords instead of 16
                bits: what is heard is the same, at half the wear of the card, but fewer programs read it.

        Raises:
            MediaError: The file can't be made.
        """

    def listen(self, port_id: PortId, listener: PortListener) -> Callable[[], None]:
        """Have `listener` called on the port's events; the returned function ends that."""
