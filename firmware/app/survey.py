"""Surveys put together: callers of a queue or group are asked after the talk, at once or by text message."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

from firmware.app.parts import Parts
from firmware.core.errors import DeviceError, UserError
from firmware.core.leg import LegState
from firmware.core.records import Journey, SurveyAnswer
from firmware.core.texts import ReceivedText
from firmware.core.trace.voice import Surveyed
from firmware.switch.call import Call
from firmware.switch.destinations import ToGroup, ToQueue, ToVoicemail
from ivr.prompts import Prompts
from ivr.survey import MOST_POINTS, Survey, ask_survey, drawn, points, question, survey_for
from ivr.survey.by_sms import ANSWER_HOURS

logger = logging.getLogger(__name__)

_TAG = "survey-sms:"
_CALLS_LOOKED_AT = 10


class Surveys:
    """Asks, and takes the answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks: set[asyncio.Task[None]] = set()

    async def after(self, call: Call, place: object) -> None:
        """Ask a caller whom a queue or group has served; done after every destination."""
        if not isinstance(place, ToQueue | ToGroup) or not call.journey.journey.talked_ms:
            return
        survey = survey_for(self._parts.settings.current.surveys, place.name)
        if survey is None or self._parts.directory.find(call.caller.address) is not None:
            return
        if not drawn(survey, call.journey.id):
            call.journey.route(Surveyed.NOT_DRAWN())
            return
        if survey.by == "sms":
            await self._text(call, survey)
        elif call.caller.state is LegState.CONNECTED:
            language = call.language or self._parts.settings.current.office.language
            prompts = Prompts(self._parts.paths.prompts, language)
            await ask_survey(call, prompts, survey, call.journey.journey.called, self._comment)

    async def _comment(self, call: Call, mailbox: str) -> None:
        await self._parts.destinations.lead(call, ToVoicemail(mailbox))

    async def _text(self, call: Call, survey: Survey) -> None:
        office, number = self._parts.settings.current.office, call.caller.party.number
        if number is None:
            return
        try:
            await self._parts.texting.send(
                number, question(office.name, call.language or office.language), purpose="survey"
            )
        except (UserError, DeviceError) as error:
            logger.warning("%s: no survey by SMS: %s", call.journey.id, error)
            return
        call.journey.route(Surveyed.BY_SMS())
        # The journey itself remembers that an answer may come, over a restart, too.
        call.journey.journey.tags.append(f"{_TAG}{survey.questions[0].name}")

    def answered(self, text: ReceivedText) -> None:
        """Take a text message, which may be an answer."""
        given = points(text.body)
        if given is None:
            return
        task = asyncio.create_task(self._note(text.number, given), name="survey by SMS")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _note(self, number: str, given: int) -> None:
        """Write an answer into the caller's last call that was asked and not answered."""
        country = self._parts.settings.current.office.country
        since = self._parts.clock.now().wall_ms - ANSWER_HOURS * 3_600_000

        def edit(journey: Journey) -> None:
            at_ms = journey.duration_ms or 0
            journey.survey.append(SurveyAnswer(_asked_in(journey), at_ms, given, MOST_POINTS, journey.called))

        try:
            calls = await asyncio.to_thread(
                self._parts.store.reader.search, number, _CALLS_LOOKED_AT, since, country=country
            )
            waiting = next((one for one in calls if _asked_in(one) and not one.survey), None)
            if waiting is not None:
                await self._parts.store.amend(waiting.id, edit)
        except (UserError, DeviceError) as error:
            logger.warning("an answer to a survey could not be noted: %s", error)

    async def stop(self) -> None:
        """Wait for answers that are being noted."""
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _asked_in(journey: Journey) -> str:
    """Return the question a caller was texted after a call; empty for none."""
    return next((tag.removeprefix(_TAG) for tag in journey.tags if tag.startswith(_TAG)), "")


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Ask callers from now on."""
    surveys = Surveys(parts)
    parts.destinations.after.append(surveys.after)
    running.callback(parts.texting.listen(surveys.answered))
    running.push_async_callback(surveys.stop)
