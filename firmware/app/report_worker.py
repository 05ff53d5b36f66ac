"""`python -m firmware.app.report_worker DATABASE`: the process that draws figures, beside the calls.

A line of JSON on its input is a question, a line on its output the answer. It gives way to all others,
reads the records read-only, and is ended by the switch when nobody has asked for a while; so a report costs
no call anything and no memory is kept for it.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import msgspec

from firmware.app.api.reports import Desk
from firmware.app.report_words import Answer, Question
from firmware.control.reports import GetMonthReport
from firmware.core.errors import UserError, ZongjiError

_POLITE = 15
"""Calls come first; what they leave over is enough."""


def answer(desk: Desk, question: Question) -> Answer:
    """Answer one question."""
    try:
        if isinstance(question.request, GetMonthReport):
            Path(question.file).write_bytes(desk.month(question.office, question.request, question.now_ms))
            return Answer()
        return Answer(reply=desk.answer(question.office, question.request, question.now_ms))
    except UserError as error:
        return Answer(refused=str(error))
    except (ZongjiError, OSError) as error:
        return Answer(failed=str(error))


def main() -> int:
    """Answer questions until the input ends."""
    os.nice(_POLITE)
    # Journeys hold no circles, and looking for some among 100,000 objects took a third of the time.
    gc.disable()
    desk = Desk(Path(sys.argv[1]))
    questions = msgspec.json.Decoder(Question)
    for line in sys.stdin.buffer:
        reply = msgspec.json.encode(answer(desk, questions.decode(line))) + b"\n"
        sys.stdout.buffer.write(reply)
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
