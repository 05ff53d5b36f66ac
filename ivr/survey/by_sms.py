"""The survey by text message: what is asked, and what an answer means."""

from __future__ import annotations

import re

from ivr.survey.model import MOST_POINTS

ANSWER_HOURS = 48
"""How long an answer is taken for one; a number in a later message means something else."""

_POINTS = re.compile(r"\s*([1-5])\s*(分|[.!。！]|points?)?\s*", re.IGNORECASE)


def question(office: str, language: str) -> str:
    """Return the message a caller is sent."""
    if language == "zh-CN":
        return (
            f"【{office}】感谢您的来电。请对本次服务评分，回复 1 到 {MOST_POINTS}，{MOST_POINTS} 为非常满意。"
        )
    return (
        f"{office}: thank you for your call. How satisfied were you? Please answer with a number "
        f"from 1 to {MOST_POINTS}, {MOST_POINTS} being the best."
    )


def points(body: str) -> int | None:
    """Return the points a message gives; None when it says something else."""
    # Full-width digits are what a Chinese keyboard may type.
    plain = body.translate(str.maketrans("１２３４５", "12345"))
    found = _POINTS.fullmatch(plain)
    return int(found[1]) if found else None
