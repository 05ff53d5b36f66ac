"""Callers nobody talked with: a task each, until somebody closes it or the caller is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from extensions.directory import OfficeDirectory
from firmware.app import lost_callers
from firmware.app.parts import Parts
from firmware.control.answers import Answers
from firmware.control.lost_callers import CloseLostCaller, ListLostCallers, LostCallersReply
from firmware.core.clock import SystemClock
from firmware.core.errors import UserError
from firmware.core.ids import CallId, LegId, new_call_id
from firmware.core.leg import Direction, Leg
from firmware.core.lost import LostCaller
from firmware.core.records import Journey, LegRecord, Outcome, QueueWait, VoicemailRecord
from firmware.core.texts import OnText
from firmware.office.lost_callers import LostCallers, Rules
from firmware.settings.store import SettingsStore
from firmware.store.lost_callers import LostCallerStore
from firmware.store.records import SqliteJourneyStore

MOBILE = "13800138000"


class Texts:
    """A line that carries text messages, or refuses to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.refuses = False

    async def send(
        self, number: str, body: str, *, purpose: str = "", author: str = "", line: str | None = None
    ) -> str:
        if self.refuses:
            raise UserError("no line carries messages")
        self.sent.append((number, body, purpose))
        return "key"

    def listen(self, listener: OnText) -> Callable[[], None]:
        return lambda: None


class Office:
    def __init__(self, lost: LostCallers, texts: Texts, rules: list[Rules]) -> None:
        self.lost = lost
        self.texts = texts
        self.rules = rules

    async def ends(self, journey: Journey) -> None:
        """Have a call be over, and wait until that is noted."""
        self.lost.closed(journey)
        await self.lost.stop()

    async def open(self) -> list[LostCaller]:
        return await self.lost.store.listed()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = SystemClock()
    records = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    records.start()
    texts, rules = Texts(), [Rules("CN", 5.0, "抱歉错过您的来电")]
    inside = {"101", "102"}
    lost = LostCallers(
        LostCallerStore(records), lambda: rules[-1], lambda address: address in inside, texts, clock
    )
    yield Office(lost, texts, rules)
    await asyncio.to_thread(records.stop)


def call(
    outcome: Outcome = Outcome.ABANDONED,
    caller: str | None = MOBILE,
    *,
    seconds: float = 20.0,
    talked: float = 0.0,
    line: str = "gsm1",
) -> Journey:
    return Journey(
        id=CallId(str(new_call_id())),
        started=SystemClock().now(),
        direction=Direction.INCOMING,
        line=line,
        caller=caller,
        outcome=outcome,
        duration_ms=int(seconds * 1000),
        talked_ms=int(talked * 1000),
    )


@pytest.mark.parametrize(
    "outcome", [Outcome.ABANDONED, Outcome.UNANSWERED, Outcome.FAILED, Outcome.INTERRUPTED]
)
async def test_who_talked_with_nobody_is_a_task(office: Office, outcome: Outcome) -> None:
    journey = call(outcome)
    journey.queue_waits.append(QueueWait("service", 3000))
    await office.ends(journey)
    (task,) = await office.open()
    assert (task.number, task.shown, task.calls) == ("+8613800138000", MOBILE, 1)
    assert (task.wanted, task.why, task.last_journey) == ("service", str(outcome), journey.id)


async def test_a_caller_who_tries_again_is_still_one_task(office: Office) -> None:
    await office.ends(call())
    await office.ends(call(caller="+86 138 0013 8000"))
    (task,) = await office.open()
    assert task.calls == 2


async def test_a_caller_who_rings_back_and_is_served_closes_his_own(office: Office) -> None:
    await office.ends(call())
    await office.ends(call(caller="13900139000"))
    await office.ends(call(Outcome.ANSWERED, talked=30))
    assert [task.shown for task in await office.open()] == ["13900139000"]
    (closed,) = await office.lost.store.listed(closed=True)
    assert (closed.closed_by, closed.closed_why) == ("caller", "rang again")


