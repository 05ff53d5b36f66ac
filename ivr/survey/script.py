"""A caller is asked how it went, once the agent has hung up.

invitation ─► question: key 1 to 5 (asked twice at most) ─► … ─► spoken comment ─► thanks

Answers are noted as they come, so a caller who hangs up in the middle has answered what was answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from firmware.core.records import SurveyAnswer
from firmware.core.trace.voice import Surveyed
from firmware.switch.call import Call
from ivr.prompts import Prompts
from ivr.prompts.said import said
from ivr.survey.model import MOST_POINTS, Question, Survey

_ASKED = 2
_ANSWER_SECONDS = 7.0

Comment = Callable[[Call, str], Awaitable[None]]
"""Takes a spoken comment into a mailbox."""


async def ask_survey(
    call: Call, prompts: Prompts, survey: Survey, agent: str | None, comment: Comment | None = None
) -> None:
    """Ask a caller who is still on the line.

    Args:
        call: Connected, and nobody talks with the caller.
        prompts: In the caller's language.
        survey: What is asked.
        agent: Whom the caller talked with last.
        comment: Takes a comment; None where none is taken.
    """
    call.journey.route(Surveyed.BEGINS(name=survey.name))
    call.forget_digits()
    await call.play(said("survey-invitation"), prompts("survey-invitation"))
    for question in survey.questions:
        await _ask(call, prompts, question, agent)
    if comment is not None and survey.comments:
        await call.play(said("survey-comment"), prompts("survey-comment"))
        call.journey.route(Surveyed.COMMENT())
        await comment(call, survey.comments)
    await call.play(said("survey-thanks"), prompts("survey-thanks"))


async def _ask(call: Call, prompts: Prompts, question: Question, agent: str | None) -> None:
    """Ask one question and note what came of it, which may be nothing."""
    answer = SurveyAnswer(question.name, call.journey.elapsed_ms(), None, MOST_POINTS, agent)
    # Noted before it is answered: whoever hangs up now was asked all the same.
    call.journey.journey.survey.append(answer)
    words: tuple[str, ...] = (question.prompt,)
    for _ in range(_ASKED):
        key = await call.collect(
            Surveyed.QUESTION(question=question.name),
            prompts(*words),
            is_complete=lambda _: True,
            first_seconds=_ANSWER_SECONDS,
            next_seconds=1.0,
        )
        if key.isdigit() and 1 <= int(key) <= MOST_POINTS:
            answer.points = int(key)
            call.journey.route(
                Surveyed.ANSWERED(question=question.name, points=answer.points, best=MOST_POINTS)
            )
            return
        words = ("survey-again",)
    call.journey.route(Surveyed.NOT_ANSWERED(question=question.name))
