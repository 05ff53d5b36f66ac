"""The menus drawn, edited as a draft, tried without a call, put in force; and the office's own prompts."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Stream

from firmware.control.client import ControlClient
from firmware.control.editing import Edit, PublishMenus, SettingsReply, SetValue
from firmware.control.menus import (
    ChangePrompt,
    GetMenus,
    ListPrompts,
    MenusReply,
    OpenPrompt,
    PromptReply,
    PromptsReply,
)
from firmware.control.shapes import Shape
from firmware.core.errors import UserError
from web_admin import recording
from web_admin.forms.reading import blank, item_of, read, rearranged
from web_admin.forms.suggestions import Lists
from web_admin.forms.unfolded import FOLDED, Unfolded, unfolded
from web_admin.notices import notice_of, then
from web_admin.own_prompts import keep_prompt
from web_admin.pages.settings import entry_hint, entry_name, preview, shape_of
from web_admin.pictures.flow import flow
from web_admin.refusals import in_words, place_of
from web_admin.rendering import AnyRequest, address_of, language_of, user_of, words_of
from web_admin.site import Site

_NAME = re.compile(r"\A[a-z0-9][a-z0-9-]{0,29}\Z")
_KEY = re.compile(r"[0-9*#]+")
_NEW = "new"


def menus_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/menus")
    async def menus(request: Request[Any, Any, Any]) -> Response[Any]:
        keys, at = request.query_params.get("keys", "")[:80], request.query_params.get("at", "")[:20]
        is_tried = "keys" in request.query_params
        problem = ""
        async with site.box.ask() as switch:
            settings = await switch.settings()
            try:
                asked = GetMenus(keys=_KEY.findall(keys), at=at.replace("T", " "))
                found = await switch.ask(asked, MenusReply)
            except UserError as error:
                problem = in_words(error, None, words_of(request))
                found = await switch.ask(GetMenus(), MenusReply)
        notice, undo = notice_of(request)
        return site.pages.page(
            request,
            "menus.html",
            found=found,
            flow=flow(found.menus),
            settings=settings,
            shape=_whole(settings),
            lists=_lists(settings, found),
            keys=keys,
            at=at,
            is_tried=is_tried,
            problem=problem,
            opened=FOLDED,
            entry_name=lambda one, number: entry_name(one, number, words_of(request)),
            entry_hint=lambda one: entry_hint(one, words_of(request)),
            notice=notice,
            undo=undo,
        )

    async def show(
        request: AnyRequest,
        settings: SettingsReply,
        found: MenusReply,
        name: str,
        menu: Any,
        problem: str = "",
        opened: Unfolded = FOLDED,
    ) -> Response[Any]:
        words = words_of(request)
        return site.pages.page(
            request,
            "menu.html",
            status=422 if problem else 200,
            name=name,
            menu=menu,
            shape=_menu(settings),
            lists=_lists(settings, found),
            revision=settings.revision,
            opened=opened,
            entry_name=lambda one, number: entry_name(one, number, words),
            entry_hint=lambda one: entry_hint(one, words),
            problem=problem,
        )

    @get("/menus/{name:str}")
    async def menu(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
        async with site.box.ask() as switch:
            settings = await switch.settings()
            found = await switch.ask(GetMenus(), MenusReply)
        known = found.menus["menus"]
        if name != _NEW and name not in known:
            raise UserError(f"There is no menu {name[:40]}.")
        value = known[name] if name != _NEW else {**blank(_menu(settings)), "greeting": ["greeting"]}
        return await show(request, settings, found, name, value)

    @post("/menus/{name:str}", status_code=200)
    async def change(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
        form = await request.form()
        what = str(form.get("do", "save"))
        async with site.box.ask() as switch:
            settings = await switch.settings()
            found = await switch.ask(GetMenus(), MenusReply)
            shape = _menu(settings)
            value: Any = found.menus["menus"].get(name)
            try:
                if what == "drop":
                    kept = {key: one for key, one in found.menus["menus"].items() if key != name}
                    return await _keep(switch, request, {**found.menus, "menus": kept})
                value = read(shape, form, "menu")
                if what != "save":
                    value = rearranged(shape, value, "menu", what)
                    return await show(request, settings, found, name, value, opened=unfolded(what))
                called = str(form.get("name", name)).strip()
                if not _NAME.match(called) or called == _NEW:
                    raise UserError(words_of(request)("menus.bad_name"))
                kept = {key: one for key, one in found.menus["menus"].items() if key != name}
                return await _keep(switch, request, {**found.menus, "menus": {**kept, called: value}})
            except UserError as error:
                return await show(
                    request, settings, found, name, value, in_words(error, settings, words_of(request)),
                    unfolded(wrong=place_of(error)),
                )  # fmt: skip

    @post("/menus", status_code=200)
    async def act(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        what = str(form.get("do", ""))
        async with site.box.ask() as switch:
            found = await switch.ask(GetMenus(), MenusReply)
            if what == "starts":
                starts = {key: str(form.get(key, "")) or None for key in ("start", "closed", "holiday")}
                try:
                    return await _keep(switch, request, {**found.menus, **starts})
                except UserError as error:
                    return _refused(request, error)
            version = str(form.get("version", ""))
            edits: list[Edit] = [SetValue(["menus", "draft"], None)]
            if what == "publish":
                edits = [PublishMenus()]
            elif what == "restore" and version.isdecimal() and len(version) < 9:
                edits = [PublishMenus(int(version))]
            elif what != "discard":
                raise UserError("There is no such act.")
            try:
                changed = await switch.change_settings(edits, user_of(request), dry_run=True)
            except UserError as error:
                return _refused(request, error)
        if what == "discard":
            async with site.box.ask() as switch:
                changed = await switch.change_settings(edits, user_of(request))
            return then("/menus", "settings.undone")
        return preview(site, request, changed.changes, edits, None, "/menus")

    async def _keep(switch: ControlClient, request: AnyRequest, menus: Any) -> Response[Any]:
        edits: list[Edit] = [SetValue(["menus", "draft"], menus)]
        changed = await switch.change_settings(edits, user_of(request))
        site.audit.note(user_of(request), address_of(request), "settings-changed", "menus.draft")
        return then("/menus", "menus.drafted", undo=changed.revision)

    def _refused(request: AnyRequest, error: UserError) -> Response[Any]:
        detail = in_words(error, None, words_of(request))
        return site.pages.page(request, "problem.html", status=422, key="error.title", detail=detail)

    # Prompts

    @get("/prompts")
    async def prompts(request: Request[Any, Any, Any]) -> Response[Any]:
        return await prompts_page(request)

    async def prompts_page(request: AnyRequest, problem: str = "") -> Response[Any]:
        chosen = request.query_params.get("language", "zh-CN" if language_of(request) == "zh" else "en")
        language = "en" if chosen == "en" else "zh-CN"
        async with site.box.ask() as switch:
            found = await switch.ask(_listed(language), PromptsReply)
        notice, _ = notice_of(request)
        return site.pages.page(
            request,
            "prompts.html",
            status=422 if problem else 200,
            found=found,
            spoken=language,
            problem=problem,
            notice=notice,
        )

    @get("/prompts/{language:str}/{name:path}")
    async def sound(
        request: Request[Any, Any, Any], language: FromPath[str], name: FromPath[str]
    ) -> Response[Any]:
        asked = OpenPrompt(language="en" if language == "en" else "zh-CN", name=name.strip("/")[:60])
        opened = await site.box.file(asked, PromptReply)
        return Stream(
            recording.chunks(opened.descriptor, 0, opened.reply.size - 1),
            media_type="audio/wav",
            headers={"content-length": str(opened.reply.size)},
        )

    @post("/prompts/{language:str}", status_code=303)
    async def keep(request: Request[Any, Any, Any], language: FromPath[str]) -> Response[Any]:
        form = await request.form()
        spoken = _listed("en" if language == "en" else "zh-CN").language
        name, what = str(form.get("name", "")).strip(), str(form.get("do", "say"))
        file = form.get("file")
        data = await file.read() if file is not None and hasattr(file, "read") else b""
        try:
            async with site.box.ask() as switch:
                if what == "removed":
                    await switch.ask(ChangePrompt(language=spoken, name=name, to="removed"), PromptsReply)
                elif what == "before":
                    await switch.ask(ChangePrompt(language=spoken, name=name, to="before"), PromptsReply)
                else:
                    await keep_prompt(switch, spoken, name, str(form.get("text", "")), data)
        except UserError as error:
            return await prompts_page(request, in_words(error, None, words_of(request)))
        site.audit.note(user_of(request), address_of(request), "prompt-changed", f"{spoken} {name} {what}")
        return then(f"/prompts?language={spoken}", "prompts.saved")

    return Router("/", route_handlers=[menus, menu, change, act, prompts, sound, keep])


def _listed(language: str) -> ListPrompts:
    return ListPrompts(language="en") if language == "en" else ListPrompts(language="zh-CN")


def _whole(settings: SettingsReply) -> Shape:
    """Return the shape of a whole set of menus."""
    book = shape_of(settings, "menus")
    return next(one.shape for one in book.fields if one.name == "draft")


def _menu(settings: SettingsReply) -> Shape:
    """Return the shape of one menu."""
    menus = next(one.shape for one in _whole(settings).fields if one.name == "menus")
    return item_of(menus)


def _lists(settings: SettingsReply, found: MenusReply) -> Lists:
    lists = Lists.of(settings)
    return Lists(
        lists.extensions, {**lists.names, "menus": list(found.menus["menus"]), "prompts": found.prompts}
    )
