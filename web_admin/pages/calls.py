"""Calls: looking for them, one call's journey, its recordings, and the list as CSV."""

from __future__ import annotations

import asyncio
import csv
import datetime
import io
import os
import re
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, Router, get
from litestar.params import FromPath
from litestar.response import Stream

from firmware.control.search import CallFilter, CallRow, Cursor
from firmware.core.records import Outcome
from web_admin import recording
from web_admin.format import local, moment
from web_admin.pictures.journey import picture
from web_admin.rendering import AnyRequest, address_of, is_partial, user_of, words_of
from web_admin.site import Site
from web_admin.words import Words

_PAGE = 50
"""Calls of one page."""

_CSV_PAGE = 200
_MAX_CSV_ROWS = 50_000
"""Rows of one export: what spreadsheets still like; the file says so when it was cut."""

_CURSOR = re.compile(r"\A(-?\d{1,16})-(\d{1,16})\Z")
_PLAIN_NUMBER = re.compile(r"\A\+?[0-9*#]{1,32}\Z")
_LONGEST_QUERY = 60
_CALL_ID = re.compile(r"\A[0-9A-Za-z]{1,32}\Z")


class Query(msgspec.Struct, frozen=True):
    """What the search form holds, as typed."""

    text: str = ""
    person: str = ""
    since: str = ""
    until: str = ""
    outcome: str = ""
    recorded: str = ""

    @classmethod
    def of(cls, request: AnyRequest) -> Query:
        """Read the form; what makes no sense counts as not filled in."""
        asked = {name: request.query_params.get(name, "")[:_LONGEST_QUERY] for name in cls.__struct_fields__}
        if request.query_params.get("day") == "today":
            asked["since"] = datetime.datetime.now().astimezone().date().isoformat()
        return cls(**asked)

    def filter(self) -> CallFilter:
        """Return what is to be asked of the switch."""
        until = _midnight(self.until)
        return CallFilter(
            text=self.text.replace(" ", ""),
            person=self.person,
            since_ms=_ms(_midnight(self.since)),
            until_ms=_ms(None if until is None else until + datetime.timedelta(days=1)),
            outcome=Outcome(self.outcome) if self.outcome in set(Outcome) else None,
            recorded={"yes": True, "no": False}.get(self.recorded),
        )

    def encoded(self, **more: str) -> str:
        """Return it as an address's query."""
        filled = {name: value for name, value in msgspec.structs.asdict(self).items() if value}
        return urlencode({**filled, **more})


def _midnight(day: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(day, "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _ms(when: datetime.datetime | None) -> int | None:
    return None if when is None else int(when.timestamp() * 1000)


def _cursor(text: str) -> Cursor | None:
    found = _CURSOR.match(text)
    return None if found is None else Cursor(int(found[1]), int(found[2]))


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") and not _PLAIN_NUMBER.match(text) else text


def csv_line(values: list[str]) -> bytes:
    """Return one line of CSV (RFC 4180)."""
    line = io.StringIO()
    csv.writer(line).writerow(_cell(value) for value in values)
    return line.getvalue().encode()


def _csv_row(call: CallRow, words: Words) -> bytes:
    seconds = [
        "" if ms is None else f"{ms / 1000:.1f}"
        for ms in (call.answered_ms, call.talked_ms, call.duration_ms)
    ]
    outcome = "" if call.outcome is None else words.known(f"outcome.{call.outcome}", call.outcome)
    return csv_line(
        [
            moment(call.started),
            call.caller or "",
            call.called or "",
            " ".join(call.people),
            call.line,
            outcome,
            *seconds,
            str(call.recordings),
            call.id,
        ]
    )


def calls_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/calls")
    async def calls(request: Request[Any, Any, Any]) -> Response[Any]:
        query = Query.of(request)
        after = _cursor(request.query_params.get("after", ""))
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
            keys = (
                "when",
                "caller",
                "called",
                "talked_with",
                "line",
                "outcome",
                "waited",
                "talked",
                "duration",
            )
            # The mark tells a spreadsheet that this is UTF-8.
            yield b"\xef\xbb\xbf" + csv_line([words(f"calls.{key}") for key in (*keys, "recording", "id")])
            after, count = None, 0
            while count < _MAX_CSV_ROWS:
                async with site.box.ask() as switch:
                    found = await switch.find(query.filter(), _CSV_PAGE, after)
                yield b"".join(_csv_row(call, words) for call in found.calls)
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

    @get("/calls/{call:str}")
    async def journey(request: Request[Any, Any, Any], call: FromPath[str]) -> Response[Any]:
        if not _CALL_ID.match(call):
            return site.pages.page(request, "problem.html", status=404, key="call.not_found", detail="")
        async with site.box.ask() as switch:
            found = await switch.call(call)
        now = site.box.picture
        return site.pages.page(
            request,
            "call.html",
            journey=found,
            picture=picture(found),
            names={one.number: one.name for one in now.people} if now else {},
            began=local(found.started.wall_ms),
        )

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

    return Router("/", route_handlers=[calls, export, journey, audio, peaks])
