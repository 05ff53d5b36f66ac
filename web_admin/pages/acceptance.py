"""The acceptance test of an installation: step by step, measured by the box, a signed sheet at the end."""

from __future__ import annotations

from typing import Any, Final, Literal

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Stream

from firmware.control.acceptance import (
    AcceptanceReply,
    AskAcceptance,
    BeginAcceptance,
    GetSheet,
    Measure,
    SheetReply,
    SkipStep,
)
from firmware.control.base import BaseRequest
from firmware.core.errors import UserError, ZongjiError
from web_admin import recording
from web_admin.notices import notice_of, then
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, language_of, user_of, words_of
from web_admin.site import Site

_FORMATS: Final[tuple[Literal["html", "pdf"], ...]] = ("html", "pdf")
_LONGEST_NAME, _LONGEST_VALUE, _LONGEST_WHY = 60, 40, 120


def acceptance_router(site: Site) -> Router:
    """Return the handlers."""

    async def show(
        request: AnyRequest, problem: str = "", template: str = "acceptance.html"
    ) -> Response[Any]:
        async with site.box.ask() as switch:
            found = await switch.ask(AskAcceptance(), AcceptanceReply)
        now = site.box.picture
        is_measuring = any(one.status == "measuring" for one in found.steps)
        response = site.pages.page(
            request,
            template,
            status=422 if problem else 200,
            test=found,
            is_measuring=is_measuring,
            is_over=all(one.status not in ("waiting", "measuring") for one in found.steps),
            lines=[one.name for one in now.lines] if now else [],
            again=request.query_params.get("again") == "1",
            problem=problem,
            notice=notice_of(request)[0],
        )
        if template == "acceptance_steps.html" and not is_measuring:
            # What is typed from here on isn't to be drawn over: the whole page comes once more, and stays.
            response.headers["hx-refresh"] = "true"
        return response

    @get("/system/acceptance")
    async def acceptance(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request)

    @get("/system/acceptance/steps")
    async def steps(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request, template="acceptance_steps.html")

    @post("/system/acceptance", status_code=303)
    async def act(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        what, step = str(form.get("do", "")), str(form.get("step", ""))[:_LONGEST_VALUE]
        asked: BaseRequest | None = None
        if what == "begin":
            asked = BeginAcceptance(
                line=str(form.get("line", ""))[:16],
                installer=str(form.get("installer", "")).strip()[:_LONGEST_NAME],
                customer=str(form.get("customer", "")).strip()[:_LONGEST_NAME],
            )
        elif what == "measure":
            asked = Measure(step=step, value=str(form.get("value", "")).strip()[:_LONGEST_VALUE])
        elif what == "skip":
            asked = SkipStep(step=step, why=str(form.get("why", "")).strip()[:_LONGEST_WHY])
        try:
            if asked is None:
                raise UserError("There is no such act.")
            async with site.box.ask() as switch:
                await switch.ask(asked, AcceptanceReply)
        except UserError as error:
            return await show(request, in_words(error, None, words_of(request)))
        site.audit.note(user_of(request), address_of(request), f"acceptance-{what}", step)
        return then(f"/system/acceptance{f'#step-{step}' if step else ''}", "")

    @get("/system/acceptance/sheet/{form:str}")
    async def sheet(request: Request[Any, Any, Any], form: FromPath[str]) -> Response[Any]:
        found = next((one for one in _FORMATS if one == form), None)
        if found is None:
            raise UserError("There is no such sheet.")
        asked = GetSheet(format=found, language="zh" if language_of(request) == "zh" else "en")
        try:
            opened = await site.box.file(asked, SheetReply)
        except ZongjiError as error:
            words = words_of(request)
            text = (
                in_words(error, None, words) if isinstance(error, UserError) else words("acceptance.no_sheet")
            )
            return await show(request, text)
        site.audit.note(user_of(request), address_of(request), "acceptance-sheet", opened.reply.name)
        return Stream(
            recording.chunks(opened.descriptor, 0, opened.reply.size - 1),
            media_type=opened.reply.media_type,
            headers={
                # A page of its own, and none of ours: it is saved, not opened.
                "content-disposition": f'attachment; filename="{opened.reply.name}"',
                "content-length": str(opened.reply.size),
            },
        )

    return Router("/", route_handlers=[acceptance, steps, act, sheet])
