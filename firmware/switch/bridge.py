"""Two parties talking: routes both ways, the recording, and what each hears while the other holds.

             ┌── routes ──┐
caller.port ─┤            ├─ leg.port
             └─ recording ┘   left: caller, right: staff
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware.core.leg import Leg, LegEvent, LegState, StateChanged
from firmware.core.media import MediaError, MediaPlane, Playback, PlayTone, Recording, Source
from firmware.core.records import EntryKind, RecordingRecord
from firmware.core.tones import ToneSet
from firmware.switch.journey import JourneyWriter

logger = logging.getLogger(__name__)

# Two short soft beeps every five seconds tell a held party that the line stands, until there is music.
HOLD_TONE = PlayTone(frequencies=(425.0,), cadence_ms=(200, 200, 200, 4400), level_dbm0=-24.0)


class Bridge:
    """A conversation between the caller and another leg; enter it to connect, leave it to part.

    Args:
        media: Where the routes are made.
        journey: Told about talk time and the recording.
        caller: The journey's own leg; left channel of the recording.
        leg: The other party; right channel.
        tones: The country's tones.
        recordings: Folder for the recording; None to record nothing.
    """

    def __init__(
        self,
        media: MediaPlane,
        journey: JourneyWriter,
        caller: Leg,
        leg: Leg,
        tones: ToneSet,
        recordings: Path | None,
    ) -> None:
        self._media = media
        self._journey = journey
        self._caller = caller
        self._leg = leg
        self._tones = tones
        self._folder = recordings
        self._recording: Recording | None = None
        self._record: RecordingRecord | None = None
        self._holds: dict[str, Playback] = {}
        self._unsubscribe: list[Callable[[], None]] = []
        self._began_ms = 0

    async def __aenter__(self) -> Self:
        left, right = self._caller.port, self._leg.port
        if left is None or right is None:
            raise MediaError(f"{self._caller.address} and {self._leg.address} can't talk: one has no audio")
        self._media.route(left, [Source(right)])
        self._media.route(right, [Source(left)])
        self._began_ms = self._journey.elapsed_ms()
        self._unsubscribe = [
            self._caller.subscribe(lambda event: self._on_state(event, hearer=self._leg)),
            self._leg.subscribe(lambda event: self._on_state(event, hearer=self._caller)),
        ]
        if self._folder is not None:
            await self._begin_recording(self._folder)
        return self

    async def until_over(self) -> None:
        """Wait until the other leg has ended. (The caller's end cancels the script.)"""
        await self._leg.ended()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journey.talked(self._journey.elapsed_ms() - self._began_ms)
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        for playback in self._holds.values():
            playback.stop()
        for leg in (self._caller, self._leg):
            if leg.port is not None:
                self._media.route(leg.port, [])
        await self._end_recording()

    def _on_state(self, event: LegEvent, hearer: Leg) -> None:
        """Give `hearer` something to hear while the other party has put the call on hold."""
        if not isinstance(event, StateChanged):
            return
        if event.after is LegState.HELD and hearer.port is not None:
            self._holds[hearer.id] = self._media.play(hearer.port, [HOLD_TONE])
        elif event.before is LegState.HELD and hearer.id in self._holds:
            self._holds.pop(hearer.id).stop()

    async def _begin_recording(self, folder: Path) -> None:
        """Begin the recording; a call without one is better than no call."""
        number = len(self._journey.journey.recordings) + 1
        month = self._journey.journey.started.wall_ms
        name = f"{_month_folder(month)}/{self._journey.id}-{number}.wav"
        path = folder / name
        left, right = self._caller.port, self._leg.port
        if left is None or right is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._recording = await self._media.record(path, left, right)
        except (MediaError, OSError) as error:
            self._journey.note(EntryKind.FAULT, f"this conversation is not recorded: {error}")
            return
        self._record = self._journey.recording_began(name, self._caller, self._leg)

    async def _end_recording(self) -> None:
        if self._recording is None or self._record is None:
            return
        try:
            result = await self._recording.close()
        except MediaError as error:
            self._journey.note(EntryKind.FAULT, f"the recording could not be finished: {error}")
            return
        self._record.duration_ms, self._record.complete = result.duration_ms, result.complete
        if not result.complete:
            self._journey.note(EntryKind.FAULT, f"the recording has a gap: {result.detail}")


def _month_folder(wall_ms: int) -> str:
    """Return "2026-11" for a moment, so that no folder grows without end."""
    moment = datetime.datetime.fromtimestamp(wall_ms / 1000, tz=datetime.UTC)
    return f"{moment:%Y-%m}"
