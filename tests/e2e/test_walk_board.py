"""The live view while people talk: cords, dragging, parking, listening, hanging up; nothing flickers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from firmware.settings.document import Settings
from firmware.sim.listening import find_tone
from tests.e2e.walking import walk

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]

CALLER = "13800138000"


async def test_a_call_is_seen_ringing_and_talking_and_is_handed_on_by_dragging(
    tmp_path: Path, prompts: Path
) -> None:
    async with walk(tmp_path, prompts) as (box, browser):
        await browser.do("sign_up")
        own = await box.phone("101")
        colleague = await box.phone("102", plays=1000.0, auto_answer=True)
        await browser.do("board", bystander="103")
        before = (await browser.do("today"))["tiles"]

        await box.calls(CALLER, digits="101")
        await own.event("CALL_INCOMING")
        rings = await browser.do("person_is", number="101", phase="ringing", name="now-ringing")
        assert "138 0013 8000" in rings["text"]
        await own.accept()
        talks = await browser.do("person_is", number="101", phase="talking", name="now-talking")
        assert (talks["cords"], talks["lines"]) == (1, 1)

        dragged = await browser.do("drag", to="102")
        assert dragged["told"]
        await colleague.event("CALL_ESTABLISHED")
        talks = await browser.do("person_is", number="102", phase="talking", name="now-handed-on")
        assert talks["cords"] == 1
        assert (await browser.do("kept", bystander="103"))["kept"] == "yes", (
            "a person nothing happened to was drawn anew"
        )
        await browser.do("hang_up")
        journey = await box.journey(1)
        assert [(one.to, one.completed) for one in journey.transfers] == [("102", True)]
        heard = find_tone(box.heard_by(colleague), 8000, 440.0)
        assert heard is not None, "whom the call was dragged to hears the caller"
        assert (await browser.do("today"))["tiles"] != before, "today's figures count the call by themselves"


def supervised(settings: Settings) -> Settings:
    """103 may listen."""
    people = tuple(
        msgspec.structs.replace(one, supervisor=one.number == "103") for one in settings.extensions
    )
    return msgspec.structs.replace(settings, extensions=people)


async def test_a_call_is_listened_to_parked_and_fetched(tmp_path: Path, prompts: Path) -> None:
    async with walk(tmp_path, prompts, supervised) as (box, browser):
        await browser.do("sign_up")
        await browser.do("become", extension="102")
        await browser.do("board", bystander="103")
        own = await box.phone("101", plays=1000.0)
        other = await box.phone("102", plays=700.0)
        supervisor = await box.phone("103", plays=1300.0, auto_answer=True)
        # The caller listens, so that one voice alone is to be heard.
        caller = await box.calls(CALLER, digits="101", hertz=None)
        await own.event("CALL_INCOMING")
        await own.accept()
        await browser.do("person_is", number="101", phase="talking")

        assert "supervisor" in (await browser.do("listen"))["told"], "102 may not listen"
        await browser.do("become", extension="103")
        await browser.do("board", bystander="103")
        await browser.do("listen")
        await supervisor.event("CALL_ESTABLISHED")
        await asyncio.sleep(1.5)
        await supervisor.hang_up()
        await supervisor.event("CALL_CLOSED")
        heard = find_tone(box.heard_by(supervisor), 8000, 1000.0)
        assert heard is not None, "the supervisor hears those who talk"

        slot = (await browser.do("park"))["slot"]
        await other.dial(slot)
        await other.event("CALL_ESTABLISHED")
        await browser.do("unparked")
        await browser.do("person_is", number="102", phase="talking", name="now-fetched")
        await caller.hang_up()
        # Listening and fetching are hands on the caller's journey, which is one.
        await box.journey(3)
        (journey,) = [one for one in await box.journeys() if one.joined is None]
        assert {"101", "102"} <= {leg.address for leg in journey.legs}
