"""What call control asks of the media plane.

The switch keeps the *desired state*: ports, routes, players, recorders. The media process is told the
differences and, after a restart, everything again. So every call below takes effect "as soon as the media
process can", survives its death, and needs no repeating by the caller.

Audio inside is 16-bit linear, 8000 Hz, in frames of 160 samples (20 ms). Levels are in dBm0 as in ITU-T
G.711; gains in dB.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from firmware.core.errors import DeviceError
from firmware.core.ids import PortId

PCMU = 0
PCMA = 8
"""RTP payload types of G.711 µ-law and A-law (RFC 3551, table 4)."""
G722 = 9
"""RTP payload type of G.722 at 64 kbit/s: wideband audio whose RTP clock runs at 8000 all the same."""
SRTP_KEY_BYTES = 30
"""A 128-bit master key and a 112-bit master salt (RFC 3711 §8.2)."""


class SrtpSuite(enum.StrEnum):
    """Crypto suites of SRTP (RFC 4568 §6.2): AES-128 in counter mode with HMAC-SHA1 tags of 80 or 32 bits."""

    TAG_80 = "AES_CM_128_HMAC_SHA1_80"
    TAG_32 = "AES_CM_128_HMAC_SHA1_32"


class SrtpKeys(msgspec.Struct, frozen=True):
    """What an RTP port encrypts with and what it decrypts with."""

    suite: SrtpSuite
    """In both directions."""
    ours: bytes
    """Master key and salt for what we send, `SRTP_KEY_BYTES` long."""
    theirs: bytes
    """Likewise for what the peer sends."""

    def __repr__(self) -> str:
        return f"SrtpKeys({self.suite}, ours=…, theirs=…)"


class RtpRemote(msgspec.Struct, frozen=True):
    """The far end of an RTP port, as its SDP said."""

    host: str
    port: int
    payload_type: int
    """`PCMU`, `PCMA` or `G722`, in both directions. G.722 goes unchanged from one such port to another where
    nothing is mixed in, and is decoded and encoded at 8000 Hz everywhere else."""
    event_payload_type: int | None = None
    """Payload type of telephone-event (RFC 4733); None when the peer has none."""
    send: bool = True
    """Whether we may send to it; false while it has us on hold with `inactive` or `sendonly`."""
    receive: bool = True
    """Whether what it sends enters the call."""
    srtp: SrtpKeys | None = None
    """Keys where the stream is encrypted; a packet that doesn't authenticate is then no packet. None for
    plain RTP. Keys that stay the same from one `aim_rtp` to the next go on where they were."""


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
    start_ms: int = 0
    """How much of its beginning is left out; from beyond its end on it is as if it were empty."""


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
    modulated_by: float = 0.0
    """Hz that its loudness swings with, as some countries' ringback does; 0 for a plain tone."""


class PlaySilence(msgspec.Struct, frozen=True, tag="silence"):
    duration_ms: int


class CallerIdStandard(enum.StrEnum):
    """How caller id is sent on a two-wire line."""

    BELL_202 = "bell202"
    """FSK as in GR-30; China and North America."""
    V23 = "v23"
    """FSK as in EN 300 659, without the alerting signal."""
    DTMF = "dtmf"
    """Digits between A and C."""


class PlayCallerId(msgspec.Struct, frozen=True, tag="caller_id"):
    """Caller id as an exchange sends it to an analog phone, between rings or before the first."""

    number: str | None
    """Digits; None when there is none to show."""
    name: str | None = None
    withheld: bool = False
    month: int = 1
    day: int = 1
    hour: int = 0
    minute: int = 0
    """The moment of the call, in local time, for phones that set their clock by it."""
    standard: CallerIdStandard = CallerIdStandard.BELL_202


PlayItem = PlayFile | PlayTone | PlaySilence | PlayCallerId


class DigitHeard(msgspec.Struct, frozen=True, tag="digit"):
    """A keypress arrived on a port, reported at its beginning."""

    digit: str
    """One of `0`-`9`, `*`, `#`, `A`-`D`."""


