"""Writes down what people note about finished calls: the journey gets another revision."""

from __future__ import annotations

from firmware.app.parts import Parts
from firmware.control.notes import (
    MAX_TAG,
    MAX_TAGS,
    MAX_TEXT,
    AddNote,
    AmendedReply,
    SetTags,
    WrapUpCall,
)
from firmware.core.clock import Clock
from firmware.core.errors import UserError
from firmware.core.ids import CallId
from firmware.core.records import AgentNote, Journey, WrapUp
from firmware.store.records import SqliteJourneyStore

_MAX_NOTES = 100
_MAX_NAME = 60


class NotesDesk:
    """Answers the requests of `firmware.control.notes`.

    Args:
        store: Holds the journeys.
        clock: Dates what is written.
    """

    def __init__(self, store: SqliteJourneyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(self, request: AddNote) -> AmendedReply:
        """Add a note.

        Raises:
            UserError: It is empty, or there is no such closed call.
        """
        text = request.text.strip()[:MAX_TEXT]
        if not text:
            raise UserError("The note is empty.")
        return AmendedReply(
            journey=await self._store.amend(
                CallId(request.call), lambda journey: self._note(journey, request.author, text)
            )
        )

    async def tag(self, request: SetTags) -> AmendedReply:
        """Set the tags.

        Raises:
            UserError: There are too many, or there is no such closed call.
        """
        tags = list(dict.fromkeys(one.strip()[:MAX_TAG] for one in request.tags if one.strip()))
        if len(tags) > MAX_TAGS:
            raise UserError(f"More than {MAX_TAGS} tags; keep those that matter.")

        def edit(journey: Journey) -> None:
            journey.tags = tags
            if request.source is not None:
                journey.source = request.source.strip()[:_MAX_NAME]

        return AmendedReply(journey=await self._store.amend(CallId(request.call), edit))

    async def wrap_up(self, request: WrapUpCall) -> AmendedReply:
        """Note what a call was about. The agent's running wrap-up gets the code; without one, one is added.

        Raises:
            UserError: There is no such closed call.
        """
        code, note = request.code.strip()[:_MAX_NAME], request.note.strip()[:MAX_TEXT]

        def edit(journey: Journey) -> None:
            mine = next((one for one in reversed(journey.wrap_ups) if one.agent == request.agent), None)
            if mine is None:
                began = journey.duration_ms or 0
                mine = WrapUp(request.agent, began, max(began, self._at(journey)))
                journey.wrap_ups.append(mine)
            mine.code = code
            if note:
                self._note(journey, request.agent, note)

        return AmendedReply(journey=await self._store.amend(CallId(request.call), edit))

    def _note(self, journey: Journey, author: str, text: str) -> None:
        if len(journey.notes) >= _MAX_NOTES:
            raise UserError(f"This call has {_MAX_NOTES} notes already.")
        journey.notes.append(AgentNote(author[:_MAX_NAME], self._at(journey), text))

    def _at(self, journey: Journey) -> int:
        now = self._clock.now()
        if now.boot_id == journey.started.boot_id:
            return max(0, now.mono_ms - journey.started.mono_ms)
        return max(0, now.wall_ms - journey.started.wall_ms)


def start(parts: Parts) -> None:
    """Answer the requests from now on."""
    desk = NotesDesk(parts.store, parts.clock)
    parts.answers.on(AddNote, desk.add)
    parts.answers.on(SetTags, desk.tag)
    parts.answers.on(WrapUpCall, desk.wrap_up)
