"""Closing the journeys of calls that a power cut or a killed process left open.

What is known of such a call is its last note and the recording that reached the card. Its end is the latest
moment either of them proves; everything derived from that is an estimate, and the timeline says so.
"""

from __future__ import annotations

from pathlib import Path

from firmware.core.causes import Cause, Side
from firmware.core.clock import Instant
from firmware.core.errors import DeviceError
from firmware.core.leg import Direction
from firmware.core.records import (
    EntryKind,
    HoldRecord,
    Journey,
    Outcome,
    Pause,
    QueueWait,
    RecordingRecord,
    RingAttempt,
    TimelineEntry,
    VoicemailRecord,
    WrapUp,
)
from firmware.core.trace import Said
from firmware.core.trace.interrupted import Interrupted
from firmware.store import wav
from firmware.store.rows import OpenJourney


def close_interrupted(
    open_journey: OpenJourney, recordings: Path, now: Instant, voicemails: Path | None = None
) -> Journey:
    """Return the journey closed as interrupted; recordings on the card get a right header.

    Args:
        open_journey: The call as it was last noted.
        recordings: The folder its recording paths are relative to.
        now: The present moment, for the timeline's words.
        voicemails: The folder voicemail paths are relative to; without it messages keep what was noted.
    """
    journey = open_journey.journey
    words: list[Said] = []
    proven = [_noted_ms(open_journey), *_known_moments(journey)]
    for recording in journey.recordings:
        said, end_ms = _close_recording(recording, recordings, Interrupted.RECORDING())
        words += said
        proven.append(end_ms)
    for message in journey.voicemails:
        if voicemails is not None:
            said, end_ms = _close_recording(message, voicemails, Interrupted.MESSAGE())
            words += said
            proven.append(end_ms)
    end_ms = max(proven)
    _close_stretches(journey, end_ms)

    for leg in journey.legs:
        if leg.ended_ms is not None:
            continue
        if leg.direction is Direction.OUTGOING and leg.answered_ms is not None:
            journey.talked_ms = max(journey.talked_ms, end_ms - leg.answered_ms)
        leg.ended_ms = end_ms
        leg.cause = Cause.TEMPORARY_FAILURE
        leg.ended_by = Side.WIRE
        leg.detail = str(Interrupted.STOPPED())
    journey.outcome = Outcome.INTERRUPTED
    journey.duration_ms = end_ms
    journey.cause = Cause.TEMPORARY_FAILURE
    journey.hung_up_by = "switchboard"
    same_boot = now.boot_id == open_journey.noted.boot_id
    why = Interrupted.BY_PROCESS() if same_boot else Interrupted.BY_POWER()
    for word in [Interrupted.CLOSED(why=why), *words]:
        journey.timeline.append(TimelineEntry(end_ms, EntryKind.FAULT, str(word), None, word))
    return journey


def _noted_ms(open_journey: OpenJourney) -> int:
    """Return how far into the call the last note was made."""
    started, noted = open_journey.journey.started, open_journey.noted
    if started.boot_id == noted.boot_id:
        return max(0, noted.mono_ms - started.mono_ms)
    return 0


def _known_moments(journey: Journey) -> list[int]:
    moments: list[int | None] = [journey.answered_ms]
    moments += [entry.at_ms for entry in journey.timeline]
    for leg in journey.legs:
        moments += [leg.started_ms, leg.answered_ms, leg.ended_ms]
    rung_or_held: list[RingAttempt | HoldRecord] = [*journey.rings, *journey.holds]
    for stretch in rung_or_held:
        moments += [stretch.started_ms, stretch.ended_ms]
    moments += [moment for wait in journey.queue_waits for moment in (wait.entered_ms, wait.ended_ms)]
    return [moment for moment in moments if moment is not None]


def _close_stretches(journey: Journey, end_ms: int) -> None:
    """End what was running; how a wait or a ring would have ended stays open."""
    pauses = [pause for recording in journey.recordings for pause in recording.pauses]
    stretches: list[QueueWait | RingAttempt | HoldRecord | WrapUp | Pause] = [
        *journey.queue_waits,
        *journey.rings,
        *journey.holds,
        *journey.wrap_ups,
        *pauses,
    ]
    for stretch in stretches:
        if stretch.ended_ms is None:
            stretch.ended_ms = end_ms


def _close_recording(
    recording: RecordingRecord | VoicemailRecord, folder: Path, name: Said
) -> tuple[list[Said], int]:
    """Complete a recording's entry from its file; return words for it, and its end in the call."""
    if recording.duration_ms is not None:
        return [], recording.started_ms + recording.duration_ms
    recording.complete = False
    recording.duration_ms = 0
    path = folder / recording.path
    if not path.resolve().is_relative_to(folder.resolve()):
        return [Interrupted.OUTSIDE(name=name, path=recording.path)], 0
    try:
        recording.duration_ms = wav.mend(path).duration_ms
    except FileNotFoundError:
        return [Interrupted.MISSING(name=name)], recording.started_ms
    except (OSError, DeviceError) as error:
        return [Interrupted.UNREADABLE(name=name, why=str(error))], recording.started_ms
    seconds = f"{recording.duration_ms / 1000:.1f}"
    said = Interrupted.INCOMPLETE(name=name, seconds=seconds)
    return [said], recording.started_ms + recording.duration_ms
