"""Satisfaction surveys as the administrator sets them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ivr.menu.model import Prompt


def _help(en: str, zh: str) -> Meta:
    return Meta(description=en, extra={"zh": zh})


MOST_POINTS = 5
"""Keys 1 to 5, 5 being the best."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question, answered by a key from 1 to 5."""

    name: Annotated[
        str,
        Meta(min_length=1, max_length=60),
        _help("What the reports call it: satisfied.", "报表中的名称，如 满意度。"),
    ]
    prompt: Annotated[
        Prompt,
        _help(
            "What is asked: a key of the catalogue, or own/NAME.", "提问的语音：目录中的名称，或 own/名称。"
        ),
    ] = "survey-question"


def _first_questions() -> tuple[Question, ...]:
    return (Question("satisfied"),)


class Survey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One survey and who is asked."""

    name: Annotated[str, Meta(min_length=1, max_length=60), _help("The survey's name.", "调查名称。")]
    queues: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=60)], ...],
        Meta(max_length=200),
        _help("Queues and groups whose callers are asked; none for all.", "参与的队列或组；留空表示全部。"),
    ] = ()
    by: Annotated[
        Literal["call", "sms"],
        _help(
            "call: asked once the agent has hung up; sms: asked by a text message afterwards.",
            "call 坐席挂机后语音提问；sms 通话后发短信询问。",
        ),
    ] = "call"
    sample_percent: Annotated[
        int,
        Meta(ge=1, le=100),
        _help("How many of 100 callers are asked, 1 to 100.", "每 100 位来电者抽取几位，1 到 100。"),
    ] = 100
    questions: Annotated[
        tuple[Question, ...],
        Meta(min_length=1, max_length=10),
        _help("The questions, 1 to 10; by SMS the first only.", "问题，1 到 10 个；短信只问第一个。"),
    ] = msgspec.field(default_factory=_first_questions)
    comments: Annotated[
        str,
        Meta(max_length=60),
        _help("Mailbox spoken comments go to; empty to ask for none.", "语音意见存入的信箱；留空则不征求。"),
    ] = ""


def drawn(survey: Survey, call_id: str) -> bool:
    """Tell whether the caller of a call is in the sample: chance, but the same whenever it is asked.

    Args:
        survey: How many are asked.
        call_id: Its last characters are chance.
    """
    spread = 0
    for character in call_id[-6:]:
        spread = spread * 32 + ord(character) % 32
    return spread % 100 < survey.sample_percent


def survey_for(surveys: tuple[Survey, ...], queue: str) -> Survey | None:
    """Return the first survey that asks callers of a queue or group; None when none does."""
    return next((one for one in surveys if not one.queues or queue in one.queues), None)
