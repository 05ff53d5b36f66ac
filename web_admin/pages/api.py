"""The HTTP interface for other programs: JSON, a token each time, described by an OpenAPI document.

    GET  /api/v1/calls          POST /api/v1/calls      GET /api/v1/people     GET /api/v1/events
    GET  /api/v1/calls/{id}     (click to call)         GET /api/v1/now        GET /api/v1/figures

No cookie is looked at, so there is nothing to forge; a token names what it may be used for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any

import msgspec
from litestar import Controller, MediaType, Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    ClientException,
    NotAuthorizedException,
    NotFoundException,
    PermissionDeniedException,
)
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter
from litestar.response import Stream

from firmware.control.live import ActedReply, PlaceCall
from firmware.control.picture import CallNow, LineNow, NowReply, PersonNow, QueueNow
from firmware.control.reports import FigureInfo, FiguresReply, GetFigures, GetValues, Row, ValuesReply
from firmware.control.search import MAX_FOUND, CallFilter, CallRow, Cursor
from firmware.core.errors import UserError
from firmware.core.records import Journey, Outcome
from web_admin.rendering import address_of
from web_admin.security.tokens import Scope, Token
from web_admin.site import Site

BASE = "/api/v1"

_Id = Annotated[str, PathParameter(pattern=r"^[0-9A-Za-z]{6,32}$", description="A call's id.")]
_LATEST_MS = 4_102_444_800_000
"""The year 2100: later moments are mistakes."""
_Moment = Annotated[int | None, QueryParameter(ge=0, le=_LATEST_MS, description="ms since 1970 UTC")]


class Calls(msgspec.Struct, frozen=True):
    """Closed calls, the newest first."""

    calls: list[CallRow]
    next: str | None = None
    """What to send as `after` for the next ones; none at the end."""


class People(msgspec.Struct, frozen=True):
    people: list[PersonNow]


class Board(msgspec.Struct, frozen=True):
    """The switchboard at this moment."""

    at_wall_ms: int
    office: str
    lines: list[LineNow]
    people: list[PersonNow]
    calls: list[CallNow]
    queues: list[QueueNow]


class Dialled(msgspec.Struct, frozen=True, rename={"own": "from"}):
    own: Annotated[str, msgspec.Meta(pattern="^[0-9]{2,6}$", description="Whose phone rings first.")]
    to: Annotated[str, msgspec.Meta(pattern=r"^[0-9*#+]{1,40}$", description="What is dialled then.")]


class Begun(msgspec.Struct, frozen=True):
    call: str | None


class Figures(msgspec.Struct, frozen=True):
    figures: list[FigureInfo]
    rows: list[Row]


def _needs(scope: Scope) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    """Return a guard that lets only tokens with this scope in."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        site: Site = connection.app.state.site
        address = connection.client.host if connection.client else "?"
        if site.brake.wait_s(address):
            raise NotAuthorizedException("Too many wrong tokens; wait.")
        kind, _, given = connection.headers.get("authorization", "").partition(" ")
        token = site.tokens.find(given.strip()) if kind.lower() == "bearer" else None
        if token is None:
            if given:
                site.brake.failed(address)
            raise NotAuthorizedException("Send a token: Authorization: Bearer …")
        if scope not in token.scopes:
            raise PermissionDeniedException(f"This token may not: it lacks {scope}.")
        connection.scope["state"]["token"] = token

    return guard


def _token(request: Request[Any, Any, Any]) -> Token:
    token: Token = request.scope["state"]["token"]
    return token


