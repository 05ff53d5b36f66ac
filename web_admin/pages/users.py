"""Users and their roles; the keys of other programs. The owner's pages."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from firmware.core.errors import UserError
from web_admin.notices import notice_of, then
from web_admin.pages.entry import reason
from web_admin.rendering import AnyRequest, address_of, user_of
from web_admin.security.rights import Role
from web_admin.security.tokens import Scope
from web_admin.security.users import made_password
from web_admin.site import Site


def users_router(site: Site) -> Router:
    """Return the handlers."""

    async def show(
        request: AnyRequest, problem: str = "", fresh: tuple[str, str] | None = None, status: int = 200
    ) -> Response[Any]:
        now = site.box.picture
        notice, _ = notice_of(request)
        return site.pages.page(
            request,
            "users.html",
            status=status,
            users=site.users.all(),
            roles=list(Role),
            people=now.people if now else [],
            problem=problem,
            fresh=fresh,
            notice=notice,
        )

    def note(request: AnyRequest, what: str, detail: str) -> None:
        site.audit.note(user_of(request), address_of(request), what, detail)

    @get("/users")
    async def users(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request)

    @post("/users", status_code=200)
    async def add(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        name, role = str(form.get("name", "")).strip(), _role(str(form.get("role", "")))
        try:
            password = await site.users.add(name, role, str(form.get("extension", ""))[:6])
        except UserError as error:
            return await show(request, reason(error), status=422)
        note(request, "user-added", f"{name} {role}")
        return await show(request, fresh=(name, password))

    @post("/users/{name:str}", status_code=200)
    async def change(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
        form = await request.form()
        user = site.users.find(name)
        if user is None:
            return await show(request, "sign.no_user", status=404)
        what = str(form.get("do", "save"))
        try:
            if what == "remove":
                site.users.remove(name)
                note(request, "user-removed", user.name)
            elif what == "password":
                password = made_password()
                await site.users.choose_password(name, password, by_themselves=False)
                note(request, "user-password", user.name)
            elif what == "factor":
                site.users.put(msgspec.structs.replace(user, totp="", totp_step=0))
                note(request, "factor-off", user.name)
            else:
                role, extension = _role(str(form.get("role", ""))), str(form.get("extension", ""))[:6]
                site.users.put(msgspec.structs.replace(user, role=role, extension=extension))
                note(request, "user-changed", f"{user.name} {role} {extension}")
        except UserError as error:
            return await show(request, reason(error), status=422)
        if what in ("remove", "password"):
            site.sessions.end_all(user.name)
        if what == "password":
            return await show(request, fresh=(user.name, password))
        return then("/users", "users.removed" if what == "remove" else "people.saved", name=user.name)

    @get("/integrations", sync_to_thread=False)
    def integrations(request: Request[Any, Any, Any]) -> Response[Any]:
        return tokens_page(request)

    def tokens_page(
        request: AnyRequest, problem: str = "", fresh: str = "", status: int = 200
    ) -> Response[Any]:
        notice, _ = notice_of(request)
        return site.pages.page(
            request,
            "integrations.html",
            status=status,
            tokens=site.tokens.all(),
            scopes=list(Scope),
            fresh=fresh,
            problem=problem,
            notice=notice,
            base=f"{request.url.scheme}://{request.url.netloc}",
        )

    @post("/integrations", status_code=200)
    async def issue(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        name = str(form.get("name", ""))
        scopes = [one for one in Scope if form.get(one) == "on"]
        try:
            token = site.tokens.issue(name, scopes, user_of(request))
        except UserError as error:
            return tokens_page(request, reason(error), status=422)
        note(request, "token-made", f"{name}: {' '.join(scopes)}")
        return tokens_page(request, fresh=token)

    @post("/integrations/{token:str}", status_code=303)
    async def revoke(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
        gone = site.tokens.revoke(token)
        if gone is not None:
            note(request, "token-revoked", gone.name)
        return then("/integrations", "integrations.revoked")

    return Router("/", route_handlers=[users, add, change, integrations, issue, revoke])


def _role(text: str) -> Role:
    return Role(text) if text in set(Role) else Role.PERSON
