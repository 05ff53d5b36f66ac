"""Satisfaction surveys: by keys after the call, or by text message."""

from ivr.survey.by_sms import points, question
from ivr.survey.model import MOST_POINTS, Question, Survey, drawn, survey_for
from ivr.survey.script import ask_survey

__all__ = [
    "MOST_POINTS",
    "Question",
    "Survey",
    "ask_survey",
    "drawn",
    "points",
    "question",
    "survey_for",
]