class Api(Controller):
    """Calls, people, presence, figures and what happens."""

    path = BASE
    tags = ["zongji"]  # noqa: RUF012 - Litestar's own way of declaring it
    security = [{"token": []}]  # noqa: RUF012

    @get("/calls", guards=[_needs(Scope.CALLS_READ)], summary="List calls")
    async def calls(
        self,
        request: Request[Any, Any, Any],
        text: Annotated[str, QueryParameter(max_length=60, description="Part of the caller's number.")] = "",
        person: Annotated[str, QueryParameter(max_length=6, description="An extension.")] = "",
        outcome: FromQuery[Outcome | None] = None,
        since_ms: _Moment = None,
        until_ms: _Moment = None,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_FOUND)] = 50,
        after: Annotated[str | None, QueryParameter(pattern=r"^[0-9]{1,16}-[0-9]{1,16}$")] = None,
    ) -> Calls:
        """Closed calls, the newest first, in pages."""
        site: Site = request.app.state.site
        cursor = None if after is None else Cursor(*(int(part) for part in after.split("-")))
        wanted = CallFilter(text=text, person=person, outcome=outcome, since_ms=since_ms, until_ms=until_ms)
        async with site.box.ask() as switch:
            found = await switch.find(wanted, limit, cursor)
        more = found.more
        return Calls(found.calls, f"{max(0, more.started_ms)}-{more.seq}" if more else None)

    @get("/calls/{call:str}", guards=[_needs(Scope.CALLS_READ)], summary="One call's journey")
    async def call(self, request: Request[Any, Any, Any], call: _Id) -> Journey:
        """All that is known of one call: legs, timeline, waits, notes, recordings' places."""
        site: Site = request.app.state.site
        async with site.box.ask() as switch:
            try:
                return await switch.call(call)
            except UserError as error:
                raise NotFoundException(str(error)) from None

    @post("/calls", guards=[_needs(Scope.CALLS_MAKE)], summary="Click to call")
    async def place(self, request: Request[Any, Any, Any], data: JSONBody[Dialled]) -> Begun:
        """Ring a person's own phone, then dial for it, within that person's rights."""
        site: Site = request.app.state.site
        name = f"api:{_token(request).name}"
        async with site.box.ask() as switch:
            try:
                begun = await switch.ask(PlaceCall(own=data.own, to=data.to, by=name), ActedReply)
            except UserError as error:
                raise ClientException(str(error)) from None
        site.audit.note(name, address_of(request), "call-call", f"{data.own} {data.to}")
        return Begun(begun.call)

    @get("/people", guards=[_needs(Scope.PEOPLE_READ)], summary="People and their presence")
    async def people(self, request: Request[Any, Any, Any]) -> People:
        """Everybody with an extension: away, free, ringing or busy."""
        return People(_picture(request).people)

    @get("/now", guards=[_needs(Scope.EVENTS_READ)], summary="The switchboard now")
    async def now(self, request: Request[Any, Any, Any]) -> Board:
        """Lines, people, running calls and queues at this moment."""
        return board(_picture(request))

    @get("/figures", guards=[_needs(Scope.FIGURES_READ)], summary="Figures of a period")
    async def figures(
        self,
        request: Request[Any, Any, Any],
        since_ms: Annotated[int, QueryParameter(ge=0, le=_LATEST_MS)],
        until_ms: Annotated[int, QueryParameter(ge=0, le=_LATEST_MS)],
    ) -> Figures:
        """Every figure with its formula and value."""
        site: Site = request.app.state.site
        if not 0 < until_ms - since_ms <= 400 * 86_400_000:
            raise ClientException("until_ms has to lie after since_ms, by 400 days at most.")
        async with site.box.ask() as switch:
            known = (await switch.ask(GetFigures(), FiguresReply)).figures
            asked = GetValues(since_ms=since_ms, until_ms=until_ms)
            rows = (await switch.ask(asked, ValuesReply)).rows
        return Figures(list(known), list(rows))

    @get(
        "/events",
        guards=[_needs(Scope.EVENTS_READ)],
        summary="What happens, live",
        media_type="text/event-stream",
    )
    async def events(self, request: Request[Any, Any, Any]) -> Stream:
        """Server-sent events: `now` with the switchboard whenever something on it changes."""
        site: Site = request.app.state.site
        if site.hub.is_full():
            raise ClientException("Too many follow already.", status_code=503)
        token = _token(request)

        def drawn() -> dict[str, str]:
            picture = site.box.picture
            return {} if picture is None else {"now": msgspec.json.encode(board(picture)).decode()}

        async def stream() -> AsyncGenerator[bytes, None]:
            async for event in site.hub.stream(drawn, lambda: site.tokens.is_alive(token), name="now"):
                yield event

        return Stream(stream(), media_type="text/event-stream", headers={"cache-control": "no-store"})


def board(picture: NowReply) -> Board:
    """Return the switchboard as other programs see it."""
    return Board(
        picture.at_wall_ms, picture.office, picture.lines, picture.people, picture.calls, picture.queues
    )


def _picture(request: Request[Any, Any, Any]) -> NowReply:
    site: Site = request.app.state.site
    if site.box.picture is None:
        raise ClientException("The switch doesn't answer at the moment.", status_code=503)
    return site.box.picture


def problem(request: Request[Any, Any, Any], status: int, detail: str) -> Response[Any]:
    """Return an error as JSON, for programs."""
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    return Response(
        {"status": status, "detail": detail}, status_code=status, media_type=MediaType.JSON, headers=headers
    )
