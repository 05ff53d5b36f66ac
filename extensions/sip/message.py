"""SIP messages as bytes and as objects (RFC 3261 §7). Parsing is not validating: see `validate.py`.

    datagram ──parse_message──► Request | Response
                                   ├─ start line
                                   ├─ headers: name → values as written, interpreted when asked for
                                   └─ body: bytes, cut to Content-Length

Bytes that are not UTF-8 survive a round trip (surrogateescape).
"""

from __future__ import annotations

import abc
import re
from collections.abc import Callable, Iterator, KeysView
from typing import Any, Generic, TypeVar, overload

from extensions.sip.errors import MalformedMessage, TooLarge
from extensions.sip.headers import CSeq, NameAddr, Via
from extensions.sip.params import split_outside_quotes

# Largest message taken, in bytes: eight times a real INVITE with long routes and SDP (2-4 kB), and
# less than the most a UDP datagram can carry.
MAX_MESSAGE = 32_768
# Largest header part, in bytes. 16 kB leaves room for long routes and certificates' identities.
MAX_HEAD = 16_384
# Most header lines. RFC 4475's longest legal torture message has 40.
MAX_HEADERS = 200

_COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported",
    "l": "content-length", "m": "contact", "n": "identity-info", "o": "event", "r": "refer-to",
    "s": "subject", "t": "to", "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}  # fmt: skip

# How a name is written when `str.title` would get it wrong.
_SPELLING = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "www-authenticate": "WWW-Authenticate",
    "mime-version": "MIME-Version",
    "rseq": "RSeq",
    "rack": "RAck",
    "min-se": "Min-SE",
}
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z")
_FOLD = re.compile(rb"[ \t]*\r?\n[ \t]+")
# Header names as they are written, read once; phones use some dozens, rubbish must not fill the memory.
_NAMES: dict[str, str] = {}
_MOST_NAMES = 1000


class _Spelled(dict[str, str]):
    """How names are written, by the lower-case name; found out once."""

    def __missing__(self, name: str) -> str:
        spelled = _SPELLING.get(name) or name.title()
        if len(self) < _MOST_NAMES:
            self[name] = spelled
        return spelled


_SPELLED = _Spelled()


