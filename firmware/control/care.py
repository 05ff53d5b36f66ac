"""How the box looks after itself, and what it does to prove that it works.

{"do":"care","id":3}           card, safe mode, what to act upon
{"do":"test_call","id":4}      one whole call through call control and media, without a line
{"do":"leave_safe_mode","id":5}
"""

from __future__ import annotations

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.trace.said import Said


class GetCare(BaseRequest, frozen=True, tag="care"):
    """What the box knows about its own health."""


class CareReply(BaseReply, frozen=True, tag="care", kw_only=True):
    safe_mode: bool = False
    """The switch failed three times and runs without lines and phones until somebody looks."""
    card: str = ""
    """The device that the data lies on, such as `mmcblk0p2`."""
    card_used_percent: float = 0.0
    card_free_mb: int = 0
    card_life_tenths: int | None = None
    """Tenths of its life that the card has used; None where it doesn't tell."""
    under_voltage: bool | None = None
    """Whether the supply is too weak at this moment; None where no sensor tells."""
    troubles: list[str | Said] = msgspec.field(default_factory=list)
    """What an owner should act upon, in plain words."""


class TestCall(BaseRequest, frozen=True, tag="test_call"):
    """Make one call within the box: it is answered, a key is sounded, and heard at the other end."""

    # pytest takes every class of this name for tests.
    __test__ = False


class TestCallReply(BaseReply, frozen=True, tag="test_call", kw_only=True):
    __test__ = False

    ok: bool
    detail: str = ""
    """What failed, in plain words; empty when nothing did."""
    answer_ms: int | None = None
    """From the offer to the answer."""
    heard_ms: int | None = None
    """From the sounding of the key to its being heard at the other end."""


class LeaveSafeMode(BaseRequest, frozen=True, tag="leave_safe_mode"):
    """Start the switch anew, with everything."""


class LeavingReply(BaseReply, frozen=True, tag="leaving", kw_only=True):
    pass
