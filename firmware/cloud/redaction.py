"""What the cloud may know of callers: everything, a pseudonym that still tells repeats, or nothing."""

from __future__ import annotations

import enum
import hashlib
import hmac
import re

import msgspec

from firmware.core.records import Journey

_LONG = re.compile(r"\+?[0-9][0-9 -]{5,}[0-9]")
"""What looks like a telephone number in a text; extensions and times are shorter."""


class Redaction(enum.StrEnum):
    NONE = "none"
    PSEUDONYM = "pseudonym"
    """The same caller has the same word at this site; nobody without the site's key can find the number."""
    REMOVE = "remove"


def redacted(journey: Journey, redaction: Redaction, key: str) -> Journey:
    """Return a copy of the journey with callers' numbers hidden, in its texts, too.

    Args:
        key: The site's secret, for pseudonyms.
    """
    if redaction is Redaction.NONE:
        return journey
    copy = msgspec.convert(msgspec.to_builtins(journey), Journey)
    identity = copy.caller_normalised or copy.caller

    def hidden(number: str | None) -> str | None:
        if number is None or len(number) <= 6:
            return number
        if redaction is Redaction.REMOVE:
            return None
        same = identity if number in (journey.caller, journey.caller_normalised) else number
        return "~" + hmac.new(key.encode(), (same or "").encode(), hashlib.sha256).hexdigest()[:16]

    def scrub(text: str) -> str:
        return _LONG.sub("•••", text)

    copy.caller, copy.caller_normalised = hidden(journey.caller), hidden(journey.caller_normalised)
    copy.called, copy.party = hidden(journey.called), hidden(journey.party)
    for leg in copy.legs:
        leg.number = hidden(leg.number)
        leg.detail = scrub(leg.detail)
    copy.timeline = [
        msgspec.structs.replace(
            entry, text=scrub(entry.text), said=entry.said.scrubbed(scrub) if entry.said else None
        )
        for entry in copy.timeline
    ]
    for transfer in copy.transfers:
        transfer.to, transfer.detail = hidden(transfer.to) or "", scrub(transfer.detail)
    for note in copy.notes:
        note.text = scrub(note.text)
    for ring in copy.rings:
        ring.target, ring.reason = hidden(ring.target) or "", scrub(ring.reason)
    return copy
