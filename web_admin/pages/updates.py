"""Versions of the firmware: what runs, a new one from a signed bundle, the one before.

bundle ── streamed onto the card ──► STATE/uploads ──► steward: verified, installed, proven, or taken back
                                                         └─ the pages restart meanwhile, and ask anew
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, Router, get, post

from firmware.control.steward import GetVersions, Requests, RollBack, Update, VersionsAre, ask_steward
from firmware.core.errors import UserError, ZongjiError
from web_admin.notices import notice_of, then
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, user_of, words_of
from web_admin.security.gate import BUNDLE_UPLOAD
from web_admin.site import Site
from web_admin.steward import steward_says

_NAME = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._+-]{0,120}\.bundle\Z")
_SPARE_BYTES = 64 * 1024 * 1024
"""What has to stay free on the card while a bundle comes in: calls are recorded meanwhile."""

_ALL_OF_IT_S: Final = 1800.0
"""A bundle of 100 MB in half an hour are 60 kB/s."""

_MOST_LINES = 40

# A header of tar, as POSIX 1003.1-1988 ("ustar") has it: a bundle begins with that of its manifest.
_HEAD_BYTES, _MAGIC_AT, _FIRST = 512, 257, b"manifest.json\0"


class Progress:
    """What the steward tells of the update that this process has asked for."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.problem: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    def begin(self, request: Requests) -> None:
        """Have the steward do something that takes minutes.

        Raises:
            UserError: It does something already.
        """
        if self.is_running:
            raise UserError("Another update is in progress; wait for it, or restart the box.")
        self.lines, self.problem = [], None
        self._task = asyncio.create_task(self._run(request), name="update")

    async def _run(self, request: Requests) -> None:
        try:
            await ask_steward(request, self._told)
        except ZongjiError as error:
            self.problem = error

    def _told(self, text: str) -> None:
        self.lines = [*self.lines, text][-_MOST_LINES:]


def bundles_in(folder: Path) -> list[tuple[str, int]]:
    """Return the bundles that were uploaded: name and size in bytes, the newest first."""
    try:
        found = [one for one in folder.iterdir() if _NAME.match(one.name) and one.is_file()]
    except OSError:
        return []
    found.sort(key=lambda one: one.stat().st_mtime, reverse=True)
    return [(one.name, one.stat().st_size) for one in found]


async def keep_bundle(parts: AsyncIterator[bytes], folder: Path, name: str, size: int) -> None:
    """Write a bundle as it comes in; it is there whole, or not at all.

    Raises:
        UserError: It is no bundle, or the card hasn't the room.
    """
    if not _NAME.match(name):
        raise UserError("That is no bundle: its name ends in .bundle.")
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < size + _SPARE_BYTES:
        raise UserError("The card has not enough room for that bundle.")
    beside = folder / f".{name}.part"
    try:
        with beside.open("wb") as file:
            async with asyncio.timeout(_ALL_OF_IT_S):
                async for part in parts:
                    await asyncio.to_thread(file.write, part)
        if beside.stat().st_size != size or not await asyncio.to_thread(_is_bundle, beside):
            raise UserError("That is no zongji bundle, or it came in damaged; fetch it again.")
        beside.replace(folder / name)
    except TimeoutError:
        raise UserError("The bundle took too long to come in; try again over a cable.") from None
    finally:
        beside.unlink(missing_ok=True)


def _is_bundle(path: Path) -> bool:
    # Only whether it looks like one; whether it is genuine, the steward finds out before it uses any of it.
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return len(head) == _HEAD_BYTES and head.startswith(_FIRST) and head[_MAGIC_AT:].startswith(b"ustar")


def updates_router(site: Site) -> Router:
    """Return the handlers."""
    progress = Progress()

    async def show(request: AnyRequest, problem: str = "", template: str = "updates.html") -> Response[Any]:
        words = words_of(request)
        # Looked at first: what ends while the steward is asked is told the next time.
        was_running = progress.is_running
        versions = await steward_says(GetVersions(by=user_of(request)), VersionsAre)
        if progress.problem is not None and not problem:
            problem = _said(progress.problem, request)
        is_busy = was_running or bool(versions and versions.phase)
        response = site.pages.page(
            request,
            template,
            status=422 if problem and template == "updates.html" else 200,
            versions=versions,
            is_busy=is_busy,
            lines=[words.known(f"update.{one}", one) for one in progress.lines],
            bundles=await asyncio.to_thread(bundles_in, site.uploads),
            live=len(site.box.picture.calls) if site.box.picture else 0,
            problem=problem,
            notice=notice_of(request)[0],
        )
        if template == "updates_state.html" and not is_busy:
            # It is over, and perhaps other pages run: the browser fetches the whole page anew.
            response.headers["hx-refresh"] = "true"
        return response

    @get("/system/updates")
    async def updates(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request)

    @get("/system/updates/state")
    async def state(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request, template="updates_state.html")

    @post(BUNDLE_UPLOAD, status_code=201)
    async def upload(request: Request[Any, Any, Any]) -> Response[Any]:
        name = request.query_params.get("name", "")
        size = int(request.headers.get("content-length", "0"))
        try:
            await keep_bundle(request.stream(), site.uploads, name, size)
        except UserError as error:
            text = in_words(error, None, words_of(request))
            return Response(text, status_code=422, media_type="text/plain; charset=utf-8")
        site.audit.note(user_of(request), address_of(request), "bundle-uploaded", name)
        return Response("", media_type="text/plain")

    @post("/system/updates", status_code=303)
    async def act(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        what, name, by = str(form.get("do", "")), str(form.get("name", "")), user_of(request)
        is_forced = form.get("force") == "on"
        known = [one for one, _ in bundles_in(site.uploads)]
        try:
            if what in ("install", "remove") and name not in known:
                raise UserError("There is no such bundle any more.")
            if what == "install":
                progress.begin(Update(path=str(site.uploads / name), force=is_forced, by=by))
            elif what == "back":
                progress.begin(RollBack(force=is_forced, by=by))
            elif what == "remove":
                (site.uploads / name).unlink(missing_ok=True)
            else:
                raise UserError("There is no such act.")
        except ZongjiError as error:
            return await show(request, _said(error, request))
        site.audit.note(by, address_of(request), f"update-{what}", name)
        return then("/system/updates", "system.done" if what == "remove" else "updates.begun")

    def _said(error: Exception, request: AnyRequest) -> str:
        return in_words(error, None, words_of(request)) if isinstance(error, UserError) else str(error)

    return Router("/", route_handlers=[updates, state, upload, act])