class PortFailed(msgspec.Struct, frozen=True, tag="failed"):
    """The port's device or socket is gone; it stays silent until closed."""

    reason: str


class ToneNoticed(msgspec.Struct, frozen=True, tag="tone_noticed"):
    """The network or a fax machine sounds a tone on a port. Told again with every further round."""

    name: str
    """`dial`, `ringback`, `busy`, `congestion`, `sit`, `cng`, `ced`, or the name of a learned pattern."""
    cycles: int
    """Rounds of its cadence heard in succession; 1 for a continuous tone."""


class FellSilent(msgspec.Struct, frozen=True, tag="fell_silent"):
    """Nobody has spoken on a port for as long as its options said."""

    silent_ms: int


class CallerNoticed(msgspec.Struct, frozen=True, tag="caller_noticed"):
    """A line's caller id message, between rings."""

    number: str | None
    name: str | None
    withheld: bool


class AnswerSign(enum.StrEnum):
    """What speaks for an answer on a line that doesn't tell."""

    VOICE_HEARD = "voice_heard"
    """Somebody or something speaks: the call is answered."""
    RINGING_STOPPED = "ringing_stopped"
    """No ringback for longer than its longest pause."""
    SEEMS_PERSON = "seems_person"
    SEEMS_RECORDING = "seems_recording"
    """A guess by the length of the greeting; nothing must be decided by these two."""


class AnswerNoticed(msgspec.Struct, frozen=True, tag="answer_noticed"):
    """The called party of an outgoing call seems to have answered."""

    sign: AnswerSign


class LevelMetered(msgspec.Struct, frozen=True, tag="level_metered"):
    """How loud a port was during the last 200 ms. Silence is -96 dBm0."""

    input_dbm0: float
    """What comes in, after gain and level control."""
    input_peak_dbm0: float
    """Its loudest sample, as the level of a sine with that peak; +3.1 is where it clips."""
    output_dbm0: float
    """What is sent to it."""


PortEvent = DigitHeard | PortFailed | ToneNoticed | FellSilent | CallerNoticed | AnswerNoticed | LevelMetered
PortListener = Callable[[PortEvent], None]


class LearnedTone(msgspec.Struct, frozen=True):
    """A line's own tone, as `MediaPlane.learn_tone` found it."""

    frequencies: tuple[float, ...]
    """Hz; one or two."""
    cadence_ms: tuple[int, int]
    """On and off."""
    name: str = "busy"
    """What `ToneNoticed` shall call it; it takes the place of the country's tone of that name."""


class PortOptions(msgspec.Struct, frozen=True):
    """What is done with, and listened for in, what comes in at a port. All off costs nothing."""

    gain_db: float = 0.0
    """For everybody who hears the port."""
    level_control: bool = False
    """Bring quiet speech to the usual level, slowly."""
    echo_canceller: bool = False
    """Take the line's echo of what we send out of what comes in; for devices only."""
    detect_digits: bool = False
    """Hear DTMF in the audio; RFC 4733 events are heard anyway."""
    tones_of: str | None = None
    """ISO 3166 code of the country whose progress tones (and fax tones) are to be noticed."""
    silence_ms: int = 0
    """Tell `FellSilent` after so long; 0 for never."""
    caller_id: bool = False
    """Listen for caller id, as FSK or digits."""
    learned_tones: tuple[LearnedTone, ...] = ()
    """Noticed besides the tones of `tones_of`, or in place of those of their names."""
    detect_answer: bool = False
    """Tell `AnswerNoticed`, for outgoing calls on lines without answer supervision."""
    meter: bool = False
    """Tell `LevelMetered` five times a second."""


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

    async def record(self, path: Path, left: PortId, right: PortId) -> Recording:
        """Record what comes *in* at two ports into one stereo WAV file; its folder must exist.

        Raises:
            MediaError: The file can't be made.
        """

    def listen(self, port_id: PortId, listener: PortListener) -> Callable[[], None]:
        """Have `listener` called on the port's events; the returned function ends that."""
