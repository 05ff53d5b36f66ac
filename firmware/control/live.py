"""Acting on running calls, and starting them: what the switchboard's page and the desk do.

{"do":"transfer","call":"01K8…","to":"102","by":"anna"}     whoever talks with the caller is let go
{"do":"place call","own":"101","to":"13800138000","by":"anna"}     101's phone rings first, then it dials
"""

from __future__ import annotations

import enum

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.ids import CallId


class TransferCall(BaseRequest, frozen=True, tag="transfer", kw_only=True):
    """Hand a conversation on to a number, as its phone would with a blind transfer."""

    call: str
    to: str
    by: str
    """Who asks, for the trace."""


class ParkCall(BaseRequest, frozen=True, tag="park", kw_only=True):
    """Put a caller into a free parking slot; the phone that talked with it hears which."""

    call: str
    by: str


class HangUpCall(BaseRequest, frozen=True, tag="hang up", kw_only=True):
    """End a call."""

    call: str
    by: str


class PlaceCall(BaseRequest, frozen=True, tag="place call", kw_only=True):
    """Ring somebody's phone and, once it is answered, dial a number for it, within its own rights."""

    own: str
    """Whose phone."""
    to: str
    by: str


class Mode(enum.StrEnum):
    LISTEN = "listen"
    WHISPER = "whisper"
    """Heard by the office's side only."""
    BARGE = "barge"
    """Heard by both."""


class ListenIn(BaseRequest, frozen=True, tag="listen in", kw_only=True):
    """Ring a supervisor's phone and let it take part in somebody's call; the settings say who may."""

    own: str
    """The supervisor's extension."""
    to: str
    """Whose call."""
    mode: Mode = Mode.LISTEN
    by: str = ""


class ActedReply(BaseReply, frozen=True, tag="acted", kw_only=True):
    call: CallId | None = None
    """The call it was about, or that has begun."""
