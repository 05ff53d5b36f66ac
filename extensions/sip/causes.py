"""SIP statuses and Q.850 causes, each way (RFC 3398 §7.2.4.1 and §8.2.6.1, with a desk phone's meanings).

Where RFC 3398 thinks of trunks, a phone's answer is read as its user meant it: 603 is "declined", 480 is
"not available now".
"""

from __future__ import annotations

from extensions.sip.headers import Reason
from firmware.core.causes import Cause

_STATUS_OF: dict[Cause, int] = {
    Cause.UNALLOCATED_NUMBER: 404,
    Cause.NORMAL: 480,
    Cause.BUSY: 486,
    Cause.NO_USER_RESPONDING: 480,
    Cause.NO_ANSWER: 480,
    Cause.SUBSCRIBER_ABSENT: 480,
    Cause.REJECTED: 603,
    Cause.NUMBER_CHANGED: 410,
    Cause.ANSWERED_ELSEWHERE: 480,
    Cause.DESTINATION_OUT_OF_ORDER: 502,
    Cause.INVALID_NUMBER: 484,
    Cause.FACILITY_REJECTED: 501,
    Cause.UNSPECIFIED: 480,
    Cause.NO_CIRCUIT: 503,
    Cause.NETWORK_OUT_OF_ORDER: 503,
    Cause.TEMPORARY_FAILURE: 503,
    Cause.CONGESTION: 503,
    Cause.NOT_PERMITTED: 403,
    Cause.BEARER_NOT_AVAILABLE: 503,
    Cause.NOT_IMPLEMENTED: 501,
    Cause.INCOMPATIBLE: 488,
    Cause.TIMER_EXPIRED: 504,
    Cause.PROTOCOL_ERROR: 500,
    Cause.INTERWORKING: 500,
}

_CAUSE_OF: dict[int, Cause] = {
    400: Cause.TEMPORARY_FAILURE,
    401: Cause.REJECTED,
    402: Cause.REJECTED,
    403: Cause.REJECTED,
    404: Cause.UNALLOCATED_NUMBER,
    406: Cause.NOT_IMPLEMENTED,
    407: Cause.REJECTED,
    408: Cause.NO_USER_RESPONDING,
    410: Cause.NUMBER_CHANGED,
    415: Cause.NOT_IMPLEMENTED,
    480: Cause.NO_USER_RESPONDING,
    484: Cause.INVALID_NUMBER,
    485: Cause.UNALLOCATED_NUMBER,
    486: Cause.BUSY,
    487: Cause.NORMAL,
    488: Cause.INCOMPATIBLE,
    500: Cause.TEMPORARY_FAILURE,
    501: Cause.NOT_IMPLEMENTED,
    502: Cause.NETWORK_OUT_OF_ORDER,
    503: Cause.TEMPORARY_FAILURE,
    504: Cause.TIMER_EXPIRED,
    600: Cause.BUSY,
    603: Cause.REJECTED,
    604: Cause.UNALLOCATED_NUMBER,
    606: Cause.INCOMPATIBLE,
}
# By class, for statuses without an entry: 3xx can't be followed, 4xx and 5xx are interworking, 6xx refuse.
_CAUSE_OF_CLASS = {
    3: Cause.INTERWORKING,
    4: Cause.INTERWORKING,
    5: Cause.TEMPORARY_FAILURE,
    6: Cause.REJECTED,
}
_CAUSES = frozenset(Cause)


def status_of(cause: Cause) -> int:
    """Return the final response that refuses a call with a cause."""
    return _STATUS_OF[cause]


def reason_of(cause: Cause) -> Reason:
    """Return the Reason header that carries a cause (RFC 3326)."""
    return Reason("Q.850", cause.value)


def cause_of(status: int | None, reason: Reason | None) -> Cause:
    """Return the cause a peer gave: its Q.850 Reason when it has one we know, else by the status.

    Args:
        status: The final response; None for BYE and CANCEL, which are a normal end.
        reason: The peer's Reason header.
    """
    if reason is not None and reason.cause is not None:
        if reason.protocol == "Q.850":
            return Cause(reason.cause) if reason.cause in _CAUSES else Cause.UNSPECIFIED
        if reason.protocol == "SIP" and reason.cause == 200 and status is None:
            return Cause.ANSWERED_ELSEWHERE
    if status is None:
        return Cause.NORMAL
    return _CAUSE_OF.get(status) or _CAUSE_OF_CLASS.get(status // 100, Cause.UNSPECIFIED)
