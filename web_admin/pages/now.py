"""The first page: the switchboard at this moment, and the stream that keeps it so."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get
from litestar.response import Stream

from web_admin.notices import notice_of
from web_admin.rendering import session_of, words_of
from web_admin.site import Site


def now_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/", sync_to_thread=False)
    def now(request: Request[Any, Any, Any]) -> Response[Any]:
        words = words_of(request)
        return site.pages.page(
            request,
            "now.html",
            regions=site.stage.regions(words),
            setup_open=not site.setup.is_over,
            at=site.box.picture.at_wall_ms if site.box.picture else 0,
            people=site.box.picture.people if site.box.picture else [],
            notice=notice_of(request)[0],
        )

    @get("/live", sync_to_thread=False)
    def live(request: Request[Any, Any, Any]) -> Response[Any]:
        session = session_of(request)
        if site.hub.is_full() or session is None:
            return Response("", status_code=503, headers={"retry-after": "10"}, media_type="text/plain")
        words = words_of(request)
        events = site.hub.stream(lambda: site.stage.regions(words), lambda: site.sessions.is_alive(session))
        return Stream(
            events,
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    return Router("/", route_handlers=[now, live])
