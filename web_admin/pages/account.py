"""One's own account: password, second factor, where one is signed in."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.response import Redirect

from firmware.core.errors import UserError
from web_admin.notices import notice_of, then
from web_admin.pages.entry import reason
from web_admin.qr import qr_path
from web_admin.rendering import AnyRequest, account_of, address_of, session_of
from web_admin.security import second_factor
from web_admin.security.users import User
from web_admin.site import Site


def account_router(site: Site) -> Router:
    """Return the handlers."""

    def show(request: AnyRequest, problem: str = "", secret: str = "", status: int = 200) -> Response[Any]:
        user = _known(request)
        office = site.box.picture.office if site.box.picture else "zongji"
        side, qr = qr_path(second_factor.address(secret, user.name, office)) if secret else (0, "")
        notice, _ = notice_of(request)
        return site.pages.page(
            request,
            "account.html",
            status=status,
            problem=problem,
            secret=secret,
            side=side,
            qr=qr,
            sessions=site.sessions.of(user.name),
            mine=session_of(request),
            notice=notice,
        )

    @get("/account", sync_to_thread=False)
    def account(request: Request[Any, Any, Any]) -> Response[Any]:
        return show(request)

    @post("/account/password", status_code=303)
    async def password(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        user, address = _known(request), address_of(request)
        if site.brake.wait_s(address, user.name) or not await site.users.is_right(
            user.name, str(form.get("old", ""))
        ):
            site.brake.failed(address, user.name)
            site.audit.note(user.name, address, "password-wrong")
            return show(request, "sign.wrong", status=422)
        try:
            await site.users.choose_password(user.name, str(form.get("password", "")))
        except UserError as error:
            return show(request, reason(error), status=422)
        site.sessions.end_all(user.name)
        site.audit.note(user.name, address, "password-set")
        return Redirect("/login", status_code=303)

    @post("/account/factor", status_code=200)
    async def factor(request: Request[Any, Any, Any]) -> Response[Any]:
        """Begin: show a secret. Go on: the code that proves the app has it. Or take it away again."""
        form = await request.form()
        user, address = _known(request), address_of(request)
        secret, code = str(form.get("secret", ""))[:64], str(form.get("code", ""))
        if form.get("do") == "off":
            if not await site.users.is_right(user.name, str(form.get("old", ""))):
                site.brake.failed(address, user.name)
                return show(request, "sign.wrong", status=422)
            site.users.put(msgspec.structs.replace(user, totp="", totp_step=0))
            site.audit.note(user.name, address, "factor-off")
            return then("/account", "account.factor_off")
        if not code:
            return show(request, secret=second_factor.new_secret())
        try:
            step = second_factor.step_of(secret, code, 0, time.time())
        except ValueError:
            return show(request, "sign.code_wrong", status=422)
        if step is None:
            return show(request, "sign.code_wrong", secret, 422)
        site.users.put(msgspec.structs.replace(user, totp=secret, totp_step=step))
        site.audit.note(user.name, address, "factor-on")
        return then("/account", "account.factor_on")

    @post("/account/sessions", status_code=303, sync_to_thread=False)
    def others_out(request: Request[Any, Any, Any]) -> Response[Any]:
        mine = session_of(request)
        for one in site.sessions.of(_known(request).name):
            if mine is None or one.key != mine.key:
                site.sessions.end(one)
        return then("/account", "account.others_out")

    return Router("/", route_handlers=[account, password, factor, others_out])


def _known(request: AnyRequest) -> User:
    user = account_of(request)
    if user is None:
        raise UserError("Sign in again.")
    return user
