"""What may go, and when: retention, quotas and a filling disk. Decides only; knows no files.

    used < 85 %    nothing but what is too old or over its quota goes
    85 … 90 %      a warning
    90 … 95 %      an alarm
    ≥ 95 %         the oldest audio goes until 90 % are left

Never: what is under legal hold, voicemail nobody has heard, what must be exported first and hasn't been, and
anything by age while the clock isn't set.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from firmware.core.clock import Instant
from firmware.core.ids import CallId

WARN, ALARM, FULL = 0.85, 0.90, 0.95
"""Shares of the disk used."""

_DAY_MS = 86_400_000


class Kind(enum.StrEnum):
    RECORDING = "recording"
    VOICEMAIL = "voicemail"


class Level(enum.StrEnum):
    OK = "ok"
    WARN = "warn"
    ALARM = "alarm"
    FULL = "full"


class Keep(msgspec.Struct, frozen=True):
    """How long and how much one kind is kept; None is without limit."""

    days: int | None = None
    quota_bytes: int | None = None


class Rules(msgspec.Struct, frozen=True):
    recordings: Keep = Keep(days=180)
    voicemail: Keep = Keep(days=365)
    record_days: int | None = None
    """How long the journeys themselves are kept."""
    unsent_too: bool = False
    """Whether they may go before the cloud has had them: so where there is no cloud."""
    export_first: bool = False
    """Whether audio may only go once it has been exported."""

    def of(self, kind: Kind) -> Keep:
        """Return what holds for a kind."""
        return self.recordings if kind is Kind.RECORDING else self.voicemail


class Disk(msgspec.Struct, frozen=True):
    total_bytes: int
    used_bytes: int

    @property
    def share(self) -> float:
        """How full it is, 0 to 1."""
        return self.used_bytes / self.total_bytes if self.total_bytes else 0.0


class Audio(msgspec.Struct, frozen=True):
    """One file on the disk."""

    kind: Kind
    path: str
    call_id: CallId
    bytes: int
    seq: int
    """The journey's place in the order of closing: older is smaller, also without a clock."""
    started: Instant
    held: bool = False
    heard: bool = True
    exported: bool = False


class Removal(msgspec.Struct, frozen=True):
    audio: Audio
    because: str


def level(disk: Disk) -> Level:
    """Return how bad it is."""
    for border, found in ((FULL, Level.FULL), (ALARM, Level.ALARM), (WARN, Level.WARN)):
        if disk.share >= border:
            return found
    return Level.OK


def removals(files: Iterable[Audio], rules: Rules, disk: Disk, now: Instant) -> list[Removal]:
    """Return what is to go, the oldest first."""
    ordered = sorted(files, key=lambda audio: (audio.seq, audio.path))
    may_go = [audio for audio in ordered if _may_go(audio, rules)]
    found: dict[tuple[Kind, str], Removal] = {}

    def take(audio: Audio, because: str) -> None:
        found.setdefault((audio.kind, audio.path), Removal(audio, because))

    for audio in may_go:
        days = rules.of(audio.kind).days
        if days is not None and _older(audio, days, now):
            take(audio, f"older than {days} days")
    for kind in Kind:
        quota = rules.of(kind).quota_bytes
        if quota is not None:
            over = sum(a.bytes for a in ordered if a.kind is kind and (kind, a.path) not in found) - quota
            for audio in may_go:
                if over > 0 and audio.kind is kind and (kind, audio.path) not in found:
                    take(audio, f"more than {quota} bytes of its kind")
                    over -= audio.bytes
    if level(disk) is Level.FULL:
        freed = sum(removal.audio.bytes for removal in found.values())
        over = disk.used_bytes - freed - int(disk.total_bytes * ALARM)
        for audio in may_go:
            if over > 0 and (audio.kind, audio.path) not in found:
                take(audio, "the disk was full")
                over -= audio.bytes
    return sorted(found.values(), key=lambda removal: (removal.audio.seq, removal.audio.path))


def _may_go(audio: Audio, rules: Rules) -> bool:
    unheard = audio.kind is Kind.VOICEMAIL and not audio.heard
    return not audio.held and not unheard and (audio.exported or not rules.export_first)


def _older(audio: Audio, days: int, now: Instant) -> bool:
    if not (now.clock_set and audio.started.clock_set):
        return False
    return now.wall_ms - audio.started.wall_ms > days * _DAY_MS
