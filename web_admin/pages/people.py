"""People and their extensions: add, rename, remove, new password, and how to set up a phone."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from firmware.control.editing import AddPerson, ChangePerson, Edit, RemovePerson
from firmware.control.phones import DevicesReply, InvitationReply, InviteDevice, ListDevices
from firmware.control.schema import PhoneAccount
from firmware.core.errors import UserError
from web_admin.box import maybe
from web_admin.notices import notice_of, then
from web_admin.pages.settings import preview
from web_admin.pasted import NotAPerson, read_people
from web_admin.qr import qr_path
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, user_of, words_of
from web_admin.site import Site


def host_of(request: AnyRequest) -> str:
    """Return the box's address as this browser knows it, without the port."""
    return request.url.hostname or "localhost"


def people_router(site: Site) -> Router:
    """Return the handlers."""

    async def show(
        request: AnyRequest, problem: str = "", pasted: str = "", status: int = 200
    ) -> Response[Any]:
        async with site.box.ask() as switch:
            settings = await switch.settings()
            phones = {one.number: one for one in await switch.phones()}
        notice, undo = notice_of(request)
        return site.pages.page(
            request,
            "people.html",
            status=status,
            people=settings.people,
            phones=phones,
            operator=settings.values.get("office", {}).get("operator"),
            problem=problem,
            pasted=pasted,
            notice=notice,
            undo=undo,
        )

    async def change(
        request: AnyRequest,
        edits: list[Edit],
        notice: str,
        name: str,
        number: str,
        *,
        is_agreed: bool = False,
    ) -> Response[Any]:
        """Tell what edits will change and ask; carry them out where the page has asked already."""
        async with site.box.ask() as switch:
            try:
                changed = await switch.change_settings(edits, user_of(request), dry_run=not is_agreed)
            except UserError as error:
                settings = await switch.settings()
                return await show(request, in_words(error, settings, words_of(request)), status=422)
        if not changed.changes:
            return then("/people", "settings.nothing")
        if not is_agreed:
            told = {"notice": notice, "name": name, "number": number}
            return preview(site, request, changed.changes, edits, None, "/people", **told)
        site.audit.note(
            user_of(request),
            address_of(request),
            "settings-changed",
            ", ".join(one.path for one in changed.changes),
        )
        return then("/people", notice, name=name, number=number, undo=changed.revision)

    @get("/people")
    async def people(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request)

    @post("/people", status_code=200)
    async def add(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        number, name = str(form.get("number", "")).strip(), str(form.get("name", "")).strip()
        return await change(request, [AddPerson(number, name)], "people.added", name, number)

    @post("/people/paste", status_code=200)
    async def paste(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        text = str(form.get("list", ""))
        try:
            entries = read_people(text)
        except NotAPerson as error:
            problem = words_of(request)("people.paste_bad", line=error.line)
            return await show(request, problem, pasted=text, status=422)
        edits: list[Edit] = [AddPerson(one.number, one.name) for one in entries]
        return await change(request, edits, "people.saved", "", "")

    @post("/people/{number:str}", status_code=200)
    async def edit(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
        form = await request.form()
        what, name = str(form.get("do", "save")), str(form.get("name", "")).strip()
        if what == "remove":
            return await change(
                request, [RemovePerson(number)], "people.removed", name, number, is_agreed=True
            )
        if what == "secret":
            edits: list[Edit] = [ChangePerson(number, new_secret=True)]
            return await change(request, edits, "people.secret_made", name, number, is_agreed=True)
        algorithm = str(form.get("algorithm", "")) or None
        return await change(request, [ChangePerson(number, name, algorithm)], "people.saved", name, number)

    @get("/people/{number:str}/phone")
    async def phone(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
        account = await account_of(number)
        if account is None:
            return missing(request)
        chosen = request.query_params.get("account", number)
        invitation, problem, side, path = None, "", 0, ""
        async with site.box.ask() as switch:
            found = await maybe(switch, ListDevices(), DevicesReply)
            devices = [one for one in found.devices if one.extension == number] if found else []
            known = chosen if chosen in [one.account for one in devices] else number
            try:
                asked = InviteDevice(account=known, host=host_of(request))
                invitation = await switch.ask(asked, InvitationReply)
            except UserError as error:
                problem = in_words(error, None, words_of(request))
        if invitation is not None:
            site.audit.note(user_of(request), address_of(request), "phone-invited", known)
            side, path = await asyncio.to_thread(qr_path, invitation.qr)
        return site.pages.page(
            request,
            "phone.html",
            account=account,
            devices=devices,
            known=known,
            invitation=invitation,
            server=invitation.server if invitation else account.server,
            is_shown=site.shown.is_shown(number, account.secret),
            side=side,
            qr=path,
            problem=problem,
        )

    @post("/people/{number:str}/phone", status_code=200)
    async def reveal(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
        """Show a password, this once."""
        account = await account_of(number)
        if account is None:
            return missing(request)
        is_shown = site.shown.is_shown(number, account.secret)
        if not is_shown:
            site.shown.note(number, account.secret)
            site.audit.note(user_of(request), address_of(request), "phone-shown", number)
        return site.pages.page(request, "phone_secret.html", account=account, is_shown=is_shown)

    @get("/people/{number:str}/presence")
    async def presence(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
        account = await account_of(number)
        if account is None:
            return Response("", status_code=404, media_type="text/plain")
        return site.pages.page(request, "phone_presence.html", account=account)

    def missing(request: AnyRequest) -> Response[Any]:
        return site.pages.page(request, "problem.html", status=404, key="error.not_found", detail="")

    async def account_of(number: str) -> PhoneAccount | None:
        async with site.box.ask() as switch:
            return next((one for one in await switch.phones() if one.number == number), None)

    return Router("/", route_handlers=[people, add, paste, edit, phone, reveal, presence])
