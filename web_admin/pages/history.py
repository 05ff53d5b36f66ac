"""Who changed what and when; going back to any of it."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, post

from firmware.core.errors import UserError
from web_admin.format import moment
from web_admin.notices import notice_of, then
from web_admin.pages.settings import rows
from web_admin.refusals import in_words
from web_admin.rendering import address_of, user_of, words_of
from web_admin.site import Site

_SHOWN = 100
_AUDIT = 60


def history_router(site: Site) -> Router:
    """Return the handlers."""

    @post("/history/restore", status_code=200)
    async def restore(request: Request[Any, Any, Any]) -> Response[Any]:
        form = dict(await request.form())
        text = str(form.get("to", ""))
        to = int(text) if text.isdecimal() and len(text) < 10 else -1
        sure = form.get("sure") == "yes"
        is_undo = form.get("undo") == "yes"
        words = words_of(request)
        async with site.box.ask() as switch:
            try:
                changed = await switch.restore_settings(to, user_of(request), dry_run=not sure)
            except UserError as error:
                return site.pages.page(
                    request,
                    "problem.html",
                    status=422,
                    key="error.title",
                    detail=in_words(error, None, words),
                )
        if not sure:
            return site.pages.page(
                request,
                "preview.html",
                action="/history/restore",
                back="/history",
                title="settings.preview",
                changes=rows(changed.changes, words),
                fields={"to": str(to), "sure": "yes"},
            )
        paths = ", ".join(one.path for one in changed.changes)
        site.audit.note(user_of(request), address_of(request), "settings-restored", paths)
        back = str(form.get("back", "/history"))
        fine = back.startswith(("/settings", "/people", "/menus", "/calendar"))
        return then(back if fine else "/history", "settings.undone" if is_undo else "settings.restored")

    @get("/history")
    async def history(request: Request[Any, Any, Any]) -> Response[Any]:
        words = words_of(request)
        async with site.box.ask() as switch:
            entries = await switch.history(_SHOWN)
        notice, _ = notice_of(request)
        return site.pages.page(
            request,
            "history.html",
            entries=[(one, moment(one.at, words.language), rows(one.changes, words)) for one in entries],
            audit=site.audit.newest(_AUDIT),
            notice=notice,
        )

    return Router("/", route_handlers=[restore, history])
