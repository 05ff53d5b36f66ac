"""Settings and their history: each section a form made from its description, previewed, undoable."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from firmware.control.editing import Change, Edit, FieldInfo, FieldKind, SetFields, SettingsReply
from firmware.core.errors import UserError
from web_admin.format import moment
from web_admin.notices import notice_of, then
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, user_of, words_of
from web_admin.site import Site
from web_admin.words import Words

_HISTORY = 100


def typed(field: FieldInfo, form: dict[str, Any]) -> Any:
    """Return a field's value from a form; what can't be a number stays text, for the switch to refuse."""
    text = str(form.get(field.name, "")).strip()
    if field.kind is FieldKind.SWITCH:
        return text == "on"
    if field.kind is FieldKind.NUMBER:
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 12 else text
    return text


def edit_of(settings: SettingsReply, section: str, form: dict[str, Any]) -> SetFields:
    """Return what a section's form changes: only the fields that are other than they were."""
    fields = next((one.fields for one in settings.sections if one.name == section), [])
    before = settings.values.get(section, {})
    given = {field.name: typed(field, form) for field in fields}
    return SetFields(section, {name: value for name, value in given.items() if before.get(name) != value})


def shown(value: Any, words: Words) -> str:
    """Return a setting's value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return words("settings.on" if value else "settings.off")
    if isinstance(value, dict):
        return " · ".join(str(value[key]) for key in ("number", "name") if key in value) or "…"
    if isinstance(value, list):
        return ", ".join(shown(one, words) for one in value)
    return words.known(f"choice.{value}", str(value))


def label(path: str, words: Words) -> str:
    """Return what a changed field is called: `extensions.104.name` → "People 104: Name"."""
    parts = path.split(".")
    if parts[0] == "extensions" and len(parts) > 1:
        field = f": {words.known(f'field.extensions.{parts[2]}', parts[2])}" if len(parts) > 2 else ""
        return f"{words('people.number')} {parts[1]}{field}"
    section = words.known(f"section.{parts[0]}", parts[0])
    if len(parts) < 2:
        return section
    name = words.known(f"field.{'.'.join(parts[:2])}", parts[1].replace("_", " "))
    return ": ".join([section, name, *parts[2:]])


def rows(changes: list[Change], words: Words) -> list[tuple[str, str, str]]:
    """Return changes as label, before, after."""
    return [(label(one.path, words), shown(one.before, words), shown(one.after, words)) for one in changes]


def settings_router(site: Site) -> Router:
    """Return the handlers."""

    async def show(
        request: AnyRequest,
        problem: str = "",
        wrong: str = "",
        form: dict[str, Any] | None = None,
        status: int = 200,
    ) -> Response[Any]:
        async with site.box.ask() as switch:
            settings = await switch.settings()
        notice, undo = notice_of(request)
        words = words_of(request)
        asked = request.query_params.get("problem", "")
        return site.pages.page(
            request,
            "settings.html",
            status=status,
            settings=settings,
            form={} if form is None else form,
            wrong=wrong,
            problem=problem,
            password_problem=words.known(asked, "") if asked.startswith("sign.") else "",
            notice=notice,
            undo=undo,
            shown=lambda value: shown(value, words),
        )

    @get("/settings")
    async def settings(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request)

    @post("/settings/{section:str}", status_code=200)
    async def change(request: Request[Any, Any, Any], section: FromPath[str]) -> Response[Any]:
        form = dict(await request.form())
        revision = str(form.get("revision", ""))
        seen = int(revision) if revision.isdecimal() and len(revision) < 10 else None
        sure = form.get("sure") == "yes"
        async with site.box.ask() as switch:
            current = await switch.settings()
            edits: list[Edit] = [edit_of(current, section, form)]
            try:
                changed = await switch.change_settings(edits, user_of(request), seen, dry_run=not sure)
            except UserError as error:
                return await show(request, in_words(error, current, words_of(request)), section, form, 422)
        if not changed.changes:
            return then(f"/settings#{section}", "settings.nothing")
        if not sure:
            return site.pages.page(
                request,
                "preview.html",
                action=f"/settings/{section}",
                back="/settings",
                title="settings.preview",
                changes=rows(changed.changes, words_of(request)),
                fields={**{key: value for key, value in form.items() if key != "csrf"}, "sure": "yes"},
            )
        note(request, "settings-changed", changed.changes)
        return then(f"/settings#{section}", "settings.saved", undo=changed.revision)

    @post("/history/restore", status_code=200)
    async def restore(request: Request[Any, Any, Any]) -> Response[Any]:
        form = dict(await request.form())
        text = str(form.get("to", ""))
        to = int(text) if text.isdecimal() and len(text) < 10 else -1
        sure = form.get("sure") == "yes"
        is_undo = form.get("undo") == "yes"
        words = words_of(request)
        async with site.box.ask() as switch:
            try:
                changed = await switch.restore_settings(to, user_of(request), dry_run=not sure)
            except UserError as error:
                return site.pages.page(
                    request,
                    "problem.html",
                    status=422,
                    key="error.title",
                    detail=in_words(error, None, words),
                )
        if not sure:
            return site.pages.page(
                request,
                "preview.html",
                action="/history/restore",
                back="/history",
                title="settings.preview",
                changes=rows(changed.changes, words),
                fields={"to": str(to), "sure": "yes"},
            )
        note(request, "settings-restored", changed.changes)
        back = str(form.get("back", "/history"))
        path = back if back in ("/settings", "/people", "/history") else "/history"
        return then(path, "settings.undone" if is_undo else "settings.restored")

    @get("/history")
    async def history(request: Request[Any, Any, Any]) -> Response[Any]:
        words = words_of(request)
        async with site.box.ask() as switch:
            entries = await switch.history(_HISTORY)
        notice, _ = notice_of(request)
        return site.pages.page(
            request,
            "history.html",
            entries=[(one, moment(one.at), rows(one.changes, words)) for one in entries],
            audit=site.audit.newest(40),
            notice=notice,
        )

    def note(request: AnyRequest, what: str, changes: list[Change]) -> None:
        paths = ", ".join(one.path for one in changes)
        site.audit.note(user_of(request), address_of(request), what, paths)

    return Router("/", route_handlers=[settings, change, restore, history])
