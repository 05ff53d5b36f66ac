"""One's own desk: who calls (and who that is), reachability, voicemail, own calls, click to call, wrap-up."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Stream

from firmware.control.client import ControlClient
from firmware.control.editing import Edit, SettingsReply, SetValue
from firmware.control.live import ActedReply, PlaceCall
from firmware.control.lost_callers import CloseLostCaller, ListLostCallers, LostCallersReply
from firmware.control.notes import AmendedReply, WrapUpCall
from firmware.control.picture import CallNow, NowReply
from firmware.control.routing import AgentAct, QueuesReply
from firmware.control.search import CallFilter, CallRow
from firmware.control.shapes import Kind, Shape
from firmware.control.voicemail import (
    ChangeMessage,
    ListMessages,
    MessageReply,
    MessagesReply,
    OpenMessage,
)
from firmware.core.errors import UserError, ZongjiError
from firmware.core.lost import LostCaller
from firmware.core.messages import Message
from firmware.core.records import Journey
from web_admin import recording
from web_admin.box import maybe
from web_admin.call_page import call_page, has_part, take_note, take_tags
from web_admin.forms.reading import read, rearranged
from web_admin.forms.suggestions import Lists
from web_admin.forms.unfolded import FOLDED, Unfolded, unfolded
from web_admin.notices import notice_of, then
from web_admin.pages.settings import entry_hint, entry_name
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, account_of, address_of, session_of, user_of, words_of
from web_admin.site import Site
from web_admin.words import Words

WRAP_UPS = ("question", "order", "complaint", "callback", "private", "other")
"""What a call may have been about; the reports count by these."""

_ACTS = {
    "sign in": AgentAct(agent="", act="sign in"),
    "sign out": AgentAct(agent="", act="sign out"),
    "pause": AgentAct(agent="", act="pause"),
    "resume": AgentAct(agent="", act="resume"),
}

_OWN_CALLS = 15
_LONGEST_WHY = 60
_CARD_CALLS = 6
_CARD_NOTES = 3
"""Earlier calls whose notes are shown on a caller's card: each is a question to the switch."""


def calls_of(picture: NowReply | None, extension: str) -> list[CallNow]:
    """Return the running calls an extension has part in."""
    if picture is None or not extension:
        return []
    return [one for one in picture.calls if extension in one.people or one.origin == extension]


