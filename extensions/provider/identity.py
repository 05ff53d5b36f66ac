"""Numbers in the headers of a provider's calls (RFC 3261, 3323, 3325, P-Called-Party-ID of RFC 7315)."""

from __future__ import annotations

from extensions.provider.account import CallerId, ProviderAccount
from extensions.sip.errors import MalformedMessage
from extensions.sip.headers import NameAddr
from extensions.sip.message import Request
from extensions.sip.uri import SipUri, scheme_of
from firmware.core.leg import Party

_DIALLED = "+0123456789*#"
_LONGEST = 32
# Shorter numbers are the office's own extensions, which have six digits at most.
_SHORTEST_OUTSIDE = 7


def number_in(uri: str) -> str | None:
    """Return the telephone number a sip or tel URI holds, digits and a leading `+` only; None without one."""
    if scheme_of(uri) == "tel":
        user = uri.partition(":")[2].partition(";")[0]
    else:
        try:
            user = (SipUri.parse(uri).user or "").partition(";")[0]
        except MalformedMessage:
            return None
    plain = "".join(char for char in user if char not in " -.()")
    is_number = plain and set(plain) <= set(_DIALLED) and "+" not in plain[1:] and len(plain) <= _LONGEST
    return plain if is_number else None


def caller_of(invite: Request) -> Party:
    """Return who calls: what the provider asserts counts more than what the caller says."""
    privacy = invite.headers.tokens("privacy")
    from_ = invite.from_
    for name in ("p-asserted-identity", "remote-party-id"):
        for value in invite.headers.items(name)[:2]:
            try:
                address = NameAddr.parse(value)
            except MalformedMessage:
                continue
            number = number_in(address.uri)
            if number is not None:
                hidden = "id" in privacy or "user" in privacy or "header" in privacy
                return Party(None if hidden else number, None if hidden else address.display or None, hidden)
    number = number_in(from_.uri)
    anonymous = "anonymous" in from_.uri.lower() or bool(privacy and "none" not in privacy)
    if anonymous or number is None:
        return Party(None, None, withheld=anonymous)
    return Party(number, from_.display or None)


def dialled_by(invite: Request, username: str) -> str:
    """Return which of our numbers was dialled; the account's username when the provider doesn't say."""
    called = invite.headers.get("p-called-party-id")
    candidates = [invite.uri]
    if called is not None:
        try:
            candidates.insert(0, NameAddr.parse(called).uri)
        except MalformedMessage:
            called = None
    candidates.append(invite.to.uri)
    for uri in candidates:
        number = number_in(uri)
        if number is not None and number != username:
            return number
    return username


def shown_as(account: ProviderAccount, caller: Party, domain: str) -> tuple[NameAddr, list[tuple[str, str]]]:
    """Return the From and the further headers that show `caller` as the provider wants it."""
    own = account.number or account.username
    if caller.number is None or len(caller.number) < _SHORTEST_OUTSIDE:
        # An extension's number means nothing outside, and its name is nobody's business there.
        caller = Party(own, withheld=caller.withheld)
    number = caller.number or own
    headers: list[tuple[str, str]] = []
    if caller.withheld:
        # Everybody else sees nothing; the provider bills the account (RFC 3323 §4.1, RFC 3325 §9.3).
        headers = [("privacy", "id"), ("p-asserted-identity", str(NameAddr(f"sip:{own}@{domain}")))]
        return NameAddr("sip:anonymous@anonymous.invalid", "Anonymous"), headers
    if account.caller_id is CallerId.FROM:
        return NameAddr(str(SipUri("sip", number, domain)), caller.name or ""), headers
    if account.caller_id is CallerId.ASSERTED:
        asserted = NameAddr(str(SipUri("sip", number, domain)), caller.name or "")
        headers.append(("p-asserted-identity", str(asserted)))
    return NameAddr(str(SipUri("sip", own, domain))), headers
