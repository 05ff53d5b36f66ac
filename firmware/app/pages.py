"""What the pages ask beside settings and calls: acts on live calls, notes, menus, prompts, resets."""

from __future__ import annotations

from contextlib import AsyncExitStack

from firmware.app.api import calendar, certificates, live, menus, notes
from firmware.app.parts import Parts
from firmware.control.access import (
    AllowPasswordReset,
    EndPasswordReset,
    IsPasswordResetAllowed,
    PasswordReset,
    PasswordResetReply,
)
from firmware.control.answers import Answers
from firmware.core.clock import Clock


def answer_resets(answers: Answers, clock: Clock, reset: PasswordReset) -> None:
    """Answer the requests of `firmware.control.access`."""

    def said() -> PasswordResetReply:
        return PasswordResetReply(seconds=reset.seconds(clock.monotonic()))

    async def allow(_: AllowPasswordReset) -> PasswordResetReply:
        reset.allow(clock.monotonic())
        return said()

    async def end(_: EndPasswordReset) -> PasswordResetReply:
        reset.end()
        return said()

    async def is_allowed(_: IsPasswordResetAllowed) -> PasswordResetReply:
        return said()

    answers.on(AllowPasswordReset, allow)
    answers.on(EndPasswordReset, end)
    answers.on(IsPasswordResetAllowed, is_allowed)


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Answer the pages' own requests."""
    answer_resets(parts.answers, parts.clock, PasswordReset())
    live.start(parts)
    notes.start(parts)
    menus.start(parts)
    certificates.start(parts)
    calendar.answer(parts.answers, parts.settings)
