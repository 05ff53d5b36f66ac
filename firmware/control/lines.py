"""Lines and their messages: in and out of service by hand, text messages sent and read.

{"do":"set service","id":3,"line":"gsm2","in_service":false}
{"do":"send text","id":4,"number":"13800138000","text":"…"}
{"do":"list texts","id":5,"limit":20}
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.texts import OutgoingText, ReceivedText

_Line = Annotated[str, msgspec.Meta(max_length=16)]


class SetService(BaseRequest, frozen=True, tag="set service", kw_only=True):
    """Take a line out of service for outgoing calls, or back; kept over a restart. Calls for help use it all
    the same.
    """

    line: _Line
    in_service: bool
    by: str = ""


class ServiceChanged(BaseReply, frozen=True, tag="service changed", kw_only=True):
    line: str
    in_service: bool


class SendText(BaseRequest, frozen=True, tag="send text", kw_only=True):
    """Queue a message; it is tried until the network has it."""

    number: Annotated[str, msgspec.Meta(max_length=40)]
    text: Annotated[str, msgspec.Meta(max_length=1500)]
    line: _Line = ""
    """Empty: the first that carries messages."""
    by: str = ""


class TextQueued(BaseReply, frozen=True, tag="text queued", kw_only=True):
    key: str


class ListTexts(BaseRequest, frozen=True, tag="list texts", kw_only=True):
    """The newest messages, both ways."""

    limit: int = 50


class TextsReply(BaseReply, frozen=True, tag="texts", kw_only=True):
    received: list[ReceivedText]
    outgoing: list[OutgoingText]