def desk_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/desk")
    async def desk(request: Request[Any, Any, Any]) -> Response[Any]:
        own = _own(request)
        if not own:
            return site.pages.page(request, "problem.html", key="desk.no_extension", detail="")
        messages: list[Message] = []
        async with site.box.ask() as switch:
            calls = (await switch.find(CallFilter(person=own), _OWN_CALLS)).calls
            settings = await switch.settings()
            # A box without voicemail has no such answers; the desk is there all the same.
            with contextlib.suppress(ZongjiError):
                messages = (await switch.ask(ListMessages(mailbox=own), MessagesReply)).messages
            tasks = [one for one in await _open_tasks(switch) if one.wanted in _places(settings, own)]
        last = calls[0] if calls and own in calls[0].people else None
        return await _desk_page(request, own, calls, settings, last, messages=messages, tasks=tasks)

    async def _desk_page(
        request: AnyRequest,
        own: str,
        calls: list[CallRow],
        settings: SettingsReply,
        last: CallRow | None,
        problem: str = "",
        wishes: Any = None,
        messages: list[Message] | None = None,
        opened: Unfolded = FOLDED,
        tasks: list[LostCaller] | None = None,
    ) -> Response[Any]:
        words = words_of(request)
        now = site.box.picture
        person: dict[str, Any] = next(
            (one for one in settings.values["extensions"] if one["number"] == own), {}
        )
        shape = _wishes(settings)
        return site.pages.page(
            request,
            "desk.html",
            status=422 if problem else 200,
            own=own,
            name=person.get("name", own),
            region=_region(words, own),
            at=now.at_wall_ms if now else 0,
            calls=calls,
            names={one.number: one.name for one in now.people} if now else {},
            last=last,
            wrap_ups=WRAP_UPS,
            messages=messages or [],
            tasks=tasks or [],
            shape=shape,
            wishes=person.get("personal") if wishes is None else wishes,
            lists=Lists.of(settings),
            is_agent=any(own in _agents(one) for one in settings.values.get("queues", [])),
            opened=opened,
            entry_name=lambda one, number: entry_name(one, number, words),
            entry_hint=lambda one: entry_hint(one, words),
            problem=problem,
            notice=notice_of(request)[0],
        )

    def _region(words: Words, own: str) -> str:
        now = site.box.picture
        return site.pages.text(
            "regions/desk.html",
            words,
            now=now,
            own=own,
            calls=calls_of(now, own),
            me=next((one for one in now.people if one.number == own), None) if now else None,
            agent=next((one for one in now.agents if one.number == own), None) if now else None,
            names={one.number: one.name for one in now.people} if now else {},
            away_since=site.box.away_since,
        ).strip()

    @get("/desk/live", sync_to_thread=False)
    def live(request: Request[Any, Any, Any]) -> Response[Any]:
        session, own, words = session_of(request), _own(request), words_of(request)
        if site.hub.is_full() or session is None or not own:
            return Response("", status_code=503, headers={"retry-after": "10"}, media_type="text/plain")
        events = site.hub.stream(
            lambda: {"desk": _region(words, own)}, lambda: site.sessions.is_alive(session)
        )
        return Stream(
            events,
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    @get("/desk/card/{call:str}")
    async def card(request: Request[Any, Any, Any], call: FromPath[str]) -> Response[Any]:
        """The card of who calls now: earlier calls, what was noted then."""
        own = _own(request)
        running = next((one for one in calls_of(site.box.picture, own) if one.id == call), None)
        if running is None:
            return Response("", media_type="text/html")
        earlier: list[CallRow] = []
        noted: list[Journey] = []
        tasks: list[LostCaller] = []
        known = ""
        if running.caller:
            async with site.box.ask() as switch:
                earlier = (await switch.find(CallFilter(text=running.caller), _CARD_CALLS + 1)).calls
                settings = await switch.settings()
                tasks = await _open_tasks(switch, running.caller)
                known = settings.values.get("inbound", {}).get("known", {}).get(running.caller, "")
                for one in [row for row in earlier if row.id != call][:_CARD_NOTES]:
                    journey = await switch.call(one.id)
                    if journey.notes or journey.tags:
                        noted.append(journey)
        now = site.box.picture
        return site.pages.page(
            request,
            "card.html",
            call=running,
            known=known,
            earlier=[one for one in earlier if one.id != call][:_CARD_CALLS],
            noted=noted,
            tasks=tasks,
            names={one.number: one.name for one in now.people} if now else {},
        )

    @get("/desk/calls/{call:str}")
    async def own_call(request: Request[Any, Any, Any], call: FromPath[str]) -> Response[Any]:
        return await call_page(site, request, call, "/desk/calls", _own(request))

    @get("/desk/calls", sync_to_thread=False)
    def back() -> Response[Any]:
        return Response("", status_code=303, headers={"location": "/desk"})

    @post("/desk/calls/{call:str}/note", status_code=303)
    async def note(request: Request[Any, Any, Any], call: FromPath[str]) -> Response[Any]:
        await _is_mine(request, call)
        return await take_note(site, request, call, "/desk/calls")

    @post("/desk/calls/{call:str}/tags", status_code=303)
    async def tags(request: Request[Any, Any, Any], call: FromPath[str]) -> Response[Any]:
        await _is_mine(request, call)
        return await take_tags(site, request, call, "/desk/calls")

    async def _is_mine(request: AnyRequest, call: str) -> None:
        async with site.box.ask() as switch:
            found = await switch.call(call)
        if not has_part(found, _own(request)):
            raise UserError(f"There is no call {call}.")

    @get("/desk/messages/{message:str}")
    async def message(request: Request[Any, Any, Any], message: FromPath[str]) -> Response[Any]:
        await _is_my_message(request, message)
        opened = await site.box.file(OpenMessage(message=message, heard=True), MessageReply)
        size = os.fstat(opened.descriptor).st_size
        return Stream(
            recording.chunks(opened.descriptor, 0, size - 1),
            media_type="audio/wav",
            headers={"content-length": str(size)},
        )

    @post("/desk/messages/{message:str}", status_code=303)
    async def change_message(request: Request[Any, Any, Any], message: FromPath[str]) -> Response[Any]:
        to = str((await request.form()).get("to", ""))
        await _is_my_message(request, message)
        async with site.box.ask() as switch:
            asked = ChangeMessage(message=message, to="deleted" if to == "deleted" else "saved")
            await switch.ask(asked, MessageReply)
        return then("/desk#messages", "desk.saved")

    async def _is_my_message(request: AnyRequest, message: str) -> None:
        async with site.box.ask() as switch:
            mine = await switch.ask(ListMessages(mailbox=_own(request)), MessagesReply)
        if message not in [one.id for one in mine.messages]:
            raise UserError("That message is not there any more.")

    @post("/desk/tasks/{task:str}", status_code=303)
    async def close_task(request: Request[Any, Any, Any], task: FromPath[str]) -> Response[Any]:
        """Close a task of whoever asked for this desk, or talks with it now."""
        own, by = _own(request), user_of(request)
        why = str((await request.form()).get("why", ""))[:_LONGEST_WHY].strip() or "done"
        async with site.box.ask() as switch:
            places = _places(await switch.settings(), own)
            mine = {one.id for one in await _open_tasks(switch) if one.wanted in places}
            for call in calls_of(site.box.picture, own):
                if call.caller:
                    mine |= {one.id for one in await _open_tasks(switch, call.caller)}
            if task not in mine:
                raise UserError("That task is closed already, or somebody else's.")
            await switch.ask(CloseLostCaller(caller=task, by=by, why=why), LostCallersReply)
        site.audit.note(by, address_of(request), "task-closed", task)
        return then("/desk", "tasks.closed")

    @post("/desk/call", status_code=303)
    async def place(request: Request[Any, Any, Any]) -> Response[Any]:
        to = str((await request.form()).get("to", ""))[:60].strip()
        async with site.box.ask() as switch:
            try:
                await switch.ask(PlaceCall(own=_own(request), to=to, by=user_of(request)), ActedReply)
            except UserError as error:
                return _refused(request, error)
        site.audit.note(user_of(request), address_of(request), "call-call", to)
        return then("/desk", "board.done_call")

    @post("/desk/wrap-up/{call:str}", status_code=303)
    async def wrap_up(request: Request[Any, Any, Any], call: FromPath[str]) -> Response[Any]:
        form = await request.form()
        await _is_mine(request, call)
        asked = WrapUpCall(
            call=call, agent=_own(request), code=str(form.get("code", "")), note=str(form.get("note", ""))
        )
        async with site.box.ask() as switch:
            await switch.ask(asked, AmendedReply)
            if form.get("code"):
                # Whoever is in no queue, or not in wrap-up, has nothing to come back from.
                with contextlib.suppress(UserError):
                    await switch.ask(AgentAct(agent=_own(request), act="resume"), QueuesReply)
        return then("/desk", "call.noted")

    @post("/desk/agent", status_code=303)
    async def agent(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        act = _ACTS.get(str(form.get("act", "")))
        if act is None:
            raise UserError("There is no such act.")
        asked = msgspec.structs.replace(act, agent=_own(request), reason=str(form.get("reason", ""))[:60])
        async with site.box.ask() as switch:
            try:
                await switch.ask(asked, QueuesReply)
            except UserError as error:
                return _refused(request, error)
        return then("/desk", "desk.saved")

    @post("/desk/wishes", status_code=200)
    async def set_wishes(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        own = _own(request)
        async with site.box.ask() as switch:
            settings = await switch.settings()
            shape = _wishes(settings)
            place = next(
                (at for at, one in enumerate(settings.values["extensions"]) if one["number"] == own), None
            )
            if shape is None or place is None:
                raise UserError("There is nothing to set here.")
            what = str(form.get("do", "save"))
            value = read(shape, form, "personal")
            try:
                if what != "save":
                    raise UserError("")
                edits: list[Edit] = [SetValue(["extensions", str(place), "personal"], value)]
                changed = await switch.change_settings(edits, user_of(request), settings.revision)
            except UserError as error:
                value = rearranged(shape, value, "personal", what)
                problem = in_words(error, settings, words_of(request)) if what == "save" else ""
                calls = (await switch.find(CallFilter(person=own), _OWN_CALLS)).calls
                return await _desk_page(
                    request, own, calls, settings, None, problem, value, opened=unfolded(what)
                )
        paths = ", ".join(one.path for one in changed.changes)
        site.audit.note(user_of(request), address_of(request), "settings-changed", paths)
        return then("/desk#wishes", "desk.saved")

    def _refused(request: AnyRequest, error: UserError) -> Response[Any]:
        detail = in_words(error, None, words_of(request))
        return site.pages.page(request, "problem.html", status=422, key="error.title", detail=detail)

    return Router(
        "/",
        route_handlers=[
            desk, live, card, own_call, back, note, tags, message, change_message, close_task, place,
            wrap_up, agent, set_wishes,
        ],
    )  # fmt: skip


def _own(request: AnyRequest) -> str:
    user = account_of(request)
    return user.extension if user else ""


async def _open_tasks(switch: ControlClient, number: str = "") -> list[LostCaller]:
    """Return callers nobody talked with, of one number or all; none where this switch keeps no such list."""
    found = await maybe(switch, ListLostCallers(number=number), LostCallersReply)
    return [] if found is None else found.callers


def _places(settings: SettingsReply, own: str) -> set[str]:
    """Return what a caller may have asked for to mean somebody: the extension, its groups and queues."""
    groups, queues = settings.values.get("groups", []), settings.values.get("queues", [])
    joined = [one["name"] for one in groups if own in [member.get("number") for member in one["members"]]]
    return {own, *joined, *(one["name"] for one in queues if own in _agents(one))}


def _wishes(settings: SettingsReply) -> Shape | None:
    """Return the shape of a member's own settings; None while members have none."""
    extensions = next((one.shape for one in settings.sections if one.name == "extensions"), None)
    item = extensions.item if extensions else None
    fields = item.fields if item else []
    found = next((one.shape for one in fields if one.name == "personal"), None)
    return found if found is not None and found.kind is Kind.GROUP else None


def _agents(queue: dict[str, Any]) -> list[str]:
    return [one.get("number", "") for one in queue.get("agents", [])]
