"""Coming in and going out: the first password, sign in, sign out, language, and what needs no session."""

from __future__ import annotations

import ipaddress
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from firmware.core.errors import UserError
from web_admin.rendering import LANGUAGE_COOKIE, address_of, session_of, user_of
from web_admin.security.gate import COOKIE
from web_admin.site import Site
from web_admin.words import LANGUAGES

USER = "admin"

_REMEMBER_S = 14 * 86400
_LANGUAGE_S = 365 * 86400


def local_path(target: str) -> str:
    """Return where to go after signing in: a path of ours, never another site."""
    fine = target.startswith("/") and not target.startswith(("//", "/\\")) and "\n" not in target
    return target if fine and not target.startswith(("/login", "/welcome")) else "/"


def _is_local(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return found.is_private or found.is_loopback or found.is_link_local


def entry_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/login", sync_to_thread=False)
    def login(request: Request[Any, Any, Any]) -> Response[Any]:
        target = local_path(request.query_params.get("next", "/"))
        if not site.passwords.is_set():
            return Redirect("/welcome", status_code=303)
        if session_of(request) is not None:
            return Redirect(target, status_code=303)
        return site.pages.page(request, "login.html", next=target, problem="", wait=0, file=_file())

    @post("/login", status_code=200)
    async def sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        target = local_path(str(form.get("next", "/")))
        address = address_of(request)
        wait = site.brake.wait_s(address)
        if wait == 0 and await site.passwords.is_right(str(form.get("password", ""))):
            site.brake.succeeded(address)
            return _signed_in(request, target)
        if wait == 0:
            site.brake.failed(address)
            site.audit.note("", address, "password-wrong")
            wait = site.brake.wait_s(address)
        return site.pages.page(
            request,
            "login.html",
            status=429 if wait else 401,
            next=target,
            problem="sign.wait" if wait else "sign.wrong",
            wait=wait,
            file=_file(),
        )

    @get("/welcome", sync_to_thread=False)
    def welcome(request: Request[Any, Any, Any]) -> Response[Any]:
        if site.passwords.is_set():
            return Redirect("/", status_code=303)
        return site.pages.page(request, "welcome.html", problem="")

    @post("/welcome", status_code=200)
    async def choose(request: Request[Any, Any, Any]) -> Response[Any]:
        if site.passwords.is_set():
            return Redirect("/login", status_code=303)
        form = await request.form()
        password = str(form.get("password", ""))
        problem = ""
        if not _is_local(address_of(request)):
            problem = "sign.local_only"
        elif password != str(form.get("again", "")):
            problem = "sign.different"
        else:
            try:
                await site.passwords.choose(password)
            except UserError as error:
                problem = f"sign.{str(error).replace(' ', '_')}"
        if problem:
            return site.pages.page(request, "welcome.html", status=422, problem=problem)
        site.audit.note(USER, address_of(request), "password-set")
        return _signed_in(request, "/setup")

    @post("/logout", status_code=303)
    async def sign_out(request: Request[Any, Any, Any]) -> Response[Any]:
        session = session_of(request)
        if session is not None:
            site.sessions.end(session)
            site.audit.note(session.user, address_of(request), "signed-out")
        response = Redirect("/login", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    @post("/password", status_code=303)
    async def change_password(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        address = address_of(request)
        problem = ""
        if site.brake.wait_s(address) or not await site.passwords.is_right(str(form.get("old", ""))):
            site.brake.failed(address)
            site.audit.note(user_of(request), address, "password-wrong")
            problem = "sign.wrong"
        else:
            try:
                await site.passwords.choose(str(form.get("password", "")))
            except UserError as error:
                problem = f"sign.{str(error).replace(' ', '_')}"
        if problem:
            return Redirect(f"/settings?problem={problem}#password", status_code=303)
        site.sessions.end_all()
        site.audit.note(user_of(request), address, "password-set")
        return Redirect("/login", status_code=303)

    @get("/language/{language:str}", sync_to_thread=False)
    def choose_language(request: Request[Any, Any, Any], language: FromPath[str]) -> Response[Any]:
        back = request.query_params.get("next", "/")
        fine = local_path(back) == back or back in ("/login", "/welcome")
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

    def _file() -> str:
        return str(site.folder / "password.json")

    def _signed_in(request: Request[Any, Any, Any], target: str) -> Response[Any]:
        # Always a new token: one that was planted before the sign-in is worth nothing.
        old = session_of(request)
        if old is not None:
            site.sessions.end(old)
        token, session = site.sessions.begin(USER, address_of(request))
        site.audit.note(session.user, session.address, "signed-in")
        response = Redirect(target, status_code=303)
        response.set_cookie(
            Cookie(
                key=COOKIE,
                value=token,
                httponly=True,
                samesite="lax",
                max_age=_REMEMBER_S,
                secure=request.url.scheme == "https",
            )
        )
        return response

    return Router(
        "/",
        route_handlers=[
            login,
            sign_in,
            welcome,
            choose,
            sign_out,
            change_password,
            choose_language,
            healthz,
            static,
        ],
    )
