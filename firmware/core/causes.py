"""Why a leg ended: the ITU-T Q.850 cause values this firmware tells apart, and who hung up.

Each technology translates its own words (SIP status codes, AT result codes) into these and back.
"""

from __future__ import annotations

import enum


class Cause(enum.IntEnum):
    """Q.850 cause values (ITU-T Q.850, table 1)."""

    UNALLOCATED_NUMBER = 1
    NORMAL = 16
    BUSY = 17
    NO_USER_RESPONDING = 18
    NO_ANSWER = 19
    SUBSCRIBER_ABSENT = 20
    REJECTED = 21
    NUMBER_CHANGED = 22
    ANSWERED_ELSEWHERE = 26
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_NUMBER = 28
    FACILITY_REJECTED = 29
    UNSPECIFIED = 31
    NO_CIRCUIT = 34
    NETWORK_OUT_OF_ORDER = 38
    TEMPORARY_FAILURE = 41
    CONGESTION = 42
    NOT_PERMITTED = 57
    BEARER_NOT_AVAILABLE = 58
    NOT_IMPLEMENTED = 79
    INCOMPATIBLE = 88
    TIMER_EXPIRED = 102
    PROTOCOL_ERROR = 111
    INTERWORKING = 127


class Side(enum.StrEnum):
    """Who brought something about, seen from the leg."""

    THEM = "them"
    """The party at the other end of the leg's wire."""
    US = "us"
    """The switchboard: a script, a rule, an administrator."""
    WIRE = "wire"
    """Neither: the modem vanished, the phone stopped answering, a process died."""
