"""What needs no session: styles and scripts, the language, whether we live, the authority's certificate."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from web_admin.pages.entry import local_path
from web_admin.rendering import LANGUAGE_COOKIE
from web_admin.site import Site
from web_admin.words import LANGUAGES

_LANGUAGE_S = 365 * 86400


def assets_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/language/{language:str}", sync_to_thread=False)
    def choose_language(request: Request[Any, Any, Any], language: FromPath[str]) -> Response[Any]:
        back = request.query_params.get("next", "/")
        fine = local_path(back) == back or back in ("/login", "/welcome", "/forgotten")
        response = Redirect(back if fine else "/", status_code=303)
        if language in LANGUAGES:
            response.set_cookie(
                Cookie(
                    key=LANGUAGE_COOKIE, value=language, max_age=_LANGUAGE_S, samesite="lax", httponly=True
                )
            )
        return response

    @get("/healthz", sync_to_thread=False)
    def healthz() -> str:
        return "ok"

    @get("/static/{tag:str}/{name:str}", sync_to_thread=False)
    def static(request: Request[Any, Any, Any], tag: FromPath[str], name: FromPath[str]) -> Response[Any]:
        asset = site.assets.find(tag, name)
        if asset is None:
            return Response("", status_code=404, media_type="text/plain")
        squeezed = "gzip" in request.headers.get("accept-encoding", "")
        headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "Accept-Encoding"}
        if squeezed:
            headers["content-encoding"] = "gzip"
        return Response(
            asset.compressed if squeezed else asset.content, media_type=asset.kind, headers=headers
        )

    return Router("/", route_handlers=[choose_language, healthz, static])
