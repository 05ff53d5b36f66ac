"""The gate before every page: nothing behind it has to think of hosts, sessions, forgery or sizes.

request ─► known host? ─► HTTPS, once trusted ─► signed in, or a public page? ─► may this role? ─┐
handler ◄─ token of the session ◄─ from our own page? ◄─ body small and in time? ◄────────────────┘
   └─────► security headers on everything, no exception

The HTTP API (`/api/`) knows no session and therefore no forgery: its callers show a token each time.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from web_admin.security.rights import home, may
from web_admin.security.sessions import Session, Sessions
from web_admin.security.users import User, Users

COOKIE = "zongji"

# ASGI 3.0, the specification's own words.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 128 * 1024
"""Bytes: the largest form is a pasted list of people."""

MAX_UPLOAD = 6 * 1024 * 1024
"""Bytes where a recording or a backup is sent: five minutes of telephone speech as WAV."""

UPLOADS = ("/prompts/", "/setup/greeting", "/system/restore")

_BODY_S = 60.0
"""A body that takes longer is a client that wants to keep us waiting; 6 MB in it are 100 kB/s."""

PUBLIC = (
    "/login", "/welcome", "/forgotten", "/static/", "/language/", "/healthz", "/metrics", "/ca.crt",
)  # fmt: skip
"""Beginnings of paths that need no session."""

BUNDLE_UPLOAD = "/system/updates/bundle"
"""Where an update comes in: too large to be held in memory, so its handler writes it down as it comes."""

MAX_BUNDLE = 1024 * 1024 * 1024
"""Bytes."""

API = "/api/"

NO_TOKEN = ("/login", "/welcome", "/forgotten")
"""Forms that come before there is a session; the browser's word on where they come from must do."""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)

# Read over HTTP even after the change to HTTPS: what makes it trusted, and what asks whether we live.
_PLAIN = ("/ca.crt", "/healthz")

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(self)"),
)

_HOST = re.compile(r"\A(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253})(:\d{1,5})?\Z")
_OUR_NAMES = (".local", ".lan", ".home.arpa", ".internal")
"""Names that only a local network gives; a rebound DNS name is none of them."""

_FIRST_PART = re.compile(rb'name="csrf"\r\n\r\n([A-Za-z0-9_-]{1,100})\r\n')
_PART_HEAD = 1024
"""Bytes in which the first part of a form with a file lies."""

MAX_FIELDS = 5000
"""Fields of one form: a section with some hundred entries."""

_SAFE = {"GET", "HEAD", "OPTIONS"}

_WHILE_PASSWORD_IS_LENT = ("/account", "/logout", "/static/", "/language/")
"""Where a user may go whose password somebody else chose."""


