"""Header values as frozen objects with `parse` and `str` (RFC 3261 §20)."""

from __future__ import annotations

import functools
import re

import msgspec

from extensions.sip.errors import MalformedMessage
from extensions.sip.params import (
    Params,
    format_params,
    param,
    parse_params,
    quote,
    unquote,
    with_param,
)
from extensions.sip.uri import SipUri, parse_host_port

_SENT = re.compile(r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9-]+)\s+(.+)\Z", re.IGNORECASE | re.DOTALL)
_CSEQ = re.compile(r"(\d{1,10})\s+([A-Za-z0-9.!%*_+`'~-]+)\Z", re.ASCII)
_DISPLAY = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^<"]*?)\s*<([^>]*)>(.*)\Z', re.DOTALL)
_AUTH_PARAM = r'\s*+([A-Za-z0-9_.!%*+`\'~-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^\s,"]++)\s*+(?:,|\Z)'
# Checked as a whole first: to look for parameters in rubbish takes the square of its length.
_AUTH_PARAMS = re.compile(f"(?:{_AUTH_PARAM})*+", re.DOTALL)
_EACH_AUTH_PARAM = re.compile(_AUTH_PARAM, re.DOTALL)

# Sequence numbers must be less than 2**31 (RFC 3261 §8.1.1.5).
CSEQ_LIMIT = 2**31


# Addresses of this length at most are remembered as parsed: those of a dialog come again in each message.
_REMEMBER_UP_TO = 200
_REMEMBERED = 4096


class Via(msgspec.Struct, frozen=True):
    """One hop: who sent the request and where the response goes (§20.42, RFC 3581)."""

    transport: str
    """`UDP`, `TCP`, …, in capitals."""
    host: str
    port: int | None
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> Via:
        sent, semicolon, params = text.partition(";")
        parse_sent = _parse_sent_again if len(sent) <= _REMEMBER_UP_TO else _parse_sent
        transport, host, port = parse_sent(sent)
        return cls(transport, host, port, parse_params(params) if semicolon else ())

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{format_params(self.params)}"

    @property
    def branch(self) -> str:
        return param(self.params, "branch") or ""

    @property
    def wants_rport(self) -> bool:
        return param(self.params, "rport") is not None

    def over(self, transport: str) -> Via:
        """Return it for another transport, in capitals."""
        return Via(transport, self.host, self.port, self.params)

    def received_from(self, host: str, port: int) -> Via:
        """Return the Via with what the packet's source told (§18.2.1, RFC 3581 §4)."""
        params = self.params
        if self.wants_rport:
            params = with_param(params, "rport", str(port))
        if self.wants_rport or self.host != host:
            params = with_param(params, "received", host)
        return self if params is self.params else Via(self.transport, self.host, self.port, params)


def _parse_sent(text: str) -> tuple[str, str, int | None]:
    """Parse what stands before the parameters of a Via: transport, host and port."""
    match = _SENT.match(text.strip())
    if match is None:
        raise MalformedMessage(f"not a Via: {text[:60]!r}")
    host, port = parse_host_port(match[2])
    return match[1].upper(), host, port


_parse_sent_again = functools.lru_cache(_REMEMBERED)(_parse_sent)


class NameAddr(msgspec.Struct, frozen=True):
    """`"Name" <uri>;params`, the form of From, To, Contact and Route (§20.10, §20.20, §20.39)."""

    uri: str
    display: str = ""
    params: Params = ()

    @staticmethod
    def parse(text: str) -> NameAddr:
        return _parse_address_again(text) if len(text) <= _REMEMBER_UP_TO else _parse_address(text)

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{format_params(self.params)}"

    @property
    def tag(self) -> str | None:
        return param(self.params, "tag") or None

    @property
    def sip_uri(self) -> SipUri:
        """The parsed URI.

        Raises:
            MalformedMessage: It is of another scheme, or broken.
        """
        return SipUri.parse(self.uri)

    def tagged(self, tag: str) -> NameAddr:
        return NameAddr(self.uri, self.display, with_param(self.params, "tag", tag))


