"""What happened, in SIP's words and in Q.850's: both ways, by the table of the reference and RFC 3398."""

from __future__ import annotations

import pytest

from extensions.sip.causes import cause_of, reason_of, status_of
from extensions.sip.headers import Reason
from firmware.core.causes import Cause


@pytest.mark.parametrize(
    ("situation", "status", "cause"),
    [
        ("busy", 486, Cause.BUSY),
        ("busy everywhere", 600, Cause.BUSY),
        ("not available now", 480, Cause.NO_USER_RESPONDING),
        ("does not respond", 408, Cause.NO_USER_RESPONDING),
        ("declined", 603, Cause.REJECTED),
        ("forbidden", 403, Cause.REJECTED),
        ("must authenticate", 401, Cause.REJECTED),
        ("must authenticate at the proxy", 407, Cause.REJECTED),
        ("unknown user", 404, Cause.UNALLOCATED_NUMBER),
        ("unknown anywhere", 604, Cause.UNALLOCATED_NUMBER),
        ("ambiguous", 485, Cause.UNALLOCATED_NUMBER),
        ("gone", 410, Cause.NUMBER_CHANGED),
        ("incomplete", 484, Cause.INVALID_NUMBER),
        ("cancelled", 487, Cause.NORMAL),
        ("no codec", 488, Cause.INCOMPATIBLE),
        ("no codec anywhere", 606, Cause.INCOMPATIBLE),
        ("not implemented", 501, Cause.NOT_IMPLEMENTED),
        ("unknown media", 415, Cause.NOT_IMPLEMENTED),
        ("overloaded", 503, Cause.TEMPORARY_FAILURE),
        ("broken", 500, Cause.TEMPORARY_FAILURE),
        ("gateway broken", 502, Cause.NETWORK_OUT_OF_ORDER),
        ("server time-out", 504, Cause.TIMER_EXPIRED),
        ("a status of the future, by its class", 499, Cause.INTERWORKING),
        ("a redirection nobody follows", 302, Cause.INTERWORKING),
    ],
)
def test_what_a_phone_answers(situation: str, status: int, cause: Cause) -> None:
    assert cause_of(status, None) is cause, situation


@pytest.mark.parametrize(
    ("situation", "cause", "status"),
    [
        ("busy", Cause.BUSY, 486),
        ("nobody answers", Cause.NO_ANSWER, 480),
        ("nobody responds", Cause.NO_USER_RESPONDING, 480),
        ("not registered", Cause.SUBSCRIBER_ABSENT, 480),
        ("declined", Cause.REJECTED, 603),
        ("no such number", Cause.UNALLOCATED_NUMBER, 404),
        ("number changed", Cause.NUMBER_CHANGED, 410),
        ("out of order", Cause.DESTINATION_OUT_OF_ORDER, 502),
        ("incomplete", Cause.INVALID_NUMBER, 484),
        ("facility rejected", Cause.FACILITY_REJECTED, 501),
        ("all lines busy", Cause.NO_CIRCUIT, 503),
        ("network down", Cause.NETWORK_OUT_OF_ORDER, 503),
        ("failure", Cause.TEMPORARY_FAILURE, 503),
        ("congestion", Cause.CONGESTION, 503),
        ("not permitted", Cause.NOT_PERMITTED, 403),
        ("no channel", Cause.BEARER_NOT_AVAILABLE, 503),
        ("not implemented", Cause.NOT_IMPLEMENTED, 501),
        ("incompatible", Cause.INCOMPATIBLE, 488),
        ("timer", Cause.TIMER_EXPIRED, 504),
        ("protocol error", Cause.PROTOCOL_ERROR, 500),
        ("interworking", Cause.INTERWORKING, 500),
    ],
)
def test_what_a_caller_is_told(situation: str, cause: Cause, status: int) -> None:
    assert status_of(cause) == status, situation
    # The Reason header carries what the status can't.
    assert reason_of(cause) == Reason("Q.850", cause.value)


@pytest.mark.parametrize("cause", list(Cause), ids=lambda cause: cause.name)
def test_a_cause_survives_the_way_to_a_phone_and_back(cause: Cause) -> None:
    assert cause_of(status_of(cause), Reason.parse(str(reason_of(cause)))) is cause


def test_answered_elsewhere_is_told_from_given_up() -> None:
    assert cause_of(None, Reason("SIP", 200, "Call completed elsewhere")) is Cause.ANSWERED_ELSEWHERE
    assert cause_of(None, None) is Cause.NORMAL


def test_every_cause_has_a_status_and_every_status_a_cause() -> None:
    assert all(400 <= status_of(cause) < 700 for cause in Cause)
    assert all(isinstance(cause_of(status, None), Cause) for status in range(300, 700))
    assert cause_of(503, Reason("Q.850", 34)) is Cause.NO_CIRCUIT
    assert cause_of(503, Reason("Q.850", 99)) is Cause.UNSPECIFIED
    assert cause_of(None, None) is Cause.NORMAL
    assert str(reason_of(Cause.BUSY)) == "Q.850;cause=17"
