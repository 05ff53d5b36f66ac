"""The first set-up: eight steps, each to be skipped, left and taken up again."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath
from litestar.response import Redirect

from firmware.control.client import ControlClient
from firmware.control.editing import AddPerson, Edit, SetFields, SettingsReply, SetValue
from firmware.control.line_care import CheckLines, LinesReply
from firmware.control.shapes import Field
from firmware.core.errors import UserError
from web_admin.box import maybe
from web_admin.forms.reading import read
from web_admin.forms.suggestions import Lists
from web_admin.own_prompts import keep_prompt, spoken
from web_admin.pages.settings import shape_of
from web_admin.pasted import NotAPerson, read_people
from web_admin.refusals import in_words
from web_admin.rendering import LANGUAGE_COOKIE, AnyRequest, address_of, user_of, words_of
from web_admin.setup_state import STEPS
from web_admin.site import Site

# Which fields of which section a step asks for.
_ASKED = {"language": ("office", ("language", "country")), "office": ("office", ("name", "operator"))}


_GREETING = "greeting"
"""The own prompt of this name is played in place of the one that came with the box."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _hours(hours: dict[str, Any], form: FormMultiDict) -> list[Edit]:
    """Return what a week of equal days makes of the first schedule; nothing where no day is ticked."""
    days = [one for one in _DAYS if form.get(one) == "on"]
    if not days:
        return []
    name = next(iter(hours["schedules"]))
    span = {"opens": str(form.get("opens", "")), "closes": str(form.get("closes", ""))}
    week = {one: [span] if one in days else [] for one in _DAYS}
    return [SetValue(["hours", "schedules", name, "week"], week), SetValue(["hours", "enabled"], True)]


async def _greet(switch: ControlClient, settings: SettingsReply, form: FormMultiDict) -> None:
    """Have callers greeted by what was recorded, or typed; as before where it was neither.

    Raises:
        UserError: It can't be spoken, or is no sound.
    """
    file = form.get("file")
    data = await file.read() if file is not None and hasattr(file, "read") else b""
    text = str(form.get("text", "")).strip()
    if data or text:
        await keep_prompt(switch, spoken(settings.values["office"]["language"]), _GREETING, text, data)


def setup_router(site: Site) -> Router:
    """Return the handlers."""

    async def show(request: AnyRequest, step: str, problem: str = "", pasted: str = "") -> Response[Any]:
        async with site.box.ask() as switch:
            settings = await switch.settings()
            phones = await switch.phones() if step == "phones" else []
            checked = await maybe(switch, CheckLines(), LinesReply) if step == "lines" else None
        section, names = _ASKED.get(step, ("", ()))
        fields: list[Field] = [] if not section else shape_of(settings, section).fields
        asked = sorted((one for one in fields if one.name in names), key=lambda one: names.index(one.name))
        return site.pages.page(
            request,
            "setup.html",
            status=422 if problem else 200,
            step=step,
            steps=STEPS,
            index=STEPS.index(step),
            settings=settings,
            section=section,
            fields=asked,
            lists=Lists.of(settings),
            phones=phones,
            checked=checked,
            regions=site.stage.regions(words_of(request)),
            at=site.box.picture.at_wall_ms if site.box.picture else 0,
            problem=problem,
            pasted=pasted,
            days=_DAYS,
        )

    def after(step: str) -> Response[Any]:
        index = STEPS.index(step) + 1
        if index == len(STEPS):
            site.setup.end()
            return Redirect("/", status_code=303)
        return Redirect(f"/setup/{STEPS[index]}", status_code=303)

    @get("/setup", sync_to_thread=False)
    def resume() -> Response[Any]:
        return Redirect(f"/setup/{site.setup.step}", status_code=303)

    @get("/setup/{step:str}")
    async def step_page(request: Request[Any, Any, Any], step: FromPath[str]) -> Response[Any]:
        if step not in STEPS:
            return Redirect("/setup", status_code=303)
        site.setup.reach(step)
        return await show(request, step)

    @post("/setup/end", status_code=303, sync_to_thread=False)
    def end() -> Response[Any]:
        site.setup.end()
        return Redirect("/", status_code=303)

    @post("/setup/{step:str}", status_code=200)
    async def take(request: Request[Any, Any, Any], step: FromPath[str]) -> Response[Any]:
        if step not in STEPS:
            return Redirect("/setup", status_code=303)
        form = await request.form()
        pasted = str(form.get("list", ""))
        words = words_of(request)
        edits: list[Edit] = []
        async with site.box.ask() as switch:
            settings = await switch.settings()
            if step in _ASKED:
                section, names = _ASKED[step]
                shape = shape_of(settings, section)
                given = {
                    one.name: read(one.shape, form, f"{section}.{one.name}")
                    for one in shape.fields
                    if one.name in names and f"{section}.{one.name}" in form
                }
                edits.append(SetFields(section, given))
            elif step == "hours":
                edits += _hours(settings.values["hours"], form)
            elif step == "people":
                try:
                    entries = read_people(pasted)
                except NotAPerson as error:
                    problem = words("people.paste_bad", line=error.line)
                    return await show(request, step, problem, pasted)
                edits += [AddPerson(one.number, one.name) for one in entries]
            try:
                if step == "greeting":
                    await _greet(switch, settings, form)
                if any(not isinstance(edit, SetFields) or edit.fields for edit in edits):
                    await switch.change_settings(edits, user_of(request))
                    site.audit.note(
                        user_of(request), address_of(request), "settings-changed", f"setup: {step}"
                    )
            except UserError as error:
                return await show(request, step, in_words(error, settings, words), pasted)
        response = after(step)
        if step == "language" and LANGUAGE_COOKIE not in request.cookies:
            chosen = "zh" if form.get("office.language") == "zh-CN" else "en"
            response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=365 * 86400, samesite="lax", httponly=True)
        return response

    return Router("/", route_handlers=[resume, step_page, end, take])