async def test_calling_back_closes_the_task(office: Office) -> None:
    await office.ends(call())
    back = call(Outcome.ANSWERED, "101", line="101", talked=30)
    back.legs.append(
        LegRecord(LegId("gsm-1"), "gsm", Direction.OUTGOING, "gsm1", MOBILE, 0, answered_ms=5000)
    )
    await office.ends(back)
    assert await office.open() == []
    (closed,) = await office.lost.store.listed(closed=True)
    assert (closed.closed_by, closed.closed_why) == ("101", "called back")


async def test_calling_back_in_vain_leaves_the_task_open(office: Office) -> None:
    await office.ends(call())
    back = call(Outcome.UNANSWERED, "101", line="101")
    back.legs.append(LegRecord(LegId("gsm-1"), "gsm", Direction.OUTGOING, "gsm1", MOBILE, 0))
    await office.ends(back)
    assert len(await office.open()) == 1


async def test_a_task_is_closed_by_hand_once(office: Office) -> None:
    await office.ends(call())
    (task,) = await office.open()
    await office.lost.close(task.id, "li", "wrote a letter")
    assert await office.open() == []
    with pytest.raises(UserError, match="closed already"):
        await office.lost.close(task.id, "wang", "me too")
    await office.ends(call())
    assert len(await office.open()) == 1, "the next lost call is a new task"


async def test_a_message_is_no_lost_caller(office: Office) -> None:
    journey = call()
    journey.voicemails.append(VoicemailRecord("101", "a.wav", 5000, 12_000, complete=True))
    await office.ends(journey)
    assert await office.open() == []


async def test_a_wrong_number_and_a_call_inside_are_none(office: Office) -> None:
    await office.ends(call(seconds=3))
    await office.ends(call(caller="102", line="102"))
    assert await office.open() == []


async def test_withheld_callers_are_tasks_of_their_own(office: Office) -> None:
    await office.ends(call(caller=None))
    await office.ends(call(caller=None))
    assert [task.number for task in await office.open()] == [None, None]
    assert office.texts.sent == []


async def test_a_lost_caller_is_texted_once(office: Office) -> None:
    await office.ends(call())
    await office.ends(call())
    assert office.texts.sent == [(MOBILE, "抱歉错过您的来电", "missed call")]
    (task,) = await office.open()
    assert task.texted


async def test_a_line_that_carries_no_texts_changes_nothing_else(office: Office) -> None:
    office.texts.refuses = True
    await office.ends(call())
    (task,) = await office.open()
    assert not task.texted
    office.rules.append(Rules("CN"))
    office.texts.refuses = False
    await office.ends(call())
    assert office.texts.sent == []


async def test_the_product_notes_lost_callers_by_its_settings_and_pages_close_them(tmp_path: Path) -> None:
    clock, texts, answers = SystemClock(), Texts(), Answers()
    records = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    records.start()
    settings = SettingsStore(tmp_path / "settings.json")
    settings.open()
    wanted = msgspec.structs.replace(settings.current.lost_callers, text="We missed you")
    await settings.change(lambda now: msgspec.structs.replace(now, lost_callers=wanted))
    directory = OfficeDirectory([], None, _no_leg)
    parts = SimpleNamespace(
        store=records, settings=settings, directory=directory, texting=texts, clock=clock, answers=answers
    )
    async with AsyncExitStack() as running:
        await lost_callers.start(cast(Parts, parts), running)
        journey = call(Outcome.UNANSWERED)
        records.begin(journey)
        await records.close(journey)
        async with asyncio.timeout(10):
            while not texts.sent:
                await asyncio.sleep(0.01)
        assert texts.sent == [(MOBILE, "We missed you", "missed call")]
        (task,) = await _listed(answers, ListLostCallers())
        assert task.number == "+8613800138000"
        assert await _listed(answers, CloseLostCaller(caller=task.id, by="anna", why="rang back")) == []
        (done,) = await _listed(answers, ListLostCallers(closed=True))
        assert done.closed_by == "anna"
    await asyncio.to_thread(records.stop)


async def _listed(answers: Answers, request: ListLostCallers | CloseLostCaller) -> list[LostCaller]:
    reply = await answers.replies[type(request)](request)
    assert isinstance(reply, LostCallersReply)
    return reply.callers


def _no_leg(number: str) -> Leg:
    raise AssertionError(number)
