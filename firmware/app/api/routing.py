"""Answers to `firmware.control.routing`."""

from __future__ import annotations

import base64
import binascii
import datetime
from collections import OrderedDict

from firmware.app.parts import Parts
from firmware.control.routing import (
    MAX_PART,
    AgentAct,
    AgentNow,
    BadLine,
    CheckEmergency,
    CodeHelp,
    CodesReply,
    ExplainCall,
    ExplainDialled,
    ExplainReply,
    ExportPeople,
    ExportReply,
    ImportPeople,
    ImportReply,
    ListCodes,
    ListQueues,
    QueueNow,
    QueuesReply,
    WaitingNow,
)
from firmware.core.errors import UserError
from firmware.settings import people_csv
from firmware.settings.document import Settings

# Uploads that were begun and not finished; an older one is forgotten for a newer.
_MOST_UPLOADS = 4
AUTHOR_OF_IMPORTS = "CSV import"
"""Who the settings' history says it was."""


def serve(parts: Parts) -> None:
    """Answer from now on."""
    desk = RoutingDesk(parts)
    answers = parts.answers
    answers.on(ExplainCall, desk.explain_call)
    answers.on(ExplainDialled, desk.explain_dialled)
    answers.on(CheckEmergency, desk.check_emergency)
    answers.on(ImportPeople, desk.import_people)
    answers.on(ExportPeople, desk.export_people)
    answers.on(ListQueues, desk.queues)
    answers.on(AgentAct, desk.act)
    answers.on(ListCodes, desk.codes)


class RoutingDesk:
    """Answers about routing and people.

    Args:
        parts: Running.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._uploads: OrderedDict[str, bytes] = OrderedDict()

    async def explain_call(self, request: ExplainCall) -> ExplainReply:
        """Say what would become of a caller.

        Raises:
            UserError: The time can't be read, or there is no such line.
        """
        names = [line.name for line in self._parts.trunks.lines]
        line = request.line or (names[0] if names else "")
        if request.line and request.line not in names:
            raise UserError(f"there is no line {request.line}; the lines are {', '.join(names)}")
        routing = self._parts.routing
        said = routing.explain(_moment(request.at), line, request.caller, request.did, request.keys)
        return ExplainReply(steps=said)

    async def explain_dialled(self, request: ExplainDialled) -> ExplainReply:
        """Say what would become of what a phone dials.

        Raises:
            UserError: The time can't be read, or there is no such extension.
        """
        if self._parts.directory.find(request.extension) is None:
            raise UserError(f"there is no extension {request.extension}")
        said = self._parts.routing.explain_dialled(request.extension, request.dialled, _moment(request.at))
        return ExplainReply(steps=said)

    async def check_emergency(self, _: CheckEmergency) -> ExplainReply:
        """Prove the emergency path without dialling."""
        outbound = self._parts.outbound
        return ExplainReply(steps=list(outbound.emergency.check(outbound.plan, outbound.settings.lines)))

    async def import_people(self, request: ImportPeople) -> ImportReply:
        """Take a part of a table; with the last, put it into force or say what is wrong with it.

        Raises:
            UserError: The part isn't Base64, or the file is too large.
        """
        data = self._uploads.pop(request.upload, b"") + _bytes(request.data)
        if len(data) > people_csv.MAX_BYTES:
            raise UserError("the file is larger than 1 MB")
        if not request.last:
            self._uploads[request.upload] = data
            while len(self._uploads) > _MOST_UPLOADS:
                self._uploads.popitem(last=False)
            return ImportReply()
        taken = people_csv.read(data, self._parts.settings.current, remove_missing=request.remove_missing)
        if taken.settings is not None and not request.dry_run:
            await self._parts.editing.edit(
                lambda now: _people_of(data, now, request.remove_missing), AUTHOR_OF_IMPORTS
            )
        return ImportReply(
            added=taken.added,
            changed=taken.changed,
            removed=taken.removed,
            errors=tuple(BadLine(one.line, one.en, one.zh) for one in taken.errors),
        )

    async def export_people(self, request: ExportPeople) -> ExportReply:
        """Return the table of people."""
        table = people_csv.export(self._parts.settings.current, request.encoding)
        return ExportReply(data=base64.b64encode(table).decode())

    async def queues(self, _: ListQueues) -> QueuesReply:
        """Return the queues as they are now."""
        desk = self._parts.routing.desk
        now = desk.now()
        found = []
        for name, model in desk.queues.items():
            waiting = [
                WaitingNow(
                    call=one.id,
                    number=one.number,
                    place=place,
                    waited_s=now - one.since,
                    callback=one.callback,
                    tier=one.min_tier,
                    pod=one.pod,
                )
                for place, one in enumerate(model.waiting(), 1)
            ]
            agents = [
                AgentNow(
                    number=number,
                    name=self._name(number),
                    mode=agent.mode,
                    since_s=now - agent.since,
                    reason=agent.reason,
                    tier=agent.profile.tier,
                    pod=agent.profile.pod,
                )
                for number, agent in model.agents.items()
            ]
            ends = {str(end): count for end, count in model.ends.items()}
            found.append(QueueNow(name=name, waiting=waiting, agents=agents, ends=ends))
        return QueuesReply(queues=found)

    async def act(self, request: AgentAct) -> QueuesReply:
        """Have an agent sign in or out, take a break, or come back.

        Raises:
            UserError: It belongs to no queue, or isn't signed in.
        """
        desk = self._parts.routing.desk
        match request.act:
            case "sign in":
                desk.sign_in(request.agent)
            case "sign out":
                desk.sign_out(request.agent)
            case "pause":
                desk.pause(request.agent, request.reason[:60])
            case "resume":
                desk.resume(request.agent)
        return await self.queues(ListQueues())

    async def codes(self, _: ListCodes) -> CodesReply:
        """Return the feature codes in force, with help."""
        routing = self._parts.routing
        listed = [
            CodeHelp(code, one.takes, one.help_en, one.help_zh)
            for code, one in routing.features.book.listed()
        ]
        keys = [CodeHelp(*one) for one in routing.in_call.keys.listed()]
        return CodesReply(codes=listed, in_call=keys, slots=list(routing.lot.slots))

    def _name(self, number: str) -> str:
        extension = self._parts.directory.find(number)
        return extension.name if extension is not None else ""


def _people_of(data: bytes, now: Settings, remove_missing: bool) -> Settings:
    """Return the settings with a table taken in; they may have changed since it was looked at."""
    taken = people_csv.read(data, now, remove_missing=remove_missing)
    if taken.settings is None:
        raise UserError(f"line {taken.errors[0].line}: {taken.errors[0].en}")
    return taken.settings


def _bytes(data: str) -> bytes:
    if len(data) > MAX_PART:
        raise UserError(f"a part has {MAX_PART} characters at most")
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise UserError("a part of a file must be Base64") from None


def _moment(text: str) -> datetime.datetime:
    """Return a local moment; now for "".

    Raises:
        UserError: It can't be read.
    """
    if not text:
        return datetime.datetime.now().astimezone()
    try:
        return datetime.datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise UserError(f"{text!r} is no moment; write it as 2026-11-22 21:05") from None
