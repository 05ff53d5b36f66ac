"""People and their extensions: add, rename, remove, new password."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from firmware.control.editing import AddPerson, ChangePerson, Edit, RemovePerson, SettingsReply, SetValue
from firmware.core.errors import UserError
from firmware.core.secrets import new_secret
from web_admin.notices import notice_of, then
from web_admin.pages.settings import preview
from web_admin.pasted import NotAPerson, read_people
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, user_of, words_of
from web_admin.site import Site


def _fresh_secret(settings: SettingsReply, number: str, account: str) -> list[Edit]:
    """Return what gives a phone of a person another password: the first one, or one beside it."""
    for index, device in enumerate(settings.values.get("devices", [])):
        if account != number and (device["account"], device["extension"]) == (account, number):
            return [SetValue(["devices", str(index), "secret"], new_secret())]
    return [ChangePerson(number, new_secret=True)]


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
            account = str(form.get("account", number))
            async with site.box.ask() as switch:
                edits = _fresh_secret(await switch.settings(), number, account)
            return await change(request, edits, "people.secret_made", name, number, is_agreed=True)
        algorithm = str(form.get("algorithm", "")) or None
        return await change(request, [ChangePerson(number, name, algorithm)], "people.saved", name, number)

    return Router("/", route_handlers=[people, add, paste, edit])
