"""The rest of what a switch answers, from memory: acts on calls, notes, queues, figures."""

from __future__ import annotations

import msgspec

from firmware.app.pages import answer_resets
from firmware.control.answers import Answers, answers_of
from firmware.control.base import BaseRequest
from firmware.control.live import ActedReply, HangUpCall, ListenIn, ParkCall, PlaceCall, TransferCall
from firmware.control.notes import AddNote, AmendedReply, SetTags, WrapUpCall
from firmware.control.routing import AgentAct, QueuesReply
from firmware.core.errors import UserError
from firmware.core.ids import CallId
from firmware.core.records import AgentNote, Journey, WrapUp
from tests.control.switch import FakeSwitch
from tests.store.sample import BenchClock


class FakeOffice:
    """What happened in the office, and what it was asked.

    Args:
        switch: Holds the journeys.
    """

    def __init__(self, switch: FakeSwitch) -> None:
        self.switch = switch
        self.asked: list[BaseRequest] = []
        self.refusal = ""
        """Why acts on calls are refused; empty while they aren't."""

    def answers(self) -> Answers:
        """Return every answer: the switch's and these."""
        answers = answers_of(self.switch)
        answer_resets(answers, BenchClock(), self.switch.password_reset)
        for act in (TransferCall, ParkCall, HangUpCall, PlaceCall, ListenIn):
            answers.on(act, self._acted)
        answers.on(AddNote, self._amended)
        answers.on(SetTags, self._amended)
        answers.on(WrapUpCall, self._amended)
        answers.on(AgentAct, self._queues)
        return answers

    def last(self) -> BaseRequest:
        """Return what was asked last, without its number."""
        return msgspec.structs.replace(self.asked[-1], id=0)

    async def _acted(self, request: BaseRequest) -> ActedReply:
        self.asked.append(request)
        if self.refusal:
            raise UserError(self.refusal)
        return ActedReply(call=CallId("01KB0NEW"))

    async def _amended(self, request: AddNote | SetTags | WrapUpCall) -> AmendedReply:
        self.asked.append(request)
        journey: Journey = await self.switch.call(request.call)
        match request:
            case AddNote(author=author, text=text):
                journey.notes.append(AgentNote(author, 1000, text))
            case SetTags(tags=tags):
                journey.tags = [one.strip() for one in tags if one.strip()]
            case WrapUpCall(agent=agent, code=code):
                journey.wrap_ups.append(WrapUp(agent, 0, 0, code))
        return AmendedReply(journey=journey)

    async def _queues(self, request: AgentAct) -> QueuesReply:
        self.asked.append(request)
        return QueuesReply(queues=[])
