"""Coming in and going out: the first owner, sign in with or without a second factor, sign out.

/welcome ─► first owner                /login ─► password right ─┬────────────────────────► session
/forgotten ─► the same, once the box                             └─► /login/code ─► right ─►
              says somebody stands before it
"""

from __future__ import annotations

import ipaddress
import time
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from firmware.control.access import EndPasswordReset, IsPasswordResetAllowed, PasswordResetReply
from firmware.core.errors import UserError, ZongjiError
from web_admin.rendering import AnyRequest, address_of, session_of
from web_admin.security.gate import COOKIE
from web_admin.security.rights import home
from web_admin.security.second_factor import step_of
from web_admin.security.users import User
from web_admin.site import Site

OWNER = "admin"
"""The first user's name, unless another is chosen."""

_REMEMBER_S = 14 * 86400


def local_path(target: str) -> str:
    """Return where to go after signing in: a path of ours, never another site."""
    fine = target.startswith("/") and not target.startswith(("//", "/\\")) and "\n" not in target
    return target if fine and not target.startswith(("/login", "/welcome", "/forgotten")) else "/"


def reason(error: UserError) -> str:
    """Return the words' key for why a password or a name isn't taken."""
    return f"sign.{str(error).replace(' ', '_')}"


def _is_local(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return found.is_private or found.is_loopback or found.is_link_local


def entry_router(site: Site) -> Router:
    """Return the handlers."""

    def door(
        request: AnyRequest, problem: str = "", wait: int = 0, name: str = "", status: int = 200
    ) -> Response[Any]:
        target = local_path(request.query_params.get("next", "/"))
        return site.pages.page(
            request, "login.html", next=target, problem=problem, wait=wait, name=name, status=status
        )

    @get("/login", sync_to_thread=False)
    def login(request: Request[Any, Any, Any]) -> Response[Any]:
        if not site.users.is_set_up():
            return Redirect("/welcome", status_code=303)
        if session_of(request) is not None:
            return Redirect(local_path(request.query_params.get("next", "/")), status_code=303)
        return door(request)

    @post("/login", status_code=200)
    async def sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        target = local_path(str(form.get("next", "/")))
        name = str(form.get("username", "")).strip()[:60]
        address = address_of(request)
        wait = site.brake.wait_s(address, name)
        if wait == 0 and await site.users.is_right(name, str(form.get("password", ""))):
            user = site.users.find(name)
            if user is not None and user.totp:
                ticket = site.waiting.begin(user.name, address)
                return site.pages.page(request, "login_code.html", ticket=ticket, next=target, problem="")
            if user is not None:
                site.brake.succeeded(address, name)
                return _signed_in(request, user, target)
        if wait == 0:
            site.brake.failed(address, name)
            site.audit.note(name, address, "password-wrong")
            wait = site.brake.wait_s(address, name)
        problem = "sign.wait" if wait else "sign.wrong"
        return door(request, problem, wait, name, 429 if wait else 401)

    @post("/login/code", status_code=200)
    async def code(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        target, ticket = local_path(str(form.get("next", "/"))), str(form.get("ticket", ""))
        address = address_of(request)
        name = site.waiting.user_of(ticket, address)
        user = None if name is None else site.users.find(name)
        if user is None or site.brake.wait_s(address, user.name):
            return Redirect("/login", status_code=303)
        step = step_of(user.totp, str(form.get("code", "")), user.totp_step, time.time())
        if step is None:
            site.brake.failed(address, user.name)
            site.audit.note(user.name, address, "code-wrong")
            return site.pages.page(
                request, "login_code.html", status=401, ticket=ticket, next=target, problem="sign.code_wrong"
            )
        site.waiting.end(ticket)
        site.brake.succeeded(address, user.name)
        site.users.put(msgspec.structs.replace(user, totp_step=step))
        return _signed_in(request, user, target)

    @get("/welcome", sync_to_thread=False)
    def welcome(request: Request[Any, Any, Any]) -> Response[Any]:
        if site.users.is_set_up():
            return Redirect("/", status_code=303)
        return site.pages.page(request, "welcome.html", problem="", name=OWNER, is_reset=False)

    @post("/welcome", status_code=200)
    async def choose(request: Request[Any, Any, Any]) -> Response[Any]:
        if site.users.is_set_up():
            return Redirect("/login", status_code=303)
        return await _begin(request, "/setup", is_reset=False)

    @get("/forgotten")
    async def forgotten(request: Request[Any, Any, Any]) -> Response[Any]:
        if not await _is_reset_allowed():
            return site.pages.page(request, "forgotten.html")
        return site.pages.page(request, "welcome.html", problem="", name=_owner(), is_reset=True)

    @post("/forgotten", status_code=200)
    async def reset(request: Request[Any, Any, Any]) -> Response[Any]:
        if not await _is_reset_allowed():
            return site.pages.page(request, "forgotten.html", status=403)
        return await _begin(request, "/", is_reset=True)

    @post("/logout", status_code=303)
    async def sign_out(request: Request[Any, Any, Any]) -> Response[Any]:
        session = session_of(request)
        if session is not None:
            site.sessions.end(session)
            site.audit.note(session.user, address_of(request), "signed-out")
        response = Redirect("/login", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    async def _begin(request: AnyRequest, target: str, *, is_reset: bool) -> Response[Any]:
        form = await request.form()
        password = str(form.get("password", ""))
        name = str(form.get("username", "")).strip() or OWNER
        problem = ""
        if not _is_local(address_of(request)):
            problem = "sign.local_only"
        elif password != str(form.get("again", "")):
            problem = "sign.different"
        else:
            try:
                user = await site.users.begin(name, password)
            except UserError as error:
                problem = reason(error)
        if problem:
            return site.pages.page(
                request, "welcome.html", status=422, problem=problem, name=name, is_reset=is_reset
            )
        if is_reset:
            async with site.box.ask() as switch:
                await switch.ask(EndPasswordReset(), PasswordResetReply)
        site.sessions.end_all(user.name)
        site.audit.note(user.name, address_of(request), "password-reset" if is_reset else "password-set")
        return _signed_in(request, user, target)

    async def _is_reset_allowed() -> bool:
        try:
            async with site.box.ask() as switch:
                return (await switch.ask(IsPasswordResetAllowed(), PasswordResetReply)).seconds > 0
        except ZongjiError:
            return False

    def _owner() -> str:
        return next((one.name for one in site.users.all()), OWNER)

    def _signed_in(request: AnyRequest, user: User, target: str) -> Response[Any]:
        # Always a new token: one that was planted before the sign-in is worth nothing.
        old = session_of(request)
        if old is not None:
            site.sessions.end(old)
        token, session = site.sessions.begin(user.name, address_of(request))
        site.audit.note(session.user, session.address, "signed-in")
        response = Redirect(home(user.role) if target == "/" else target, status_code=303)
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
        route_handlers=[login, sign_in, code, welcome, choose, forgotten, reset, sign_out],
    )
