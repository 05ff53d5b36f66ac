"""The gate before every page: nothing behind it has to think of hosts, sessions, forgery or sizes.

request ─► known host? ─► body small enough? ─► signed in, or a public page? ─► from our own page? ─► handler
                                                                                 └ token of the session
response ◄─ security headers on everything, no exception
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from web_admin.security.sessions import Session, Sessions

COOKIE = "zongji"

# ASGI 3.0, the specification's own words.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 128 * 1024
"""Bytes: the largest form is a pasted list of people."""

PUBLIC = ("/login", "/welcome", "/static/", "/language/", "/provision/", "/healthz")
"""Beginnings of paths that need no session."""

NO_TOKEN = ("/login", "/welcome")
"""Forms that come before there is a session; the browser's word on where they come from must do."""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

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

_SAFE = {"GET", "HEAD", "OPTIONS"}


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
        names: Host names this box answers to, besides addresses and local names.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions, names: frozenset[str]) -> None:
        self._app = app
        self._sessions = sessions
        self._names = names

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
            if not is_our_host(headers.get("host", ""), self._names):
                raise Refused(421, "This box does not go by that name; use its address.")
            session = self._session(headers.get("cookie", ""))
            scope.setdefault("state", {})["session"] = session
            path = scope["path"]
            if session is None and not path.startswith(PUBLIC):
                await _send_to_login(scope, headers, guarded)
                return
            if scope["method"] not in _SAFE:
                _check_origin(headers)
                body = await _read(receive, headers)
                if session is not None and not path.startswith(NO_TOKEN):
                    _check_token(session, headers, body)
                receive = _replay(body, receive)
            await self._app(scope, receive, guarded)
        except Refused as refused:
            await _answer(guarded, refused.status, str(refused))

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
    if not given and headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        try:
            given = parse_qs(body.decode(), max_num_fields=2000).get("csrf", [""])[0]
        except (ValueError, UnicodeDecodeError):
            raise Refused(400, "That form can't be read.") from None
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise Refused(403, "That form is out of date; go back, reload the page, and send it again.")


async def _read(receive: Receive, headers: dict[str, str]) -> bytes:
    announced = headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > MAX_BODY:
        raise Refused(413, f"More than {MAX_BODY // 1024} kB at once.")
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "The request broke off.")
        body += bytes(message.get("body", b""))
        if len(body) > MAX_BODY:
            raise Refused(413, f"More than {MAX_BODY // 1024} kB at once.")
        if not message.get("more_body"):
            return body


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