def _parse_address(text: str) -> NameAddr:
    if "<" in text:
        match = _DISPLAY.match(text)
        if match is None:
            raise MalformedMessage(f"not an address: {text[:60]!r}")
        rest = match[3].strip()
        if rest and not rest.startswith(";"):
            raise MalformedMessage(f"rubbish after an address: {rest[:40]!r}")
        return NameAddr(match[2].strip(), unquote(match[1].strip()), parse_params(rest))
    # Without brackets, whatever follows `;` belongs to the header, not to the URI (§20.10).
    uri, _, rest = text.strip().partition(";")
    uri = uri.strip()
    if not uri or '"' in uri or " " in uri:
        raise MalformedMessage(f"not an address: {text[:60]!r}")
    return NameAddr(uri, "", parse_params(rest))


_parse_address_again = functools.lru_cache(_REMEMBERED)(_parse_address)


class CSeq(msgspec.Struct, frozen=True):
    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        match = _CSEQ.match(text.strip())
        if match is None or int(match[1]) >= CSEQ_LIMIT:
            raise MalformedMessage(f"not a CSeq: {text[:40]!r}")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class Reason(msgspec.Struct, frozen=True):
    """Why a request was sent (RFC 3326): `Q.850;cause=17;text="User busy"`."""

    protocol: str
    cause: int | None = None
    text: str = ""

    @classmethod
    def parse(cls, value: str) -> Reason:
        protocol, _, rest = value.strip().partition(";")
        params = parse_params(rest)
        cause = param(params, "cause") or ""
        if not protocol:
            raise MalformedMessage("an empty Reason")
        known = cause.isascii() and cause.isdigit() and len(cause) < 5
        return cls(
            protocol.strip().upper(), int(cause) if known else None, unquote(param(params, "text") or "")
        )

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        text = f";text={quote(self.text)}" if self.text else ""
        return f"{self.protocol}{cause}{text}"


class Replaces(msgspec.Struct, frozen=True):
    """Which dialog a new call takes the place of (RFC 3891), as the one who receives it sees the tags."""

    call_id: str
    local_tag: str
    """`to-tag`: the receiver's."""
    remote_tag: str
    """`from-tag`: that of the receiver's peer."""
    early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> Replaces:
        call_id, _, rest = text.strip().partition(";")
        params = parse_params(rest)
        to_tag, from_tag = param(params, "to-tag"), param(params, "from-tag")
        if not call_id or " " in call_id or not to_tag or not from_tag:
            raise MalformedMessage("not a Replaces")
        return cls(call_id.strip(), to_tag, from_tag, param(params, "early-only") is not None)

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.local_tag};from-tag={self.remote_tag}{early}"


class AuthValue(msgspec.Struct, frozen=True):
    """A challenge or credentials: a scheme and `name=value` pairs between commas (§20.7, §20.44)."""

    scheme: str
    """In lower case."""
    params: dict[str, str]
    """Names in lower case; values without their quotes. Of several under one name the first."""

    @classmethod
    def parse(cls, text: str) -> AuthValue:
        scheme, _, rest = text.strip().partition(" ")
        rest = rest.strip()
        if _AUTH_PARAMS.fullmatch(rest) is None:
            raise MalformedMessage("broken authentication parameters")
        params: dict[str, str] = {}
        for name, value in _EACH_AUTH_PARAM.findall(rest):
            params.setdefault(name.lower(), unquote(value))
        return cls(scheme.lower(), params)

    def get(self, name: str) -> str | None:
        return self.params.get(name)


def first_reason(values: list[str]) -> Reason | None:
    """Return the Q.850 reason among the Reason values, else the first readable one (RFC 3326 §2)."""
    found: Reason | None = None
    for value in values:
        try:
            reason = Reason.parse(value)
        except MalformedMessage:
            continue
        if reason.protocol == "Q.850" and reason.cause is not None:
            return reason
        found = found or reason
    return found
