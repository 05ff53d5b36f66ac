"""Settings: every section a form made from its shape, previewed, in force at once, undoable.

/settings ─► /settings/SECTION[/PLACE] ── form ──► preview (what will change) ──► /settings/apply
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from firmware.control.editing import Change, Edit, InsertItem, RemoveItem, SettingsReply, SetValue
from firmware.control.shapes import Kind, Shape
from firmware.core.errors import UserError
from web_admin.forms import labels
from web_admin.forms.reading import blank, is_scalar, read, rearranged
from web_admin.forms.suggestions import Lists
from web_admin.forms.unfolded import FOLDED, Unfolded, unfolded
from web_admin.notices import notice_of, then
from web_admin.refusals import in_words, place_of
from web_admin.rendering import AnyRequest, address_of, user_of, words_of
from web_admin.site import Site
from web_admin.words import Words

NEW = "new"
"""In an address, the place of an entry that is to be added."""

EDITORS = {"extensions": "/people", "menus": "/menus", "hours": "/calendar", "lines": "/lines"}
"""Sections with a page of their own; the plain form stays at its address."""

# Where a section belongs on the first page; what isn't named comes last.
_CHAPTERS = (
    ("people", ("office", "extensions", "devices", "groups", "queues", "rooms", "features")),
    (
        "callers",
        ("inbound", "reception", "hours", "menus", "closure", "voicemail", "surveys", "lost_callers"),
    ),
    ("outside", ("lines", "outbound", "numbering", "providers", "sip")),
    ("records", ("recording", "storage", "backup", "cloud", "integrations", "reports", "mail")),
)

_MAX_EDITS_TEXT = 60_000
"""Characters of the edits a preview carries: what one request to the switch may hold."""

_EDITS = msgspec.json.Decoder(list[Edit])


def rows(changes: list[Change], words: Words) -> list[tuple[str, str, str]]:
    """Return changes as label, before, after."""
    return [
        (labels.changed(one.path, words), labels.shown(one.before, words), labels.shown(one.after, words))
        for one in changes
    ]


def shape_of(settings: SettingsReply, section: str) -> Shape:
    """Return a section's shape.

    Raises:
        UserError: There is no such section.
    """
    for one in settings.sections:
        if one.name == section:
            return one.shape
    raise UserError(f"Setting {section}: there is no such section.")


def preview(
    site: Site,
    request: AnyRequest,
    changes: list[Change],
    edits: list[Edit],
    revision: int | None,
    back: str,
    **notice: str,
) -> Response[Any]:
    """Return the page that tells what edits will change, and asks.

    Args:
        notice: What the page after it says, in the words of `notices.then`: notice, name, number.
    """
    return site.pages.page(
        request,
        "preview.html",
        action="/settings/apply",
        back=back,
        title="settings.preview",
        changes=rows(changes, words_of(request)),
        fields={
            "edits": msgspec.json.encode(edits).decode(),
            "revision": "" if revision is None else str(revision),
            "back": back,
            **notice,
        },
    )


def settings_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/settings")
    async def index(request: Request[Any, Any, Any]) -> Response[Any]:
        async with site.box.ask() as switch:
            settings = await switch.settings()
        names = [one.name for one in settings.sections]
        chapters = [(key, [name for name in known if name in names]) for key, known in _CHAPTERS]
        placed = {name for _, known in chapters for name in known}
        chapters.append(("more", [name for name in names if name not in placed]))
        notice, undo = notice_of(request)
        return site.pages.page(
            request,
            "settings.html",
            chapters=[(key, known) for key, known in chapters if known],
            addresses={name: EDITORS.get(name, f"/settings/{name}") for name in names},
            summaries={one.name: summary(one.shape, settings.values[one.name]) for one in settings.sections},
            notice=notice,
            undo=undo,
        )

    async def show(
        request: AnyRequest,
        settings: SettingsReply,
        section: str,
        place: str,
        value: Any,
        problem: str = "",
        opened: Unfolded = FOLDED,
    ) -> Response[Any]:
        notice, undo = notice_of(request)
        shape = shape_of(settings, section)
        words = words_of(request)
        return site.pages.page(
            request,
            "section.html",
            status=422 if problem else 200,
            settings=settings,
            section=section,
            place=place,
            shape=shape.item if place else shape,
            whole=shape,
            value=value,
            name=f"{section}.{place}" if place else section,
            lists=Lists.of(settings),
            entry_name=lambda one, number: entry_name(one, number, words),
            entry_hint=lambda one: entry_hint(one, words),
            opened=opened,
            problem=problem,
            notice=notice,
            undo=undo,
            keys=list(settings.values[section]) if shape.kind is Kind.MAP else [],
        )

    @get("/settings/{section:str}")
    async def show_section(request: Request[Any, Any, Any], section: FromPath[str]) -> Response[Any]:
        async with site.box.ask() as switch:
            settings = await switch.settings()
        shape_of(settings, section)
        return await show(request, settings, section, "", settings.values[section])

    @get("/settings/{section:str}/{place:str}")
    async def show_entry(
        request: Request[Any, Any, Any], section: FromPath[str], place: FromPath[str]
    ) -> Response[Any]:
        async with site.box.ask() as switch:
            settings = await switch.settings()
        shape = shape_of(settings, section)
        return await show(request, settings, section, place, entry(shape, settings.values[section], place))

    @post("/settings/{section:str}", status_code=200)
    async def change_section(request: Request[Any, Any, Any], section: FromPath[str]) -> Response[Any]:
        return await change(request, section, "")

    @post("/settings/{section:str}/{place:str}", status_code=200)
    async def change_entry(
        request: Request[Any, Any, Any], section: FromPath[str], place: FromPath[str]
    ) -> Response[Any]:
        return await change(request, section, place)

    async def change(request: AnyRequest, section: str, place: str) -> Response[Any]:
        form = await request.form()
        what = str(form.get("do", "save"))
        words = words_of(request)
        address = f"/settings/{section}"
        async with site.box.ask() as switch:
            settings = await switch.settings()
            shape = shape_of(settings, section)
            prefix = f"{section}.{place}" if place else section
            part = shape.item if place and shape.item is not None else shape
            seen = revision_of(form)
            value: Any = None
            try:
                if what == "drop":
                    edits: list[Edit] = [RemoveItem([section, _key(shape, settings, section, place)])]
                else:
                    value = read(part, form, prefix)
                    if what != "save":
                        value = rearranged(part, value, prefix, what)
                        return await show(request, settings, section, place, value, opened=unfolded(what))
                    edits = _edits(shape, settings, section, place, value, form)
                changed = await switch.change_settings(edits, user_of(request), seen, dry_run=True)
            except UserError as error:
                return await show(
                    request,
                    settings,
                    section,
                    place,
                    value,
                    in_words(error, settings, words),
                    opened=unfolded(wrong=place_of(error)),
                )
        if not changed.changes:
            return then(address, "settings.nothing")
        return preview(site, request, changed.changes, edits, seen, address)

    @post("/settings/apply", status_code=200)
    async def carry_out(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        back = _back(str(form.get("back", "")))
        text = str(form.get("edits", ""))
        try:
            edits = _EDITS.decode(text) if len(text) <= _MAX_EDITS_TEXT else []
        except msgspec.MsgspecError:
            edits = []
        async with site.box.ask() as switch:
            try:
                changed = await switch.change_settings(edits, user_of(request), revision_of(form))
            except UserError as error:
                return site.pages.page(
                    request,
                    "problem.html",
                    status=422,
                    key="error.title",
                    detail=in_words(error, None, words_of(request)),
                )
        if not changed.changes:
            return then(back, "settings.nothing")
        paths = ", ".join(one.path for one in changed.changes)
        site.audit.note(user_of(request), address_of(request), "settings-changed", paths)
        name, number = str(form.get("name", "")), str(form.get("number", ""))
        notice = str(form.get("notice", "settings.saved"))
        return then(back, notice, name=name, number=number, undo=changed.revision)

    return Router(
        "/",
        route_handlers=[index, show_section, show_entry, carry_out, change_section, change_entry],
    )


def revision_of(form: FormMultiDict) -> int | None:
    """Return the revision of the settings that a form was made from."""
    text = str(form.get("revision", ""))
    return int(text) if text.isdecimal() and len(text) < 10 else None


def entry(shape: Shape, value: Any, place: str) -> Any:
    """Return the entry of a list or a map at its position, or a new one.

    Raises:
        UserError: There is none.
    """
    if shape.item is None or not isinstance(value, list | dict):
        raise UserError("There is no such entry.")
    if place == NEW:
        return blank(shape.item)
    entries = list(value.values()) if isinstance(value, dict) else value
    if not (place.isdecimal() and len(place) < 6 and int(place) < len(entries)):
        raise UserError("There is no such entry.")
    return entries[int(place)]


def _key(shape: Shape, settings: SettingsReply, section: str, place: str) -> str:
    """Return the path's step to an entry: a map's key instead of its position."""
    entry(shape, settings.values[section], place)
    return list(settings.values[section])[int(place)] if shape.kind is Kind.MAP else place


def _edits(
    shape: Shape, settings: SettingsReply, section: str, place: str, value: Any, form: FormMultiDict
) -> list[Edit]:
    if not place:
        return [SetValue([section], value)]
    if shape.kind is Kind.LIST:
        return [InsertItem([section], value)] if place == NEW else [SetValue([section, place], value)]
    key = str(form.get(f"{section}.{place}._key", "")).strip()
    edits: list[Edit] = [SetValue([section, key], value)]
    if place != NEW and (before := _key(shape, settings, section, place)) != key:
        edits.append(RemoveItem([section, before]))
    return edits


def _back(path: str) -> str:
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/settings"


def summary(shape: Shape, value: Any) -> int | None:
    """Return how many entries a section has; None where it isn't made of entries."""
    if shape.kind in (Kind.LIST, Kind.MAP):
        return len(value)
    lists = [one for one in shape.fields if one.shape.kind in (Kind.LIST, Kind.MAP)]
    if len(lists) == 1 and not is_scalar(lists[0].shape.item or lists[0].shape):
        return len(value.get(lists[0].name) or [])
    return None


def entry_name(one: Any, number: int, words: Words) -> str:
    """Return what an entry of a list is called."""
    if isinstance(one, dict):
        for key in ("name", "number", "mac", "owner", "id", "title"):
            if one.get(key):
                return str(one[key])
        for key in ("kind", "type", "do"):
            if one.get(key):
                return words.known(f"variant.{one[key]}", str(one[key]))
    return f"{number}."


def entry_hint(one: Any, words: Words) -> str:
    """Return an entry's other values in a few words."""
    if not isinstance(one, dict):
        return ""
    plain = [
        labels.shown(value, words)
        for key, value in one.items()
        if key != "name" and isinstance(value, str | int | float) and value not in ("", False)
    ]
    return " · ".join(plain[1:4] if not one.get("name") else plain[:3])
