"""Callers nobody talked with, as tasks: ring back, or close with a word."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from firmware.control.lost_callers import CloseLostCaller, ListLostCallers, LostCallersReply
from web_admin.notices import notice_of, then
from web_admin.rendering import address_of, user_of
from web_admin.site import Site

_LONGEST_WHY = 60


def tasks_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/tasks")
    async def tasks(request: Request[Any, Any, Any]) -> Response[Any]:
        is_closed = request.query_params.get("closed") == "1"
        async with site.box.ask() as switch:
            found = await switch.ask(ListLostCallers(closed=is_closed), LostCallersReply)
        now = site.box.picture
        return site.pages.page(
            request,
            "tasks.html",
            callers=found.callers,
            is_closed=is_closed,
            names={one.number: one.name for one in now.people} if now else {},
            notice=notice_of(request)[0],
        )

    @post("/tasks/{task:str}", status_code=303)
    async def close(request: Request[Any, Any, Any], task: FromPath[str]) -> Response[Any]:
        why = str((await request.form()).get("why", ""))[:_LONGEST_WHY].strip() or "done"
        async with site.box.ask() as switch:
            await switch.ask(CloseLostCaller(caller=task, by=user_of(request), why=why), LostCallersReply)
        site.audit.note(user_of(request), address_of(request), "task-closed", task)
        return then("/tasks", "tasks.closed")

    return Router("/", route_handlers=[tasks, close])
