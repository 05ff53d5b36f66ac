"""People work together on a call: transfer, pickup, parking, conference, mobiles, a queue; with real audio.

Every phone and caller sounds a tone of its own; the spectrum of what each heard proves who spoke with whom.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from extensions.conference import RoomSettings
from extensions.forwarding import Personal
from extensions.queue import AgentProfile, QueueSettings
from firmware.core.records import Outcome, TransferKind
from firmware.settings.document import Settings
from firmware.settings.people import Extension
from firmware.sim.listening import Samples
from firmware.sim.worlds import PROFILE
from firmware.switch.destinations import ToExtension
from firmware.switch.inbound import InboundPlan
from hal.fake.control import World
from hal.fake.network import PartyScript
from tests.e2e.box import Box, dump
from tests.interop.baresip import Baresip

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(150)]

CALLER = "13800138000"
CALLER_HERTZ = 440.0
MOBILE = "13900139000"
MOBILE_HERTZ = 2000.0
TONES = {"101": 700.0, "102": 1100.0, "103": 1500.0, "104": 850.0, "105": 1250.0, "106": 1750.0}
# A tone at -15 dBm0 is far above this share of all that was heard; leakage and prompts are below.
_HEARD_SHARE = 0.05
_SILENT_SHARE = 0.002

Start = Callable[..., AbstractAsyncContextManager[Box]]


def hears(samples: Samples, hertz: float, last_seconds: float = 2.0) -> float:
    """Return which share of the power of the last seconds lies within 15 Hz of a frequency."""
    part = samples[-int(last_seconds * 8000) :] if last_seconds else samples
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
    frequencies = np.fft.rfftfreq(len(part), 1 / 8000)
    near = np.abs(frequencies - hertz) < 15
    return float(power[near].sum() / max(power[20:].sum(), 1e-12))


@pytest.fixture
def start(tmp_path: Path, prompts: Path) -> Start:
    @asynccontextmanager
    async def running(profile: Path = PROFILE, **sections: object) -> AsyncIterator[Box]:
        def changed(settings: Settings) -> Settings:
            people = (*settings.extensions, *(Extension(number, number) for number in ("104", "105", "106")))
            sections.setdefault("extensions", people)
            sections.setdefault("inbound", InboundPlan(otherwise=(ToExtension("101", 40),)))
            return msgspec.structs.replace(settings, **sections)

        async with Box.running(tmp_path, prompts, changed, profile) as box:
            yield box

    return running


async def _phone(box: Box, number: str, *, auto_answer: bool = False) -> Baresip:
    return await box.phone(number, plays=TONES[number], auto_answer=auto_answer)


async def _talks(box: Box, *legs: str) -> None:
    """Wait until a running call has exactly these legs answered and not ended, and some time of it heard."""

    async def there() -> bool:
        for journey in await box.journeys():
            if journey.outcome is None:
                open_legs = {leg.address for leg in journey.legs if leg.answered_ms and leg.ended_ms is None}
                if open_legs == set(legs):
                    return True
        return False

    await box.until(there, 40)
    await asyncio.sleep(3)


class TestWithACaller:
    async def test_a_blind_transfer_by_the_phones_own_key(self, start: Start) -> None:
        async with start() as box:
            first, second = (
                await _phone(box, "101", auto_answer=True),
                await _phone(box, "103", auto_answer=True),
            )
            caller = await box.calls(CALLER, hertz=CALLER_HERTZ)
            await _talks(box, "gsm1", "101")
            await first.transfer("103")
            await _talks(box, "gsm1", "103")
            await caller.hang_up()
            await second.event("CALL_CLOSED")
            journey = await box.journey()
            assert [(one.kind, one.by, one.to, one.completed) for one in journey.transfers] == [
                (TransferKind.BLIND, "101", "103", True)
            ], dump(journey)
            assert hears(box.heard_by(second), CALLER_HERTZ) > _HEARD_SHARE
            assert hears(box.heard(CALLER), TONES["103"], 1.5) > _HEARD_SHARE
            assert hears(box.heard(CALLER), TONES["101"], 1.5) < _SILENT_SHARE

    async def test_an_attended_transfer_by_keys(self, start: Start) -> None:
        async with start() as box:
            first, second = (
                await _phone(box, "101", auto_answer=True),
                await _phone(box, "103", auto_answer=True),
            )
            caller = await box.calls(CALLER, hertz=CALLER_HERTZ)
            await _talks(box, "gsm1", "101")
            await first.press("*2103")
            await _talks(box, "gsm1", "101", "103")
            await first.hang_up()
            await _talks(box, "gsm1", "103")
            consulted = box.heard_by(first)
            await caller.hang_up()
            await second.event("CALL_CLOSED")
            journey = await box.journey()
            assert [(one.kind, one.completed) for one in journey.transfers] == [(TransferKind.ATTENDED, True)]
            assert hears(consulted, TONES["103"], 2.0) > _HEARD_SHARE
            assert hears(consulted, CALLER_HERTZ, 2.0) < _SILENT_SHARE
            assert hears(box.heard_by(second), CALLER_HERTZ) > _HEARD_SHARE
            assert hears(box.heard(CALLER), TONES["103"], 1.5) > _HEARD_SHARE

    async def test_a_ringing_call_is_picked_up_by_another_phone(self, start: Start) -> None:
        async with start() as box:
            await _phone(box, "101")
            other = await _phone(box, "102")
            caller = await box.calls(CALLER, hertz=CALLER_HERTZ)
            await box.until(lambda: _rung(box, "101"), 30)
            await other.dial("**101")
            await _talks(box, "gsm1", "102")
            await caller.hang_up()
            await other.event("CALL_CLOSED")
            await box.until(lambda: _closed(box, 2))
            journey = next(one for one in await box.journeys() if one.line == "gsm1")
            assert [one.kind for one in journey.transfers] == [TransferKind.PICKUP], dump(journey)
            assert hears(box.heard_by(other), CALLER_HERTZ) > _HEARD_SHARE
            assert hears(box.heard(CALLER), TONES["102"], 1.5) > _HEARD_SHARE

    async def test_a_call_is_parked_and_fetched_elsewhere(self, start: Start) -> None:
        async with start() as box:
            first, other = await _phone(box, "101", auto_answer=True), await _phone(box, "103")
            caller = await box.calls(CALLER, hertz=CALLER_HERTZ)
            await _talks(box, "gsm1", "101")
            await first.press("*5")
            await first.event("CALL_CLOSED", within_s=40)
            await other.dial("701")
            await _talks(box, "gsm1", "103")
            await caller.hang_up()
            await other.event("CALL_CLOSED")
            await box.until(lambda: _closed(box, 2))
            assert hears(box.heard_by(other), CALLER_HERTZ) > _HEARD_SHARE
            assert hears(box.heard(CALLER), TONES["103"], 1.5) > _HEARD_SHARE


async def test_a_conference_gives_everybody_the_others_and_nobody_itself(start: Start) -> None:
    async with start(rooms=(RoomSettings("team", "800"),)) as box:
        phones = {number: await _phone(box, number) for number in ("101", "102", "103")}
        for phone in phones.values():
            await phone.dial("800")
            await phone.event("CALL_ESTABLISHED")
        await asyncio.sleep(8)
        for phone in phones.values():
            await phone.hang_up()
        await box.until(lambda: _closed(box, 3))
        for number, phone in phones.items():
            # The last one to leave has been alone for a moment: the time in between counts.
            heard = box.heard_by(phone)[-5 * 8000 : -8000]
            for other, hertz in TONES.items():
                share = hears(heard, hertz, 0)
                if other in phones and other != number:
                    assert share > _HEARD_SHARE, (number, other, share)
                else:
                    assert share < _SILENT_SHARE, (number, other, share)


async def test_follow_me_takes_a_second_line_and_stays_one_journey(start: Start, tmp_path: Path) -> None:
    two_lines = tmp_path / "two-lines.toml"
    text = PROFILE.read_text("utf-8")
    second = text[text.index("[[lines]]") :].replace("gsm1", "gsm2")
    two_lines.write_text(f"{text}\n{second}", "utf-8")
    wishes = Personal(mobile=MOBILE, follow_me=True, no_answer_seconds=5)
    people = (Extension("101", "Li", personal=wishes), Extension("102", "102"))
    async with (
        start(two_lines, extensions=people) as box,
        World(box.simulation.socket_of("gsm2")) as far_world,
    ):
        script = PartyScript(
            play=(f"tone:{MOBILE_HERTZ:.0f}:-15",),
            loop=True,
            digits="1",
            digits_after=3.0,
            hear=str(box.folder / f"heard-{MOBILE}.wav"),
        )
        await far_world.set_number(MOBILE, "answers", 1.0, script)
        await _phone(box, "101")
        caller = await box.calls(CALLER, hertz=CALLER_HERTZ)
        await _talks(box, "gsm1", "gsm2")
        # The mobile's owner presses 1 only after the question.
        await asyncio.sleep(4)
        await caller.hang_up()
        journey = await box.journey()
        assert journey.outcome is Outcome.ANSWERED, dump(journey)
        assert [leg.address for leg in journey.legs] == ["gsm1", "101", "gsm2"]
        assert hears(box.heard(MOBILE), CALLER_HERTZ, 1.5) > _HEARD_SHARE
        assert hears(box.heard(CALLER), MOBILE_HERTZ, 1.5) > _HEARD_SHARE


async def test_three_agents_serve_three_callers_of_a_queue(start: Start) -> None:
    agents, callers = ("101", "102", "103"), ("104", "105", "106")
    queue = QueueSettings(
        "service", tuple(AgentProfile(number) for number in agents), number="600", callback=False
    )
    async with start(queues=(queue,)) as box:
        phones = {number: await _phone(box, number) for number in callers}
        staff = {number: await _phone(box, number, auto_answer=True) for number in agents}
        for phone in staff.values():
            await phone.dial("*45")
            await phone.event("CALL_CLOSED")
        for phone in phones.values():
            await phone.dial("600")
            await phone.event("CALL_ESTABLISHED", within_s=40)
        await asyncio.sleep(6)
        for phone in phones.values():
            await phone.hang_up()
        await box.until(lambda: _closed(box, 6), 40)
        journeys = [one for one in await box.journeys() if one.queue_waits]
        served = {one.line: one.queue_waits[0].agent or "" for one in journeys}
        assert sorted(served) == sorted(callers)
        assert sorted(served.values()) == sorted(agents)
        for caller, agent in served.items():
            assert hears(box.heard_by(phones[caller]), TONES[agent]) > _HEARD_SHARE
            assert hears(box.heard_by(staff[agent]), TONES[caller]) > _HEARD_SHARE
            for other in set(callers) - {caller}:
                assert hears(box.heard_by(staff[agent]), TONES[other]) < _SILENT_SHARE


async def _rung(box: Box, number: str) -> bool:
    live = [one for one in await box.journeys() if one.outcome is None]
    return any(ring.target == number and ring.ended_ms is None for one in live for ring in one.rings)


async def _closed(box: Box, count: int) -> bool:
    return len([one for one in await box.journeys() if one.outcome is not None]) >= count
