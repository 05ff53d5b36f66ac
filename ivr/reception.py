"""The reception: what a caller from outside meets.

answer → greeting ─┬─ extension keyed ──────────► ring ─► bridge
                   ├─ 0, or wrong / nothing twice ─► operator
                   └─ nobody there: words, another try, and words of farewell
"""

from __future__ import annotations

import msgspec

from firmware.core.causes import Cause
from firmware.switch.call import Call
from firmware.switch.directory import Extension
from ivr.prompts import Prompts

OPERATOR_KEY = "0"
# Whom else a caller may try after finding somebody busy; the fourth time it is kinder to say goodbye.
MAX_PEOPLE_TRIED = 3

_WORDS: dict[Cause, str] = {
    Cause.BUSY: "busy",
    Cause.NO_ANSWER: "no-answer",
    Cause.NO_USER_RESPONDING: "unreachable",
    Cause.REJECTED: "declined",
}


class Reception(msgspec.Struct, frozen=True):
    """How the reception behaves; seconds throughout."""

    attempts: int = 2
    """How often a caller may key a wrong number, or nothing, before the operator takes over."""
    first_key_seconds: float = 6.0
    next_key_seconds: float = 3.0
    ring_seconds: float = 25.0
    recording_notice: bool = True


async def reception(call: Call, prompts: Prompts, settings: Reception) -> None:
    """Answer a caller and lead it to a person, or say plainly that there is none."""
    await call.answer()
    opening = ("recording-notice", "greeting") if settings.recording_notice else ("greeting",)
    for _ in range(MAX_PEOPLE_TRIED):
        extension = await _ask_for_extension(call, prompts, settings, opening)
        if extension is None:
            break
        ring = await call.ring(extension, settings.ring_seconds)
        if ring.leg is not None:
            await call.bridge(ring.leg)
            return
        words = _WORDS.get(ring.cause, "unreachable")
        call.journey.route(f"{extension.number} was not reached: {words.replace('-', ' ')}")
        opening = (words, "try-another")
    await call.play("farewell", prompts("nobody"))


async def _ask_for_extension(
    call: Call, prompts: Prompts, settings: Reception, opening: tuple[str, ...]
) -> Extension | None:
    """Ask until the caller keys an extension that exists; after too many mistakes, the operator's."""
    directory = call.directory
    question = opening
    for _ in range(settings.attempts):
        digits = await call.collect(
            " and ".join(question),
            prompts(*question),
            is_complete=lambda keyed: (
                keyed == OPERATOR_KEY
                or len(keyed) >= directory.longest()
                or (directory.find(keyed) is not None and not directory.may_grow(keyed))
            ),
            first_seconds=settings.first_key_seconds,
            next_seconds=settings.next_key_seconds,
        )
        if digits == OPERATOR_KEY:
            return await _operator(call, prompts, "asked for the operator")
        extension = directory.find(digits)
        if extension is not None:
            call.journey.is_for(extension.number)
            call.journey.route(f"keyed {digits}: {extension.name}")
            return extension
        call.journey.route(f"keyed {digits}: no such extension" if digits else "keyed nothing")
        call.forget_digits()
        question = ("no-such-extension",) if digits else ("no-input",)
    return await _operator(call, prompts, f"{settings.attempts} attempts without an extension")


async def _operator(call: Call, prompts: Prompts, why: str) -> Extension | None:
    operator = call.directory.operator()
    if operator is None:
        call.journey.route(f"{why}, and this office has no operator")
        return None
    call.journey.is_for(operator.number)
    call.journey.route(f"{why}: operator {operator.number}")
    await call.play("to-operator", prompts("to-operator"))
    return operator
