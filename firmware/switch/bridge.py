"""Parties talking: routes between all of them, the recording, and what each hears while another holds.

             ┌── routes ──┐
caller.port ─┤            ├─ leg.port      further parties hear and are heard by all
             └─ recording ┘                monitors hear all; whom they speak to, their mode says
                left: caller, right: staff
"""

from __future__ import annotations

import datetime
import enum
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware.core.leg import DigitPressed, Leg, LegEvent, LegState, StateChanged
from firmware.core.media import MediaError, MediaPlane, Playback, PlayItem, Recording, Source
from firmware.core.records import EntryKind, HoldRecord, RecordingRecord
from firmware.core.tones import ToneSet
from firmware.core.trace.calls import Calls
from firmware.switch.discretion import Discretion
from firmware.switch.journey import JourneyWriter

logger = logging.getLogger(__name__)


class Monitor(enum.StrEnum):
    """How a supervisor takes part in a conversation."""

    LISTEN = "listen"
    """Hears all, is heard by nobody."""
    WHISPER = "whisper"
    """Is heard by the member of staff only."""
    BARGE = "barge"
    """Is heard by all."""


class Bridge:
    """A conversation between the caller and another leg; enter it to connect, leave it to part.

    Args:
        media: Where the routes are made.
        journey: Told about talk time, holds and the recording.
        caller: The journey's own leg; left channel of the recording.
        leg: The other party; right channel.
        tones: The country's tones.
        recordings: Folder for the recording; None to record nothing.
        hold_music: What one party hears while the other has it on hold.
    """

    def __init__(
        self,
        media: MediaPlane,
        journey: JourneyWriter,
        caller: Leg,
        leg: Leg,
        tones: ToneSet,
        recordings: Path | None,
        hold_music: Sequence[PlayItem],
    ) -> None:
        self._hold_music = hold_music
        self._media = media
        self._journey = journey
        self._tones = tones
        self._folder = recordings
        self.parties = [caller, leg]
        """All who talk with each other; the first two are recorded."""
        self.monitors: dict[Leg, tuple[Monitor, Leg]] = {}
        """Who listens in, how, and to which member of staff."""
        self._recording: Recording | None = None
        self._record: RecordingRecord | None = None
        self._discretion: Discretion | None = None
        self._holds: dict[Leg, Playback] = {}
        self._held: dict[Leg, HoldRecord] = {}
        self._unsubscribe: dict[Leg, Callable[[], None]] = {}
        self._began_ms = 0

    async def __aenter__(self) -> Self:
        caller, leg = self.parties
        if caller.port is None or leg.port is None:
            raise MediaError(f"{caller.address} and {leg.address} can't talk: one has no audio")
        self._began_ms = self._journey.elapsed_ms()
        for party in self.parties:
            self._attend(party)
        self._connect()
        if self._folder is not None:
            await self._begin_recording(self._folder)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journey.talked(self._journey.elapsed_ms() - self._began_ms)
        for unsubscribe in self._unsubscribe.values():
            unsubscribe()
        for playback in self._holds.values():
            playback.stop()
        for record in self._held.values():
            record.ended_ms = self._journey.elapsed_ms()
        for leg in (*self.parties, *self.monitors):
            if leg.port is not None:
                self._media.route(leg.port, [])
            leg.talks_with(())
        await self.stop_recording()

    # Who takes part

    def add(self, leg: Leg) -> None:
        """Have another connected leg talk with all."""
        self.parties.append(leg)
        self._attend(leg)
        self._connect()

    def remove(self, leg: Leg) -> None:
        """Have a leg leave; the others talk on."""
        if leg in self.parties:
            self.parties.remove(leg)
        self.monitors.pop(leg, None)
        if leg in self._unsubscribe:
            self._unsubscribe.pop(leg)()
        if leg.port is not None:
            self._media.route(leg.port, [])
        leg.talks_with(())
        self._connect()

    def monitor(self, leg: Leg, mode: Monitor, staff: Leg) -> None:
        """Have a supervisor's connected leg take part, or change how it does.

        Args:
            leg: The supervisor's.
            mode: Whom it is heard by.
            staff: Whom it whispers to.
        """
        self.monitors[leg] = (mode, staff)
        self._connect()

    @property
    def recorded(self) -> bool:
        """Whether it is being recorded now."""
        return self._recording is not None

    async def start_recording(self, folder: Path) -> None:
        """Begin to record, at somebody's wish, where that doesn't happen anyway."""
        if self._recording is None:
            await self._begin_recording(folder)

    async def stop_recording(self) -> None:
        """Finish the recording, if there is one."""
        recording, record = self._recording, self._record
        if self._discretion is not None:
            self._discretion.close()
        self._recording = self._record = self._discretion = None
        if recording is None or record is None:
            return
        try:
            result = await recording.close()
        except MediaError as error:
            self._journey.note(EntryKind.FAULT, Calls.NOT_FINISHED(why=str(error)))
            return
        record.duration_ms, record.complete = result.duration_ms, result.complete
        if not result.complete:
            self._journey.note(EntryKind.FAULT, Calls.GAP(why=result.detail))

    def _attend(self, leg: Leg) -> None:
        self._unsubscribe[leg] = leg.subscribe(lambda event: self._on_state(event, leg))

    def _connect(self) -> None:
        """Say for every leg whom it hears."""
        for leg in self.parties:
            heard = [other for other in self.parties if other is not leg]
            heard += [
                monitor
                for monitor, (mode, staff) in self.monitors.items()
                if mode is Monitor.BARGE or (mode is Monitor.WHISPER and staff is leg)
            ]
            self._route(leg, heard)
        for monitor in self.monitors:
            self._route(monitor, self.parties)
        self._tell_listeners()

    def _tell_listeners(self) -> None:
        """Let every party's leg know who listens to it now."""
        for leg in self.parties:
            others = [other for other in self.parties if other is not leg]
            listening = [other for other in others if other.state is not LegState.HELD]
            leg.talks_with(listening, on_hold=bool(others) and not listening)

    def _route(self, leg: Leg, heard: list[Leg]) -> None:
        if leg.port is not None:
            self._media.route(leg.port, [Source(other.port) for other in heard if other.port is not None])

    def _on_state(self, event: LegEvent, leg: Leg) -> None:
        """While one party of two has put the call on hold, give the other something to hear."""
        if isinstance(event, DigitPressed) and self._discretion is not None:
            self._discretion.keyed()
        if not isinstance(event, StateChanged):
            return
        if LegState.HELD in (event.before, event.after) and event.after is not LegState.ENDED:
            self._tell_listeners()
        if event.after is LegState.HELD:
            self._held[leg] = self._journey.hold_began(leg)
            hearer = next((party for party in self.parties[:2] if party is not leg), None)
            if len(self.parties) == 2 and hearer is not None and hearer.port is not None:
                self._holds[leg] = self._media.play_music(hearer.port, self._hold_music)
        elif event.before is LegState.HELD:
            record = self._held.pop(leg, None)
            if record is not None:
                record.ended_ms = self._journey.elapsed_ms()
            if leg in self._holds:
                self._holds.pop(leg).stop()
        elif event.after is LegState.ENDED and leg in self.monitors:
            self.monitors.pop(leg)

    async def _begin_recording(self, folder: Path) -> None:
        """Begin the recording; a call without one is better than no call."""
        number = len(self._journey.journey.recordings) + 1
        month = self._journey.journey.started.wall_ms
        name = f"{_month_folder(month)}/{self._journey.id}-{number}.wav"
        path = folder / name
        caller, leg = self.parties[:2]
        if caller.port is None or leg.port is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._recording = await self._media.record(path, caller.port, leg.port, compact=True)
        except (MediaError, OSError) as error:
            self._journey.note(EntryKind.FAULT, Calls.NOT_RECORDED(why=str(error)))
            return
        self._record = self._journey.recording_began(name, caller, leg)
        self._discretion = Discretion(self._recording, self._record, self._journey.elapsed_ms)


def _month_folder(wall_ms: int) -> str:
    """Return "2026-11" for a moment, so that no folder grows without end."""
    moment = datetime.datetime.fromtimestamp(wall_ms / 1000, tz=datetime.UTC)
    return f"{moment:%Y-%m}"
