"""Text messages (SMS): what came in, what went out and how far it has come, and writing one."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post

from firmware.control.lines import ListTexts, SendText, TextQueued, TextsReply
from firmware.core.errors import UserError
from firmware.core.texts import OutgoingText, ReceivedText, TextState
from web_admin.notices import notice_of, then
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, user_of, words_of
from web_admin.site import Site

_SHOWN = 60
_LONGEST_NUMBER, _LONGEST_TEXT, _LONGEST_LINE = 40, 1500, 16

# How a state looks: as the outcomes of calls do.
_MOODS = {
    TextState.SENT: "answered",
    TextState.DELIVERED: "answered",
    TextState.UNCERTAIN: "unanswered",
    TextState.FAILED: "failed",
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A message in either direction."""

    is_in: bool
    number: str
    body: str
    at: int
    """ms since 1970 UTC."""
    state: str
    mood: str = ""
    line: str = ""
    author: str = ""
    purpose: str = ""
    detail: str = ""


class Draft(msgspec.Struct, frozen=True):
    """What somebody has written and not sent yet."""

    number: str = ""
    text: str = ""
    line: str = ""


def texts_router(site: Site) -> Router:
    """Return the handlers."""

    async def show(request: AnyRequest, draft: Draft, problem: str = "") -> Response[Any]:
        async with site.box.ask() as switch:
            found = await switch.ask(ListTexts(limit=_SHOWN), TextsReply)
        both = [*(_received(one) for one in found.received), *(_outgoing(one) for one in found.outgoing)]
        now = site.box.picture
        return site.pages.page(
            request,
            "texts.html",
            status=422 if problem else 200,
            texts=sorted(both, key=lambda one: one.at, reverse=True)[:_SHOWN],
            names={one.number: one.name for one in now.people} if now else {},
            lines=[one.name for one in now.lines] if now else [],
            draft=draft,
            problem=problem,
            notice=notice_of(request)[0],
        )

    @get("/texts")
    async def texts(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request, Draft(request.query_params.get("number", "")[:_LONGEST_NUMBER]))

    @post("/texts", status_code=303)
    async def send(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        draft = Draft(
            str(form.get("number", "")).strip()[:_LONGEST_NUMBER],
            str(form.get("text", "")).replace("\r\n", "\n").strip()[:_LONGEST_TEXT],
            str(form.get("line", ""))[:_LONGEST_LINE],
        )
        by = user_of(request)
        asked = SendText(number=draft.number, text=draft.text, line=draft.line, by=by)
        try:
            async with site.box.ask() as switch:
                await switch.ask(asked, TextQueued)
        except UserError as error:
            return await show(request, draft, in_words(error, None, words_of(request)))
        site.audit.note(by, address_of(request), "text-sent", draft.number)
        return then("/texts", "texts.queued")

    return Router("/", route_handlers=[texts, send])


def _received(one: ReceivedText) -> Shown:
    state = "received" if one.complete else "incomplete"
    return Shown(
        is_in=True, number=one.number, body=one.body, at=one.received_wall_ms, state=state, line=one.line
    )


def _outgoing(one: OutgoingText) -> Shown:
    return Shown(
        is_in=False,
        number=one.number,
        body=one.body,
        at=one.created_wall_ms,
        state=one.state,
        mood=_MOODS.get(one.state, ""),
        line=one.line or "",
        author=one.author,
        purpose=one.purpose,
        detail=one.detail,
    )
