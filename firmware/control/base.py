"""What every request and every reply of the control language has in common."""

from __future__ import annotations

import msgspec

VERSION = 1


class BaseRequest(msgspec.Struct, frozen=True, tag_field="do", kw_only=True):
    v: int = VERSION
    id: int = 0
    """Chosen by the client; its reply repeats it."""


class BaseReply(msgspec.Struct, frozen=True, tag_field="is", kw_only=True):
    id: int = 0
