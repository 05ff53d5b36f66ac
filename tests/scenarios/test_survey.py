"""What callers are asked after a talk, told as stories in virtual time."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from firmware.core.records import SurveyAnswer
from firmware.switch.call import Call
from ivr.survey import Question, Survey, ask_survey, drawn, points, question, survey_for
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime

SURVEY = Survey("service", questions=(Question("satisfied"), Question("settled", "survey-solved")))


def _asked(office: Office, survey: Survey = SURVEY, comments: list[str] | None = None) -> FakeLeg:
    async def comment(_: Call, mailbox: str) -> None:
        assert comments is not None
        comments.append(mailbox)

    async def script(call: Call) -> None:
        await call.answer()
        await ask_survey(call, office.prompts, survey, "101", comment if comments is not None else None)

    return office.somebody_rings_in(script)


async def _keys_after(office: Office, leg: FakeLeg, prompt: str, digits: str) -> None:
    await office.hears(leg, prompt)
    await asyncio.sleep(0.5)
    leg.far.presses(digits)


async def test_answers_are_on_the_journey_with_the_agent(office: Office) -> None:
    caller = _asked(office)
    await _keys_after(office, caller, "survey-question", "5")
    await _keys_after(office, caller, "survey-solved", "3")
    journey = await office.journey()
    assert [(one.question, one.points, one.best, one.agent) for one in journey.survey] == [
        ("satisfied", 5, 5, "101"),
        ("settled", 3, 5, "101"),
    ]
    assert office.has_heard(caller)[-1] == "survey-thanks"
    assert "satisfied: 5 of 5" in trace(journey)


async def test_a_wrong_key_is_asked_for_again_and_nothing_twice_is_no_answer(office: Office) -> None:
    caller = _asked(office)
    await _keys_after(office, caller, "survey-question", "9")
    await _keys_after(office, caller, "survey-again", "4")
    journey = await office.journey()
    assert [(one.question, one.points) for one in journey.survey] == [("satisfied", 4), ("settled", None)]


async def test_who_hangs_up_in_the_middle_has_answered_what_was_answered(office: Office) -> None:
    caller = _asked(office)
    await _keys_after(office, caller, "survey-question", "2")
    await office.hears(caller, "survey-solved")
    caller.far.ends()
    journey = await office.journey()
    assert [(one.question, one.points) for one in journey.survey] == [("satisfied", 2), ("settled", None)]


async def test_a_spoken_comment_goes_into_the_mailbox(office: Office) -> None:
    comments: list[str] = []
    survey = msgspec.structs.replace(SURVEY, comments="quality")
    caller = _asked(office, survey, comments)
    await _keys_after(office, caller, "survey-question", "5")
    await _keys_after(office, caller, "survey-solved", "5")
    await office.journey()
    assert comments == ["quality"]


async def test_keys_pressed_during_the_talk_are_no_answers(office: Office) -> None:
    async def script(call: Call) -> None:
        await call.answer()
        caller.far.presses("55")
        await ask_survey(call, office.prompts, SURVEY, None)

    caller = office.somebody_rings_in(script)
    journey = await office.journey()
    assert [one.points for one in journey.survey] == [None, None]


def test_the_sample_is_as_large_as_set() -> None:
    survey = msgspec.structs.replace(SURVEY, sample_percent=30)
    ids = [f"01K8ZQ3V9T{number:06}" for number in range(5000)]
    share = sum(drawn(survey, call_id) for call_id in ids) / len(ids)
    assert share == pytest.approx(0.3, abs=0.06)
    assert all(drawn(SURVEY, call_id) for call_id in ids)


def test_a_queue_has_its_survey() -> None:
    sales = Survey("sales", queues=("sales",))
    assert survey_for((sales, SURVEY), "sales") is sales
    assert survey_for((sales, SURVEY), "service") is SURVEY
    assert survey_for((sales,), "service") is None


@pytest.mark.parametrize(
    ("body", "given"),
    [
        ("5", 5),
        (" 3 ", 3),
        ("４", 4),
        ("5分", 5),
        ("2 points", 2),
        ("6", None),
        ("call me at 5", None),
        ("", None),
    ],
)
def test_what_a_text_message_answers(body: str, given: int | None) -> None:
    assert points(body) == given


def test_the_question_by_sms_fits_into_a_message() -> None:
    for language in ("zh-CN", "en"):
        assert 10 < len(question("好地方贸易", language)) <= 160


def test_an_answer_is_what_the_records_keep() -> None:
    assert SurveyAnswer("satisfied", 1).best == 5
