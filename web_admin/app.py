"""The web application: routes, what happens when something goes wrong, start and end."""

from __future__ import annotations

import logging
from typing import Any, cast

from litestar import Litestar, Request, Response, Router
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from firmware.control.client import NoSwitch
from firmware.core.errors import UserError, ZongjiError
from web_admin.pages.acceptance import acceptance_router
from web_admin.pages.account import account_router
from web_admin.pages.api import BASE, Api, problem
from web_admin.pages.assets import assets_router
from web_admin.pages.board import board_router
from web_admin.pages.calendar import calendar_router
from web_admin.pages.calls import calls_router
from web_admin.pages.certificates import certificates_router
from web_admin.pages.desk import desk_router
from web_admin.pages.entry import entry_router
from web_admin.pages.history import history_router
from web_admin.pages.lines import lines_router
from web_admin.pages.menus import menus_router
from web_admin.pages.metrics import metrics_router
from web_admin.pages.network import network_router
from web_admin.pages.now import now_router
from web_admin.pages.people import people_router
from web_admin.pages.phone import phone_router
from web_admin.pages.reports import reports_router
from web_admin.pages.settings import settings_router
from web_admin.pages.setup import setup_router
from web_admin.pages.system import system_router
from web_admin.pages.tasks import tasks_router
from web_admin.pages.texts import texts_router
from web_admin.pages.updates import updates_router
from web_admin.pages.users import users_router
from web_admin.rendering import is_partial, words_of
from web_admin.security.gate import API, ASGIApp, Gate
from web_admin.site import Site

logger = logging.getLogger(__name__)


def make_app(site: Site) -> ASGIApp:
    """Return the application, the gate outermost."""
    # Two libraries' words for one protocol.
    pages = cast("ASGIApp", make_pages(site))
    return Gate(pages, site.sessions, site.users, site.host_names, site.https.redirect_port)


def make_pages(site: Site) -> Litestar:
    """Return what lies behind the gate."""

    def answer(request: Request[Any, Any, Any], status: int, key: str, detail: str = "") -> Response[Any]:
        if request.url.path.startswith(API):
            return problem(request, status, detail or words_of(request)(key))
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
        told = error.detail if isinstance(error, HTTPException) and request.url.path.startswith(API) else ""
        return answer(request, status, "error.fault" if status >= 500 else "error.not_found", told)

    async def start(_: Litestar) -> None:
        await site.box.start()

    async def stop(_: Litestar) -> None:
        site.hub.close()
        await site.box.stop()

    pages = [
        assets_router(site),
        metrics_router(site),
        entry_router(site),
        account_router(site),
        users_router(site),
        certificates_router(site),
        now_router(site),
        board_router(site),
        desk_router(site),
        calls_router(site),
        tasks_router(site),
        texts_router(site),
        reports_router(site),
        people_router(site),
        phone_router(site),
        calendar_router(site),
        menus_router(site),
        settings_router(site),
        history_router(site),
        lines_router(site),
        acceptance_router(site),
        network_router(site),
        updates_router(site),
        system_router(site),
        setup_router(site),
    ]
    return Litestar(
        route_handlers=[Router("/", route_handlers=pages, include_in_schema=False), Api],
        exception_handlers={
            NoSwitch: away,
            UserError: refused,
            ZongjiError: away,
            HTTPException: wrong,
            Exception: wrong,
        },
        on_startup=[start],
        on_shutdown=[stop],
        openapi_config=OpenAPIConfig(
            title="zongji",
            version="1",
            description="Calls, people and figures of the switchboard. Tokens are made under Integrations.",
            # The bare document; the other plugins' pages would load scripts from elsewhere.
            path=BASE,
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            components=Components(
                security_schemes={"token": SecurityScheme(type="http", scheme="bearer", bearer_format="zj_…")}
            ),
        ),
        state=State({"site": site}),
        logging_config=None,
    )
