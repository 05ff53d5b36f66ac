"""Where each phone can be reached: the registrar (RFC 3261 §10.3, RFC 5626). Sans-IO; the caller is
authenticated.

A binding keeps the flow its REGISTER came on: calls to the phone go out on exactly that path, whatever
its Contact says. A phone is the same one again when its instance id and reg-id say so (RFC 5626 §6); without
them a phone that restarts under a random new contact user replaces its old binding, because both came from
the same address.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from extensions.accounts import Account
from extensions.sip.compose import new_tag
from extensions.sip.errors import MalformedMessage
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.params import param, unquote
from extensions.sip.uri import SipUri

# Bounds of a binding's life in seconds. Below a minute phones only make load; beyond an hour a phone that
# was unplugged would be rung for too long.
MIN_EXPIRES_S = 60
MAX_EXPIRES_S = 3600
DEFAULT_EXPIRES_S = 600
# Most phones of one extension; one more replaces the oldest.
MAX_BINDINGS = 8
# Most contacts of one request.
_MAX_CONTACTS = 8
# Longest instance id kept: a urn:uuid is 45 characters.
_MAX_INSTANCE = 100


class Binding(msgspec.Struct, frozen=True):
    """One phone of an extension."""

    extension: str
    account: str
    """The user name it registered with."""
    contact: str
    """The URI to put into requests to the phone."""
    flow: Flow
    registered_at: float
    """On the monotonic clock, in seconds; likewise `expires_at`."""
    expires_at: float
    call_id: str
    cseq: int
    user_agent: str = ""
    instance: str = ""
    """The phone's instance id with its reg-id; empty when it has none."""


class Registrar:
    """All bindings. `now` is on one monotonic clock throughout."""

    def __init__(self) -> None:
        self.first_registered_at: float | None = None
        """When the first binding was made since the start; None before that."""
        self._bindings: dict[str, list[Binding]] = {}

    def bindings(self, extension: str, now: float) -> list[Binding]:
        """Return the live bindings of an extension, the most recent first."""
        live = [binding for binding in self._bindings.get(extension, ()) if binding.expires_at > now]
        if len(live) < 2:
            return live
        return sorted(live, key=lambda binding: binding.registered_at, reverse=True)

    def all(self, now: float) -> list[Binding]:
        return [binding for extension in sorted(self._bindings) for binding in self.bindings(extension, now)]

    def flow_closed(self, flow: Flow) -> None:
        """Forget what was registered over a connection that is gone: nothing can reach it."""
        for extension, bindings in list(self._bindings.items()):
            self._store(extension, [binding for binding in bindings if binding.flow != flow])

    def keep_only(self, wanted: Callable[[Binding], bool]) -> None:
        """Forget the phones that are no longer wanted: an account was removed."""
        for extension, bindings in list(self._bindings.items()):
            self._store(extension, [binding for binding in bindings if wanted(binding)])

    def register(self, request: Request, account: Account, flow: Flow, now: float) -> Response:
        """Carry out a device's REGISTER; all of it or, on a fault, nothing (§10.3 step 7)."""
        try:
            return self._register(request, account, flow, now)
        except MalformedMessage:
            return respond_to(request, 400, tag=new_tag())

    def _register(self, request: Request, account: Account, flow: Flow, now: float) -> Response:
        extension = account.extension
        known = self.bindings(extension, now)[::-1]
        # A device rules over its own bindings; those of the same person's other devices are none of its
        # business.
        others = [binding for binding in known if binding.account != account.user]
        bindings = [binding for binding in known if binding.account == account.user]
        items = request.headers.items("contact")
        if any(
            old.call_id == request.call_id and old.cseq >= request.cseq.number for old in bindings if items
        ):
            # Overtaken by a later request of the same phone (§10.3 step 7).
            return respond_to(request, 500, tag=new_tag())
        if "*" in items:
            if len(items) > 1 or request.headers.get("expires") != "0":
                raise MalformedMessage("a wildcard with something else")
            self._store(extension, others)
            return self._list(request, account, now)
        if len(items) > _MAX_CONTACTS:
            raise MalformedMessage("too many contacts")
        for contact in request.contacts():
            seconds = _expires_of(request, contact)
            if 0 < seconds < MIN_EXPIRES_S:
                brief = respond_to(request, 423, tag=new_tag())
                brief.headers.set("min-expires", str(MIN_EXPIRES_S))
                return brief
            bindings = _replace(bindings, contact, request, flow)
            if seconds:
                bindings.append(_bind(account, contact, request, flow, now, seconds))
                if self.first_registered_at is None:
                    self.first_registered_at = now
        self._store(extension, [*others, *bindings][-MAX_BINDINGS:])
        return self._list(request, account, now)

    def _store(self, extension: str, bindings: list[Binding]) -> None:
        if bindings:
            self._bindings[extension] = bindings
        else:
            self._bindings.pop(extension, None)

    def _list(self, request: Request, account: Account, now: float) -> Response:
        response = respond_to(request, 200, tag=new_tag())
        bindings = [
            binding for binding in self.bindings(account.extension, now) if binding.account == account.user
        ]
        if any(binding.instance for binding in bindings):
            response.headers.set("supported", "outbound")
            if "outbound" in request.headers.tokens("supported"):
                response.headers.set("require", "outbound")
        response.headers.set_lines(
            "contact",
            [
                f"<{binding.contact}>;expires={max(0, round(binding.expires_at - now))}"
                for binding in bindings
            ],
        )
        return response


def _bind(
    account: Account, contact: NameAddr, request: Request, flow: Flow, now: float, seconds: int
) -> Binding:
    agent = (request.headers.get("user-agent") or "")[:80]
    printable = "".join(char for char in agent if char.isprintable())
    return Binding(
        account.extension, account.user, contact.uri, flow, now, now + seconds, request.call_id,
        request.cseq.number, printable, _instance_of(contact),
    )  # fmt: skip


def _instance_of(contact: NameAddr) -> str:
    """Return what makes a phone the same one again, whatever its address (RFC 5626 §4.1, §6)."""
    instance = unquote(param(contact.params, "+sip.instance") or "")[:_MAX_INSTANCE]
    return f"{instance};{param(contact.params, 'reg-id') or '0'}" if instance else ""


def _replace(bindings: list[Binding], contact: NameAddr, request: Request, flow: Flow) -> list[Binding]:
    """Return the bindings without those the contact supersedes: the same one, or its phone's earlier life."""
    address, instance = contact.sip_uri.address, _instance_of(contact)
    if instance:
        return [old for old in bindings if old.instance != instance and _address_of(old) != address]
    return [
        old
        for old in bindings
        if _address_of(old) != address and (old.flow != flow or old.call_id == request.call_id)
    ]


def _address_of(binding: Binding) -> tuple[str, str | None, str, int]:
    return SipUri.parse(binding.contact).address


def _expires_of(request: Request, contact: NameAddr) -> int:
    """Return the seconds asked for a contact, cut to the maximum; unreadable is the default (§20.19)."""
    text = param(contact.params, "expires") or request.headers.get("expires")
    if text is None or not (text.isascii() and text.isdigit()):
        return DEFAULT_EXPIRES_S
    return min(int(text[:12]), MAX_EXPIRES_S)
