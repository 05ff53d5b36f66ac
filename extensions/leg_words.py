"""What SIP says of a leg, in call control's words, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Sequence

from extensions.sip.causes import cause_of
from extensions.sip.compose import bracketed
from extensions.sip.core import DTMF_RELAY_TYPE
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import CallEnded, CallInfo
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr
from extensions.sip.uri import SipUri
from firmware.core.causes import Cause, Side
from firmware.core.leg import Ending, Party

_SIGNAL = re.compile(rb"^\s*Signal\s*=\s*([0-9*#A-Da-d])\s*$", re.MULTILINE)
_DIGIT = re.compile(rb"\s*([0-9*#A-Da-d])\s*\Z")
# How telling a refusal is when several phones of one extension refused: a person's word counts most.
_TELLING = {Cause.REJECTED: 3, Cause.BUSY: 3, Cause.NO_USER_RESPONDING: 1}


# An answered call whose other end got lost: restarted without a word, or out of its proxy's reach.
_LOST = {481: Cause.DESTINATION_OUT_OF_ORDER, 408: Cause.TIMER_EXPIRED}


def ending_of(event: CallEnded, *, was_answered: bool) -> Ending:
    """Return how a call's end is told; silence before the answer means that nobody is there."""
    cause = cause_of(event.status, event.reason)
    if event.status is None and not event.by_peer and event.reason is None:
        cause = Cause.TIMER_EXPIRED if was_answered else Cause.NO_USER_RESPONDING
    elif event.status in _LOST and was_answered:
        cause = _LOST[event.status]
    detail = event.phrase if event.status is None else f"{event.status} {event.phrase}"
    redirected_to = user_of(event.redirected_to) if event.redirected_to else None
    return Ending(cause, Side.THEM if event.by_peer else Side.WIRE, detail, redirected_to)


def most_telling(refusals: Sequence[Ending]) -> Ending:
    """Return why an extension refused, of all the reasons its phones gave."""
    return max(refusals, key=lambda refusal: _TELLING.get(refusal.cause, 2))


def from_of(caller: Party, flow: Flow) -> NameAddr:
    """Return the From to show a phone; a withheld number is anonymous (RFC 3323 §4.1)."""
    if caller.withheld or not caller.number:
        return NameAddr("sip:anonymous@anonymous.invalid", caller.name or "Anonymous")
    uri = SipUri("sip", caller.number, bracketed(flow.local_host), flow.local_port)
    return NameAddr(str(uri), caller.name or "")


def user_of(uri: str) -> str | None:
    try:
        return SipUri.parse(uri).user
    except MalformedMessage:
        return None


def digit_of(event: CallInfo) -> str | None:
    pattern = _SIGNAL if event.content_type == DTMF_RELAY_TYPE else _DIGIT
    match = pattern.search(event.body) if pattern is _SIGNAL else pattern.match(event.body)
    return match[1].decode("ascii").upper() if match else None
