"""The web application: routes, what happens when something goes wrong, start and end."""

from __future__ import annotations

import logging
from typing import Any, cast

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException

from firmware.control.client import NoSwitch
from firmware.core.errors import UserError, ZongjiError
from web_admin.pages.account import account_router
from web_admin.pages.assets import assets_router
from web_admin.pages.board import board_router
from web_admin.pages.calls import calls_router
from web_admin.pages.desk import desk_router
from web_admin.pages.entry import entry_router
from web_admin.pages.history import history_router
from web_admin.pages.now import now_router
from web_admin.pages.people import people_router
from web_admin.pages.reports import reports_router
from web_admin.pages.settings import settings_router
from web_admin.pages.setup import setup_router
from web_admin.pages.system import system_router
from web_admin.pages.users import users_router
from web_admin.rendering import is_partial
from web_admin.security.gate import ASGIApp, Gate
from web_admin.site import Site

logger = logging.getLogger(__name__)


def make_app(site: Site) -> ASGIApp:
    """Return the application, the gate outermost."""

    def answer(request: Request[Any, Any, Any], status: int, key: str, detail: str = "") -> Response[Any]:
        template = "problem_part.html" if is_partial(request) else "problem.html"
        # htmx shows what comes with a success only; the words are for a person either way.
        status = 200 if is_partial(request) else status
        return site.pages.page(request, template, status=status, key=key, detail=detail)

    def away(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
        return answer(request, 503, "box.no_answer")

    def refused(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return answer(request, 404, "error.title", str(error))

    def wrong(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status >= 500:
            logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(request, status, "error.fault" if status >= 500 else "error.not_found")

    async def start(_: Litestar) -> None:
        await site.box.start()

    async def stop(_: Litestar) -> None:
        site.hub.close()
        await site.box.stop()

    app = Litestar(
        route_handlers=[
            assets_router(site),
            entry_router(site),
            account_router(site),
            users_router(site),
            now_router(site),
            board_router(site),
            desk_router(site),
            calls_router(site),
            reports_router(site),
            people_router(site),
            settings_router(site),
            history_router(site),
            system_router(site),
            setup_router(site),
        ],
        exception_handlers={
            NoSwitch: away,
            UserError: refused,
            ZongjiError: away,
            HTTPException: wrong,
            Exception: wrong,
        },
        on_startup=[start],
        on_shutdown=[stop],
        openapi_config=None,
        logging_config=None,
    )
    # Two libraries' words for one protocol.
    return Gate(cast("ASGIApp", app), site.sessions, site.users, site.host_names)