class Headers:
    """Header values by lower-case long name, in the order they came; values as written."""

    __slots__ = ("_values",)

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self.add(name, value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for name, values in self._values.items():
            for value in values:
                yield name, value

    def get(self, name: str) -> str | None:
        """Return the first value, as written."""
        values = self._values.get(name)
        return values[0] if values else None

    def names(self) -> KeysView[str]:
        """Return the names of all headers there are."""
        return self._values.keys()

    def repeated(self) -> list[str]:
        """Return the names of headers that have more than one line."""
        if sum(map(len, self._values.values())) == len(self._values):
            return []
        return [name for name, values in self._values.items() if len(values) > 1]

    def lines(self, name: str) -> list[str]:
        """Return every line of a header, as written."""
        return list(self._values.get(name, ()))

    def items(self, name: str) -> list[str]:
        """Return every element of a comma-separated header, over all its lines; empty ones dropped."""
        found: list[str] = []
        for line in self._values.get(name, ()):
            found += [item for item in split_outside_quotes(line, ",") if item]
        return found

    def tokens(self, name: str) -> list[str]:
        """Return the elements of a list of tokens, in lower case."""
        return [item.lower() for item in self.items(name)]

    def add(self, name: str, value: str) -> None:
        """Append one line."""
        self._values.setdefault(name, []).append(value)

    def set(self, name: str, value: str) -> None:
        """Replace all lines by one."""
        self._values[name] = [value]

    def set_lines(self, name: str, values: list[str]) -> None:
        """Replace all lines; none removes the header."""
        if values:
            self._values[name] = list(values)
        else:
            self._values.pop(name, None)

    def copy(self) -> Headers:
        other = Headers()
        other._values = {name: list(values) for name, values in self._values.items()}
        return other

    def wire_lines(self) -> list[str]:
        """Return the wire form of every header but Content-Length."""
        return [
            f"{_SPELLED[name]}: {value}"
            for name, values in self._values.items()
            if name != "content-length"
            for value in values
        ]


Read = TypeVar("Read")


class _ReadOnce(Generic[Read]):
    """A property computed at its first use and kept in the instance: `functools.cached_property` without
    the lock that Python 3.11's takes each time."""

    def __init__(self, read: Callable[[Any], Read]) -> None:
        self._read = read
        self._name = read.__name__
        self.__doc__ = read.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> _ReadOnce[Read]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Read: ...
    def __get__(self, instance: object | None, owner: type) -> _ReadOnce[Read] | Read:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._read(instance)
        return value


class Message(abc.ABC):
    """What requests and responses share. The typed views are read once: change headers before, not after."""

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.headers = headers
        self.body = body

    @property
    @abc.abstractmethod
    def start_line(self) -> str:
        """The first line, without its end."""

    def encode(self) -> bytes:
        lines = [self.start_line, *self.headers.wire_lines(), f"Content-Length: {len(self.body)}\r\n\r\n"]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body

    @_ReadOnce
    def via(self) -> Via:
        """The topmost Via.

        Raises:
            MalformedMessage: Missing or broken; likewise for the other typed headers below.
        """
        return Via.parse(self._first_item("via"))

    @_ReadOnce
    def cseq(self) -> CSeq:
        return CSeq.parse(self._only("cseq"))

    @_ReadOnce
    def from_(self) -> NameAddr:
        return NameAddr.parse(self._only("from"))

    @_ReadOnce
    def to(self) -> NameAddr:
        return NameAddr.parse(self._only("to"))

    @_ReadOnce
    def call_id(self) -> str:
        return self._only("call-id")

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; `""` without one."""
        return (self.headers.get("content-type") or "").partition(";")[0].strip().lower()

    def contacts(self) -> list[NameAddr]:
        """Return the parsed contacts.

        Raises:
            MalformedMessage: One is broken.
        """
        return [NameAddr.parse(item) for item in self.headers.items("contact")]

    def _only(self, name: str) -> str:
        lines = self.headers._values.get(name)
        if not lines:
            raise MalformedMessage(f"no {name}")
        return lines[0]

    def _first_item(self, name: str) -> str:
        line = self._only(name)
        return split_outside_quotes(line, ",")[0] if "," in line else line


class Request(Message):
    def __init__(self, method: str, uri: str, headers: Headers | None = None, body: bytes = b"") -> None:
        super().__init__(headers or Headers(), body)
        self.method = method
        self.uri = uri
        self.version = "SIP/2.0"

    def __repr__(self) -> str:
        return f"<{self.method} {self.uri}>"

    def replace_via(self, via: Via) -> None:
        """Put `via` in place of the topmost one."""
        lines = self.headers.lines("via")
        rest = split_outside_quotes(lines[0], ",")[1:]
        self.headers.set_lines("via", [str(via), *rest, *lines[1:]])
        self.via = via

    @property
    def start_line(self) -> str:
        return f"{self.method} {self.uri} {self.version}"


class Response(Message):
    def __init__(self, status: int, reason: str, headers: Headers | None = None, body: bytes = b"") -> None:
        super().__init__(headers or Headers(), body)
        self.status = status
        self.reason = reason

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason}>"

    @property
    def start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"


def parse_message(data: bytes) -> Request | Response:
    """Parse one message; bytes after Content-Length are dropped, as they must be on UDP (§18.3).

    Raises:
        TooLarge: Beyond a limit.
        MalformedMessage: Not a SIP message.
    """
    if len(data) > MAX_MESSAGE:
        raise TooLarge(f"{len(data)} bytes")
    start, headers, body = _split(data)
    length = headers.get("content-length")
    if length is not None:
        if not (length.isascii() and length.isdigit() and len(length) < 10):
            raise MalformedMessage("not a Content-Length")
        if int(length) > len(body):
            raise MalformedMessage("the body is shorter than Content-Length")
        body = body[: int(length)]
    return _parse_start(start, headers, body)


def parse_head(data: bytes) -> Request | Response:
    """Parse start line and headers of a message whose body is not wanted; raises as `parse_message`."""
    start, headers, _ = _split(data)
    return _parse_start(start, headers, b"")


def _split(data: bytes) -> tuple[str, Headers, bytes]:
    """Return the start line, the headers, and all that follows them."""
    if data[:1] in (b"\r", b"\n"):
        data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n")
    if end < 0:
        raise TooLarge("endless header") if len(data) > MAX_HEAD else MalformedMessage("no end of the header")
    if end > MAX_HEAD:
        raise TooLarge(f"a header of {end} bytes")
    head, body = data[:end], data[end + 4 :]
    if b"\r\n " in head or b"\r\n\t" in head:
        head = _FOLD.sub(b" ", head)
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    if len(lines) > MAX_HEADERS + 1:
        raise TooLarge(f"{len(lines) - 1} headers")
    return lines[0], _parse_headers(lines), body


def _parse_headers(lines: list[str]) -> Headers:
    headers = Headers()
    values = headers._values
    for line in lines[1:]:
        written, colon, value = line.partition(":")
        name = _NAMES.get(written)
        if name is None or not colon:
            name = written.rstrip(" \t").lower()
            if not colon or not _TOKEN.match(name):
                raise MalformedMessage(f"not a header: {line[:40]!r}")
            name = _COMPACT.get(name, name)
            if len(_NAMES) < _MOST_NAMES:
                _NAMES[written] = name
        known = values.get(name)
        if known is None:
            values[name] = [value.strip(" \t")]
        else:
            known.append(value.strip(" \t"))
    return headers


def _parse_start(line: str, headers: Headers, body: bytes) -> Request | Response:
    if line[:4].upper() == "SIP/":
        version, _, rest = line.partition(" ")
        code, _, reason = rest.partition(" ")
        if version.upper() != "SIP/2.0" or not (len(code) == 3 and code.isascii() and code.isdigit()):
            raise MalformedMessage(f"not a status line: {line[:40]!r}")
        if not 100 <= int(code) <= 699:
            raise MalformedMessage(f"no such status: {code}")
        return Response(int(code), reason, headers, body)
    fields = line.split(" ")
    if len(fields) != 3 or not _TOKEN.match(fields[0]) or not fields[1] or fields[2][:4].upper() != "SIP/":
        raise MalformedMessage(f"not a request line: {line[:40]!r}")
    request = Request(fields[0], fields[1], headers, body)
    request.version = fields[2].upper()
    return request


def respond_to(request: Request, status: int, reason: str = "", *, tag: str | None = None) -> Response:
    """Make a response with the headers §8.2.6.2 wants copied.

    Args:
        request: What is answered; its topmost Via must hold `received` and `rport` already.
        status: 100 … 699.
        reason: The phrase; the standard's when empty.
        tag: Put on To unless it has one; none for 100.
    """
    headers = Headers()
    for name in ("via", "from", "call-id", "cseq"):
        headers.set_lines(name, request.headers.lines(name))
    to = request.headers.get("to") or ""
    if tag is not None and not _has_tag(request):
        to = f"{to};tag={tag}"
    headers.set("to", to)
    if 100 < status < 300 and "record-route" in request.headers:
        headers.set_lines("record-route", request.headers.lines("record-route"))
    return Response(status, reason or REASONS.get(status, "Unknown"), headers)


def _has_tag(request: Request) -> bool:
    try:
        return request.to.tag is not None
    except MalformedMessage:
        return False


# Phrases of the statuses this firmware sends or names in records (RFC 3261 §21).
REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 183: "Session Progress", 200: "OK",
    202: "Accepted", 302: "Moved Temporarily", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
    408: "Request Timeout", 410: "Gone", 413: "Request Entity Too Large", 415: "Unsupported Media Type",
    416: "Unsupported URI Scheme", 420: "Bad Extension", 421: "Extension Required",
    422: "Session Interval Too Small", 423: "Interval Too Brief", 439: "First Hop Lacks Outbound Support",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
    483: "Too Many Hops", 484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    500: "Server Internal Error", 501: "Not Implemented",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Server Time-out", 505: "Version Not Supported",
    513: "Message Too Large", 600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}  # fmt: skip