class Refused(Exception):
    """The gate stays shut: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def is_our_host(header: str, names: frozenset[str]) -> bool:
    """Tell whether a Host header can mean this box: an address, a local name, or one of `names`."""
    found = _HOST.match(header)
    if found is None:
        return False
    host = found[1].strip("[]").lower().rstrip(".")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host in names or "." not in host or host.endswith(_OUR_NAMES)
    return True


class Gate:
    """ASGI middleware around the whole application.

    Args:
        app: What lies behind.
        sessions: Who is signed in.
        users: What they may.
        names: Host names this box answers to, besides addresses and local names.
        https_port: The port plain requests are sent on to; None while HTTPS isn't trusted.
    """

    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        users: Users,
        names: frozenset[str],
        https_port: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._users = users
        self._names = names
        self._https_port = https_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_headers(list(message.get("headers", [])))
            await send(message)

        try:
            await self._let_in(scope, headers, receive, guarded)
        except Refused as refused:
            await _answer(guarded, refused.status, str(refused))

    async def _let_in(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if not is_our_host(headers.get("host", ""), self._names):
            raise Refused(421, "This box does not go by that name; use its address.")
        port = self._https_port()
        if port is not None and scope["scheme"] == "http" and not path.startswith(_PLAIN):
            host = headers["host"].rsplit(":", 1)[0] if not headers["host"].endswith("]") else headers["host"]
            query = scope.get("query_string", b"").decode("latin-1")
            target = f"https://{host}:{port}{quote(path)}{'?' + query if query else ''}"
            await _answer(send, 307, "Over HTTPS.", [(b"location", target.encode("latin-1"))])
            return
        state = scope.setdefault("state", {})
        state["session"] = state["user"] = None
        if path.startswith(API):
            if scope["method"] not in _SAFE:
                receive = _replay(await _read(receive, headers, MAX_BODY), receive)
            await self._app(scope, receive, send)
            return
        session, user = self._signed_in(headers.get("cookie", ""))
        state["session"], state["user"] = session, user
        if not path.startswith(PUBLIC):
            if session is None or user is None:
                await _send_to_login(scope, headers, send)
                return
            if user.must_change and not path.startswith(_WHILE_PASSWORD_IS_LENT):
                await _answer(send, 303, "Choose a password.", [(b"location", b"/account")])
                return
            if not may(user.role, path):
                if path == "/":
                    await _answer(send, 303, "Your desk.", [(b"location", home(user.role).encode())])
                    return
                raise Refused(403, "Your role may not open this page. 您的权限不能打开此页面。")
        if scope["method"] not in _SAFE:
            _check_origin(headers)
            if path == BUNDLE_UPLOAD and session is not None:
                _check_token(session, headers, b"")
                _announced(headers, MAX_BUNDLE)
                await self._app(scope, receive, send)
                return
            largest = MAX_UPLOAD if session and path.startswith(UPLOADS) else MAX_BODY
            body = await _read(receive, headers, largest)
            if session is not None and not path.startswith(NO_TOKEN):
                _check_token(session, headers, body)
            receive = _replay(body, receive)
        await self._app(scope, receive, send)

    def _signed_in(self, cookies: str) -> tuple[Session | None, User | None]:
        session = self._session(cookies)
        user = None if session is None else self._users.find(session.user)
        if session is not None and user is None:
            self._sessions.end(session)
            return None, None
        return session, user

    def _session(self, cookies: str) -> Session | None:
        for pair in cookies.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                return self._sessions.find(value)
        return None


def _check_origin(headers: dict[str, str]) -> None:
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin", "")
    elsewhere = origin not in ("", "null") and urlsplit(origin).netloc != headers.get("host")
    if site not in ("same-origin", "none") or elsewhere:
        raise Refused(403, "That form came from another site.")


def _check_token(session: Session, headers: dict[str, str], body: bytes) -> None:
    given = headers.get("x-csrf-token", "")
    kind = headers.get("content-type", "")
    if not given and kind.startswith("application/x-www-form-urlencoded"):
        try:
            given = parse_qs(body.decode(), max_num_fields=MAX_FIELDS).get("csrf", [""])[0]
        except (ValueError, UnicodeDecodeError):
            raise Refused(400, "That form can't be read.") from None
    elif not given and kind.startswith("multipart/form-data"):
        # A form with a file brings the token as its first part.
        found = _FIRST_PART.search(body[:_PART_HEAD])
        given = found[1].decode() if found else ""
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise Refused(403, "That form is out of date; go back, reload the page, and send it again.")


def _announced(headers: dict[str, str], largest: int) -> None:
    """Refuse a body that says it is too large; HTTP itself ends it where its length says."""
    announced = headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > largest:
        raise Refused(413, f"More than {largest // 1024} kB at once.")


async def _read(receive: Receive, headers: dict[str, str], largest: int) -> bytes:
    _announced(headers, largest)
    parts: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(_BODY_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refused(400, "The request broke off.")
                parts.append(bytes(message.get("body", b"")))
                length += len(parts[-1])
                if length > largest:
                    raise Refused(413, f"More than {largest // 1024} kB at once.")
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        raise Refused(408, "The request took too long.") from None


def _replay(body: bytes, receive: Receive) -> Receive:
    left = [body]

    async def replayed() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replayed


async def _send_to_login(scope: Scope, headers: dict[str, str], send: Send) -> None:
    target = "/login?next=" + quote(scope["path"]) if scope["method"] == "GET" else "/login"
    if headers.get("hx-request") or "text/event-stream" in headers.get("accept", ""):
        await _answer(send, 401, "Sign in again.", [(b"hx-redirect", b"/login")])
    else:
        await _answer(send, 303, "Sign in.", [(b"location", target.encode())])


async def _answer(
    send: Send,
    status: int,
    text: str,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    body = text.encode()
    start = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*start, *(headers or [])]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _with_headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    extra = [pair for pair in _HEADERS if pair[0] not in present]
    if b"content-security-policy" not in present:
        extra.append((b"content-security-policy", CSP.format(nonce="").encode()))
    if b"cache-control" not in present:
        extra.append((b"cache-control", b"no-store"))
    return [*headers, *extra]
