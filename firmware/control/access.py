"""Letting an owner who forgot the password choose another: only whoever stands before the box may.

The box's button and its console ask the switch to allow it for some minutes; the pages ask whether it is.
"""

from __future__ import annotations

from firmware.control.base import BaseReply, BaseRequest

RESET_MINUTES = 10
"""How long a new password may be chosen after the button was held."""


class AllowPasswordReset(BaseRequest, frozen=True, tag="allow password reset"):
    """Allow it from now on for `RESET_MINUTES`; asked by the console and by the button."""


class IsPasswordResetAllowed(BaseRequest, frozen=True, tag="is password reset allowed"):
    """Whether it is allowed now."""


class EndPasswordReset(BaseRequest, frozen=True, tag="end password reset"):
    """It has been used, and not a second time."""


class PasswordResetReply(BaseReply, frozen=True, tag="password reset", kw_only=True):
    seconds: int
    """For how much longer; 0 when it isn't allowed."""


class PasswordReset:
    """Until when it is allowed. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._until = 0.0

    def allow(self, now: float) -> None:
        """Allow it from now on."""
        self._until = now + RESET_MINUTES * 60

    def end(self) -> None:
        """Allow it no longer."""
        self._until = 0.0

    def seconds(self, now: float) -> int:
        """Return for how much longer it is allowed."""
        return max(0, int(self._until - now))
