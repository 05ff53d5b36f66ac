"""The lines as an installer cares for them: verdicts, levels, gain, PIN, busy tone, service, test calls."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from firmware.control.base import BaseReply, BaseRequest
from firmware.control.line_care import (
    AskTestCall,
    BeginTestCall,
    CheckLines,
    EndTestCall,
    ForgetBusyTone,
    GivePin,
    LearnBusyTone,
    LevelsReply,
    LineCareDone,
    LinesReply,
    SetGain,
    TestCallState,
    WatchLevels,
)
from firmware.control.lines import ServiceChanged, SetService
from firmware.core.errors import UserError, ZongjiError
from web_admin.box import maybe
from web_admin.notices import notice_of, then
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, user_of, words_of
from web_admin.site import Site

_LEVELS_WITHIN_S = 2.0


def lines_router(site: Site) -> Router:
    """Return the handlers."""

    async def show(request: AnyRequest, problem: str = "") -> Response[Any]:
        async with site.box.ask() as switch:
            found = await switch.ask(CheckLines(), LinesReply)
            call = await maybe(switch, AskTestCall(), TestCallState)
            settings = await switch.settings()
        own = {one["name"]: one for one in settings.values.get("lines", [])}
        return site.pages.page(
            request,
            "lines.html",
            status=422 if problem else 200,
            lines=found.lines,
            resting={name for name, one in own.items() if not one.get("in_service", True)},
            call=call,
            problem=problem,
            notice=notice_of(request)[0],
        )

    @get("/lines")
    async def lines(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request)

    @get("/lines/levels")
    async def levels(request: Request[Any, Any, Any]) -> Response[Any]:
        """How loud the lines in calls are now; meters run as long as somebody asks."""
        found: list[Any] = []
        with contextlib.suppress(ZongjiError, TimeoutError):
            async with (
                asyncio.timeout(_LEVELS_WITHIN_S),
                site.box.ask() as switch,
                contextlib.aclosing(switch.follow(WatchLevels(), LevelsReply)) as pictures,
            ):
                async for picture in pictures:
                    found = picture.levels
                    break
        return site.pages.page(request, "line_levels.html", levels=found)

    @get("/lines/test")
    async def test_state(request: Request[Any, Any, Any]) -> Response[Any]:
        async with site.box.ask() as switch:
            call = await switch.ask(AskTestCall(), TestCallState)
        return site.pages.page(request, "line_test.html", call=call)

    @post("/lines/test", status_code=303)
    async def test(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        number, line = str(form.get("number", "")).replace(" ", ""), str(form.get("line", ""))[:16]
        words = words_of(request)
        try:
            async with site.box.ask() as switch:
                if form.get("do") == "end":
                    await switch.ask(EndTestCall(), TestCallState)
                    return then("/lines#test", "system.done")
                asked = msgspec.convert({"number": number, "line": line}, BeginTestCall)
                await switch.ask(asked, TestCallState)
        except msgspec.ValidationError:
            return await show(request, words("lines.bad_number"))
        except UserError as error:
            return await show(request, in_words(error, None, words))
        site.audit.note(user_of(request), address_of(request), "line-test", f"{line} {number}".strip())
        return then("/lines#test", "")

    @post("/lines/{line:str}", status_code=303)
    async def care(request: Request[Any, Any, Any], line: FromPath[str]) -> Response[Any]:
        form = await request.form()
        what, by, words = str(form.get("do", "")), user_of(request), words_of(request)
        try:
            asked, kind = _asked(what, line, str(form.get("value", "")).strip(), by)
            async with site.box.ask() as switch:
                await switch.ask(asked, kind)
        except msgspec.ValidationError:
            return await show(request, words(f"lines.bad_{what}"))
        except UserError as error:
            return await show(request, in_words(error, None, words))
        site.audit.note(by, address_of(request), f"line-{what}", line)
        return then(f"/lines#line-{line}", "desk.saved")

    return Router("/", route_handlers=[lines, levels, test_state, test, care])


def _asked(what: str, line: str, value: str, by: str) -> tuple[BaseRequest, type[BaseReply]]:
    """Return what the switch is asked for.

    Raises:
        msgspec.ValidationError: The value can't be meant.
        UserError: There is no such act.
    """
    fields: dict[str, Any] = {"line": line, "by": by}
    match what:
        case "pin":
            return msgspec.convert({**fields, "pin": value}, GivePin), LineCareDone
        case "gain":
            return msgspec.convert({**fields, "gain_db": value}, SetGain, strict=False), LineCareDone
        case "learn":
            return msgspec.convert(fields, LearnBusyTone), LineCareDone
        case "forget":
            return msgspec.convert(fields, ForgetBusyTone), LineCareDone
        case "rest" | "serve":
            return msgspec.convert({**fields, "in_service": what == "serve"}, SetService), ServiceChanged
        case _:
            raise UserError("There is no such act.")
