"""What every request and every reply of the control language has in common."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

VERSION = 1


class BaseRequest(msgspec.Struct, frozen=True, tag_field="do", kw_only=True):
    v: int = VERSION
    id: int = 0
    """Chosen by the client; its reply repeats it."""


class BaseReply(msgspec.Struct, frozen=True, tag_field="is", kw_only=True):
    id: int = 0


class RequestHead(msgspec.Struct, frozen=True):
    """What every version's requests have in common; read first."""

    v: int = 0
    id: int = 0


class ErrorReply(BaseReply, frozen=True, tag="error", kw_only=True):
    kind: str
    """`user`: the text names the remedy. `protocol`: the client is wrong. `fault`: the switch is."""
    message: str
    field: str = ""
    """Which setting is meant, such as `office.operator`, where one is."""


_Reply_co = TypeVar("_Reply_co", bound=BaseReply, covariant=True)


class OpenedFile(msgspec.Struct, Generic[_Reply_co], frozen=True):
    """A reply that brings a file, open for reading; whoever takes it closes the descriptor."""

    reply: _Reply_co
    descriptor: int
