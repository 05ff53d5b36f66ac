"""Calls: looking for them, one call's journey, its recordings, and the list as a file."""

from __future__ import annotations

import asyncio
import datetime
import os
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Stream

from firmware.control.search import CallRow, Cursor
from firmware.core.records import Outcome
from web_admin import recording
from web_admin.call_page import call_page, take_note, take_tags
from web_admin.call_query import Query, cursor_of
from web_admin.exports import csv_line, csv_row, heading, workbook_of
from web_admin.rendering import address_of, is_partial, user_of, words_of
from web_admin.site import Site

_PAGE = 50
"""Calls of one page."""

_CSV_PAGE = 200
_MAX_CSV_ROWS = 50_000
"""Rows of one export: what spreadsheets still like; the file says so when it was cut."""

_MAX_XLSX_ROWS = 10_000
"""Rows of a workbook: made in memory, unlike the CSV."""


def calls_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/calls")
    async def calls(request: Request[Any, Any, Any]) -> Response[Any]:
        query = Query.of(request)
        after = cursor_of(request.query_params.get("after", ""))
        async with site.box.ask() as switch:
            found = await switch.find(query.filter(), _PAGE, after)
        now = site.box.picture
        more = f"{found.more.started_ms}-{found.more.seq}" if found.more else ""
        return site.pages.page(
            request,
            "calls_rows.html" if is_partial(request) else "calls.html",
            query=query,
            calls=found.calls,
            more=query.encoded(after=more) if more else "",
            is_first=after is None,
            people=now.people if now else [],
            names={one.number: one.name for one in now.people} if now else {},
            outcomes=list(Outcome),
        )

    @get("/calls.csv")
    async def export(request: Request[Any, Any, Any]) -> Response[Any]:
        query = Query.of(request)
        words = words_of(request)
        site.audit.note(user_of(request), address_of(request), "calls-exported", query.encoded())

        async def rows() -> AsyncGenerator[bytes, None]:
            # The mark tells a spreadsheet that this is UTF-8.
            yield b"\xef\xbb\xbf" + csv_line(heading(words))
            after, count = None, 0
            while count < _MAX_CSV_ROWS:
                async with site.box.ask() as switch:
                    found = await switch.find(query.filter(), _CSV_PAGE, after)
                yield b"".join(csv_row(call, words) for call in found.calls)
                count += len(found.calls)
                after = found.more
                if after is None:
                    return
            yield csv_line([words("calls.csv_cut", rows=_MAX_CSV_ROWS)])

        name = f"calls-{datetime.datetime.now().astimezone():%Y%m%d-%H%M}.csv"
        return Stream(
            rows(),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    @get("/calls.xlsx")
    async def workbook(request: Request[Any, Any, Any]) -> Response[Any]:
        query, words = Query.of(request), words_of(request)
        site.audit.note(user_of(request), address_of(request), "calls-exported", query.encoded())
        found: list[CallRow] = []
        after: Cursor | None = None
        async with site.box.ask() as switch:
            while len(found) < _MAX_XLSX_ROWS:
                page = await switch.find(query.filter(), _CSV_PAGE, after)
                found += page.calls
                after = page.more
                if after is None:
                    break
        data = await asyncio.to_thread(workbook_of, found, words, is_cut=after is not None)
        name = f"calls-{datetime.datetime.now().astimezone():%Y%m%d-%H%M}.xlsx"
        return Response(
            data,
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    @get("/calls/{call:str}")
    async def journey(request: Request[Any, Any, Any], call: FromPath[str]) -> Response[Any]:
        return await call_page(site, request, call, "/calls")

    @post("/calls/{call:str}/note", status_code=303)
    async def note(request: Request[Any, Any, Any], call: FromPath[str]) -> Response[Any]:
        return await take_note(site, request, call, "/calls")

    @post("/calls/{call:str}/tags", status_code=303)
    async def tags(request: Request[Any, Any, Any], call: FromPath[str]) -> Response[Any]:
        return await take_tags(site, request, call, "/calls")

    @get("/calls/{call:str}/audio/{piece:int}")
    async def audio(
        request: Request[Any, Any, Any], call: FromPath[str], piece: FromPath[int]
    ) -> Response[Any]:
        opened = await site.box.recording(call, piece)
        size = opened.reply.size
        asked = request.headers.get("range")
        try:
            part = recording.byte_range(asked, size)
        except ValueError:
            os.close(opened.descriptor)
            return Response(
                "", status_code=416, headers={"content-range": f"bytes */{size}"}, media_type="text/plain"
            )
        first, last = part or (0, size - 1)
        download = "download" in request.query_params
        shown = "attachment" if download else "inline"
        if first == 0:
            what = "recording-saved" if download else "recording-heard"
            site.audit.note(user_of(request), address_of(request), what, opened.reply.name)
        headers = {
            "accept-ranges": "bytes",
            "content-length": str(last - first + 1),
            "content-disposition": f'{shown}; filename="{opened.reply.name}"',
        }
        if part is not None:
            headers["content-range"] = f"bytes {first}-{last}/{size}"
        return Stream(
            recording.chunks(opened.descriptor, first, last),
            status_code=200 if part is None else 206,
            media_type="audio/wav" if opened.reply.name.endswith(".wav") else "audio/ogg",
            headers=headers,
        )

    @get("/calls/{call:str}/peaks/{piece:int}")
    async def peaks(call: FromPath[str], piece: FromPath[int]) -> Response[Any]:
        opened = await site.box.recording(call, piece)
        try:
            found = await asyncio.to_thread(recording.peaks, opened.descriptor, opened.reply.size)
        finally:
            os.close(opened.descriptor)
        return Response(
            msgspec.json.encode(found),
            media_type="application/json",
            headers={"cache-control": "private, max-age=60"},
        )

    return Router("/", route_handlers=[calls, export, workbook, journey, note, tags, audio, peaks])
