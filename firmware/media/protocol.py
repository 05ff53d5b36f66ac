"""The words between the switch and the media process.

One message is one datagram on a Unix SOCK_SEQPACKET socket: one msgpack-encoded struct, at most
`MAX_MESSAGE` bytes. The media process listens and serves one switch at a time.

    switch                                   media
      ── Hello(version) ─────────────────────►  everything held is now "unconfirmed"
      ── OpenRtp, AimRtp, Route, Play … ─────►  the desired state, in any number of messages
      ── Settled ────────────────────────────►  whatever is still unconfirmed is closed
      ◄───────────── PortOpened, PortRefused …
      ◄────────────────────────────── Swept    the files of what was closed are complete
      ── differences, one message each ──────►
      ◄── Pulse every 200 ms, Stats every second, events as they happen

Ids are chosen by the switch and never used again, so repeating a command that is already in force
changes nothing: that is what makes "tell it everything again" safe.
"""

from __future__ import annotations

import msgspec

from firmware.core.ids import PortId
from firmware.core.media import PlayItem, PortEvent, PortOptions, Quality, RtpRemote, Source

VERSION = 1
"""Raised when a message changes its meaning; media refuses another version's switch."""

MAX_MESSAGE = 64 * 1024
"""Bytes; the longest list of prompts is far below, and the kernel's default buffer above."""


# Switch → media


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """A new epoch: the desired state follows."""

    version: int = VERSION


class Settled(msgspec.Struct, frozen=True, tag="settled"):
    """The desired state was told in full."""


class OpenRtp(msgspec.Struct, frozen=True, tag="open_rtp"):
    port_id: PortId
    host: str
    port: int = 0
    """The local port it had before a restart; 0 lets media choose from its range."""


class AimRtp(msgspec.Struct, frozen=True, tag="aim_rtp"):
    port_id: PortId
    remote: RtpRemote


NO_DEVICE = ""
"""Of a port whose device another port has for now."""


class OpenPcm(msgspec.Struct, frozen=True, tag="open_pcm"):
    """A port that is known gets its device anew, where that is another or has failed; one that was held is
    begun with, where it is so no more; `NO_DEVICE` takes its device away."""

    port_id: PortId
    device: str
    sample_rate: int
    settle_ms: int = 0
    held: bool = False


class ClosePort(msgspec.Struct, frozen=True, tag="close_port"):
    port_id: PortId


class Route(msgspec.Struct, frozen=True, tag="route"):
    sink: PortId
    sources: tuple[Source, ...]


class Play(msgspec.Struct, frozen=True, tag="play"):
    player_id: str
    port_id: PortId
    items: tuple[PlayItem, ...]
    repeat: bool = False
    until_key: bool = False
    """Whether a key heard on the port ends it."""
    music: bool = False
    """Whether the port joins all others who hear the same items, round and round."""


class StopPlaying(msgspec.Struct, frozen=True, tag="stop_playing"):
    player_id: str


class Record(msgspec.Struct, frozen=True, tag="record"):
    recorder_id: str
    path: str
    left: PortId
    right: PortId
    started_ns: int
    """CLOCK_MONOTONIC when the recording began; a resumed file is filled with silence up to now."""
    compact: bool = False
    """As codewords, where both sides speak the same G.711 law."""


class AdjustRecording(msgspec.Struct, frozen=True, tag="adjust_recording"):
    recorder_id: str
    paused: bool
    muted: bool


class Configure(msgspec.Struct, frozen=True, tag="configure"):
    port_id: PortId
    options: PortOptions


class Confer(msgspec.Struct, frozen=True, tag="confer"):
    conference: str
    members: tuple[PortId, ...]
    """All of them; none ends it."""


class SendDigits(msgspec.Struct, frozen=True, tag="send_digits"):
    """No part of the state: not told again after a restart, as a digit keyed twice is another number."""

    port_id: PortId
    digits: str
    duration_ms: int


class StopRecording(msgspec.Struct, frozen=True, tag="stop_recording"):
    recorder_id: str


Command = (
    Hello
    | Settled
    | OpenRtp
    | AimRtp
    | OpenPcm
    | ClosePort
    | Route
    | Play
    | StopPlaying
    | Record
    | AdjustRecording
    | StopRecording
    | Configure
    | Confer
    | SendDigits
)


# Media → switch


class PortOpened(msgspec.Struct, frozen=True, tag="port_opened"):
    port_id: PortId
    host: str = ""
    port: int = 0
    """The local RTP port; 0 for a PCM port."""


class PortRefused(msgspec.Struct, frozen=True, tag="port_refused"):
    port_id: PortId
    reason: str


class PortSaid(msgspec.Struct, frozen=True, tag="port_said"):
    """Something happened on a port that its listeners want to know."""

    port_id: PortId
    event: PortEvent


class PortMeasured(msgspec.Struct, frozen=True, tag="port_measured"):
    """How well an RTP port's audio comes in; every 5 s, and when it is closed."""

    port_id: PortId
    quality: Quality


class PlaybackEnded(msgspec.Struct, frozen=True, tag="playback_ended"):
    player_id: str
    error: str | None = None
    """Why an item could not be played; None when the last one was."""


class RecordingOpened(msgspec.Struct, frozen=True, tag="recording_opened"):
    recorder_id: str


class RecordingClosed(msgspec.Struct, frozen=True, tag="recording_closed"):
    """A recording is closed and durable, or has failed; the call is unaffected either way."""

    recorder_id: str
    frames: int
    """Stereo samples in the file, at 8000 a second."""
    error: str | None = None


class Swept(msgspec.Struct, frozen=True, tag="swept"):
    """Whatever an earlier switch left running is closed, and its recordings are complete on disk."""


class Pulse(msgspec.Struct, frozen=True, tag="pulse"):
    """The tick still runs."""

    ticks: int


class MediaStats(msgspec.Struct, frozen=True, tag="stats"):
    """How the media process is doing. Lateness is over the last minute; counts are since its start."""

    pid: int = 0
    """0 while no media process answers."""
    ticks: int = 0
    lateness_p50_ms: float = 0.0
    """How long after its deadline a tick began."""
    lateness_p99_ms: float = 0.0
    lateness_max_ms: float = 0.0
    overruns: int = 0
    """Ticks left out because the process could not run for over 200 ms."""
    ports: int = 0
    players: int = 0
    recorders: int = 0
    rss_kb: int = 0
    received: int = 0
    """RTP packets that came from where they should."""
    strangers: int = 0
    """Packets from another address than the signalled one; none of them entered a call."""
    forged: int = 0
    """SRTP packets with a wrong tag, and copies of earlier ones; none of them entered a call."""
    malformed: int = 0
    """Packets that are not RTP of the port's codec, or too long."""
    late: int = 0
    """RTP packets that came after their moment or twice."""
    lost: int = 0
    """Frames concealed while a stream ran."""
    send_failures: int = 0
    """Packets and PCM frames the kernel would not take."""
    refused_commands: int = 0
    """Control messages that were malformed or named nothing known."""
    real_time: bool = False
    """Whether the process was granted SCHED_FIFO."""
    restarts: int = 0
    """How often the supervisor had to start it again."""


Event = (
    PortOpened
    | PortRefused
    | PortSaid
    | PortMeasured
    | PlaybackEnded
    | RecordingOpened
    | RecordingClosed
    | Swept
    | Pulse
    | MediaStats
)

encode = msgspec.msgpack.Encoder().encode
decode_command = msgspec.msgpack.Decoder(Command).decode
decode_event = msgspec.msgpack.Decoder(Event).decode
