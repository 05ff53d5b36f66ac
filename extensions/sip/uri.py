"""SIP URIs (RFC 3261 §19.1): `sip:user:password@host:port;params?headers`."""

from __future__ import annotations

import functools
import re
from urllib.parse import quote as percent_encode
from urllib.parse import unquote as percent_decode

import msgspec

from extensions.sip.errors import MalformedMessage
from extensions.sip.params import Params, format_params, param, parse_params

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")
# Wider than RFC 3261's hostname: names with `_` are on real LANs. No blanks, no delimiters.
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)\Z")
_BAD_IN_URI = re.compile(r"[\x00-\x20\x7f<>\"]")
# Left unescaped in the user part (RFC 3261 §25.1: unreserved and user-unreserved).
_USER_SAFE = "-_.!~*'()&=+$,;?/"


class SipUri(msgspec.Struct, frozen=True):
    """One parsed `sip:` or `sips:` URI."""

    scheme: str
    user: str | None
    """With percent-escapes undone; None when the URI names a host only."""
    host: str
    port: int | None = None
    password: str | None = None
    params: Params = ()
    headers: str = ""
    """What follows `?`, as written."""

    @staticmethod
    def parse(text: str) -> SipUri:
        """Parse a URI.

        Raises:
            MalformedMessage: It is no `sip:` or `sips:` URI.
        """
        return _parse_again(text) if len(text) <= _REMEMBER_UP_TO else _parse(text)

    def __str__(self) -> str:
        user = ""
        if self.user is not None:
            password = "" if self.password is None else f":{self.password}"
            user = f"{percent_encode(self.user, safe=_USER_SAFE)}{password}@"
        port = "" if self.port is None else f":{self.port}"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{self.host}{port}{format_params(self.params)}{headers}"

    @property
    def transport(self) -> str | None:
        """The `transport` parameter in lower case (phones write it in capitals, too)."""
        value = param(self.params, "transport")
        return None if value is None else value.lower()

    @property
    def address(self) -> tuple[str, str | None, str, int]:
        """What makes two URIs the same contact: scheme, user, host, port (RFC 3261 §19.1.4, shortened)."""
        default = 5061 if self.scheme == "sips" else 5060
        return self.scheme, self.user, self.host.lower(), self.port or default


def _parse(text: str) -> SipUri:
    if _BAD_IN_URI.search(text):
        raise MalformedMessage("a blank or delimiter in a URI")
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in ("sip", "sips"):
        raise MalformedMessage(f"not a sip URI: {text[:40]!r}")
    userinfo, at, hostpart = rest.rpartition("@")
    user: str | None = None
    password: str | None = None
    if at:
        raw_user, has_password, raw_password = userinfo.partition(":")
        user = percent_decode(raw_user)
        password = raw_password if has_password else None
    hostpart, _, headers = hostpart.partition("?")
    hostport, semicolon, raw_params = hostpart.partition(";")
    host, port = parse_host_port(hostport)
    params = parse_params(raw_params) if semicolon else ()
    return SipUri(scheme, user, host, port, password, params, headers)


# URIs of this length at most are remembered as parsed: a phone's is the same in every message.
_REMEMBER_UP_TO = 200
_REMEMBERED = 4096
_parse_again = functools.lru_cache(_REMEMBERED)(_parse)


def scheme_of(text: str) -> str:
    """Return a URI's scheme in lower case; `""` when it has none."""
    scheme, colon, _ = text.partition(":")
    return scheme.lower() if colon and _SCHEME.match(scheme) else ""


def parse_host_port(text: str) -> tuple[str, int | None]:
    """Parse `host`, `host:port`, `[v6]` or `[v6]:port`; blanks around the colon are allowed (RFC 4475).

    Raises:
        MalformedMessage: Not a host, or a port beyond 65535.
    """
    text = text.strip()
    if text.startswith("["):
        end = text.find("]") + 1
        host, rest = text[:end], text[end:].strip()
        if rest and not rest.startswith(":"):
            raise MalformedMessage("rubbish after an IPv6 address")
        colon, port_text = rest[:1], rest[1:].strip()
    else:
        host, colon, port_text = text.partition(":")
        host, port_text = host.strip(), port_text.strip()
    if not _HOST.match(host):
        raise MalformedMessage(f"not a host: {host[:40]!r}")
    if not colon:
        return host, None
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) <= 5 and int(port_text) < 65536):
        raise MalformedMessage(f"not a port: {port_text[:20]!r}")
    return host, int(port_text)
