"""What became of the letters (e-mail) the box had to send."""

from __future__ import annotations

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.letters import Letter
from firmware.core.trace.said import Said


class ListLetters(BaseRequest, frozen=True, tag="letters", kw_only=True):
    """The newest letters, the newest first."""

    limit: int = 50


class LettersReply(BaseReply, frozen=True, tag="letters", kw_only=True):
    fault: str | Said | None = None
    """What keeps letters from being sent now."""
    letters: list[Letter]
