"""Acts on live calls: hand on, park, end, listen, by dragging, from a dialog, or by plain forms; the
day/night switch; announcements to all phones."""

from __future__ import annotations

from typing import Any, Final, Literal

from litestar import Request, Response, Router, post

from firmware.control.base import BaseRequest
from firmware.control.live import ActedReply, HangUpCall, ListenIn, Mode, ParkCall, PlaceCall, TransferCall
from firmware.control.voice import AnnounceToAll, AnnouncingReply, HoursReply, SwitchHours
from firmware.core.errors import UserError
from web_admin.notices import then
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, account_of, address_of, user_of, words_of
from web_admin.site import Site

MODES: Final[tuple[Literal["auto", "day", "night"], ...]] = ("auto", "day", "night")
_LONGEST_MOMENT = 16
"""Characters: 2026-12-01T18:00, as browsers send one."""

_LONGEST_ANNOUNCEMENT = 1000
"""Characters that are passed on; the switch says how many there may be."""

_ACTS = ("transfer", "park", "hang-up", "listen", "whisper", "barge", "call")


def board_router(site: Site) -> Router:
    """Return the handlers."""

    @post("/board/act", status_code=200)
    async def act(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        what, call = str(form.get("do", "")), str(form.get("call", ""))[:40]
        to, by = str(form.get("to", ""))[:60].strip(), user_of(request)
        user, words = account_of(request), words_of(request)
        own = user.extension if user else ""
        asked: BaseRequest | None = None
        if what == "transfer":
            asked = TransferCall(call=call, to=to, by=by)
        elif what == "park":
            asked = ParkCall(call=call, by=by)
        elif what == "hang-up":
            asked = HangUpCall(call=call, by=by)
        elif what in set(Mode) and own:
            asked = ListenIn(own=own, to=to, mode=Mode(what), by=by)
        elif what == "call" and own:
            asked = PlaceCall(own=own, to=to, by=by)
        is_script = request.headers.get("x-requested-with") == "zongji"
        if asked is None:
            text = words("board.no_extension" if what in _ACTS else "error.not_found")
            return _answer(request, is_script, text, 422)
        try:
            async with site.box.ask() as switch:
                await switch.ask(asked, ActedReply)
        except UserError as error:
            return _answer(request, is_script, in_words(error, None, words), 422)
        site.audit.note(by, address_of(request), f"call-{what}", f"{call} {to}".strip())
        if is_script:
            return Response(
                words(f"board.done_{what.replace('-', '_')}"), media_type="text/plain; charset=utf-8"
            )
        return then("/", f"board.done_{what.replace('-', '_')}")

    @post("/board/hours", status_code=303)
    async def switch_hours(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        mode = next((one for one in MODES if one == form.get("mode")), None)
        if mode is None:
            raise UserError("There is no such switch.")
        # Back to the hours is back to the hours: until when is said of the other two only.
        until = "" if mode == "auto" else str(form.get("until", ""))[:_LONGEST_MOMENT]
        by = user_of(request)
        try:
            async with site.box.ask() as switch:
                await switch.ask(SwitchHours(mode=mode, until=until, by=by), HoursReply)
        except UserError as error:
            return _answer(request, False, in_words(error, None, words_of(request)), 422)
        site.audit.note(by, address_of(request), "hours-switched", f"{mode} {until}".strip())
        return then("/", f"hours.done_{mode}")

    @post("/board/announce", status_code=303)
    async def announce(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        text, by = str(form.get("text", ""))[:_LONGEST_ANNOUNCEMENT].strip(), user_of(request)
        try:
            async with site.box.ask() as switch:
                await switch.ask(AnnounceToAll(text=text, by=by), AnnouncingReply)
        except UserError as error:
            return _answer(request, False, in_words(error, None, words_of(request)), 422)
        site.audit.note(by, address_of(request), "announced", text)
        return then("/", "announce.done")

    def _answer(request: AnyRequest, is_script: bool, text: str, status: int) -> Response[Any]:
        if is_script:
            return Response(text, status_code=status, media_type="text/plain; charset=utf-8")
        return site.pages.page(request, "problem.html", status=status, key="error.title", detail=text)

    return Router("/", route_handlers=[act, switch_hours, announce])
