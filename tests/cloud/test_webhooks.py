"""Other systems are told of calls: signed, in order, until they have taken it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from firmware.app.webhooks import events_of
from firmware.cloud.allowance import BackOff
from firmware.cloud.webhooks import Hook, Webhooks, sign
from firmware.core.leg import Direction
from firmware.core.records import Journey, Outcome, VoicemailRecord
from firmware.core.trace.said import Said
from firmware.store.records import RecordEvent, SqliteJourneyStore
from tests.patience import until
from tests.store.sample import BenchClock, whole_journey

SECRET = "a secret of the other system"  # noqa: S105 - of this test only
ONE, TWO = "https://crm.example.com/hook", "https://other.example.com/hook"


class Others(httpx.AsyncBaseTransport):
    """Systems that answer as a test tells them to."""

    def __init__(self) -> None:
        self.taken: list[httpx.Request] = []
        self.answer: Callable[[httpx.Request], int | None] = lambda _: 200

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        status = self.answer(request)
        if status is None:
            raise httpx.ConnectError("nobody there")
        if status < 300:
            self.taken.append(request)
        return httpx.Response(status)

    def events(self, url: str) -> list[str]:
        return [request.headers["zongji-event"] for request in self.taken if str(request.url) == url]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteJourneyStore]:
    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    store.start()
    yield store
    store.stop()


class Office:
    """Webhooks at work towards `others`."""

    def __init__(self, store: SqliteJourneyStore, *hooks: Hook) -> None:
        self.store, self._given = store, hooks
        self.others, self.clock = Others(), BenchClock()
        self.alarms: list[Said] = []
        self._begin()

    def _begin(self) -> None:
        self.hooks = Webhooks(
            self.store,
            self._given,
            self.clock,
            self.alarms.append,
            httpx.AsyncClient(transport=self.others),
            lambda: BackOff(random.Random(1), 0.01, 0.02),
        )
        self.task = asyncio.create_task(self.hooks.run())

    async def __aenter__(self) -> Office:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def restart(self) -> None:
        await self.stop()
        self._begin()

    async def until_told(self) -> None:
        async def told() -> bool:
            return not any((await asyncio.to_thread(self.hooks.waiting)).values())

        await until(told)


async def test_everybody_hears_what_they_asked_for_in_order(store: SqliteJourneyStore) -> None:
    async with Office(store, Hook(ONE, SECRET), Hook(TWO, SECRET, ("call.missed",))) as office:
        for event in ("call.began", "call.ended", "call.missed"):
            await office.hooks.tell(event, {"id": "x"})
        await office.until_told()
        assert office.others.events(ONE) == ["call.began", "call.ended", "call.missed"]
        assert office.others.events(TWO) == ["call.missed"]


async def test_the_signature_is_of_the_body_and_the_moment(store: SqliteJourneyStore) -> None:
    async with Office(store, Hook(ONE, SECRET)) as office:
        await office.hooks.tell("call.ended", {"caller": "来电"})
        await office.until_told()
        (request,) = office.others.taken
        headers = request.headers
        expected = sign(SECRET, headers["zongji-delivery"], int(headers["zongji-time"]), request.content)
        assert headers["zongji-signature"] == expected
        assert sign("another", headers["zongji-delivery"], 0, request.content) != expected
        assert msgspec.json.decode(request.content)["data"] == {"caller": "来电"}


async def test_who_was_away_hears_it_later_once_each_and_in_order(store: SqliteJourneyStore) -> None:
    async with Office(store, Hook(ONE, SECRET)) as office:
        dice = random.Random(2)
        office.others.answer = lambda _: dice.choice([None, 500, 503, 429, 200])
        for number in range(20):
            await office.hooks.tell("call.ended", {"number": number})
        await office.until_told()
        told = [msgspec.json.decode(request.content)["data"]["number"] for request in office.others.taken]
        assert told == list(range(20))
        assert len({request.headers["zongji-delivery"] for request in office.others.taken}) == 20


async def test_a_restart_forgets_nothing(store: SqliteJourneyStore) -> None:
    async with Office(store, Hook(ONE, SECRET)) as office:
        asked: list[httpx.Request] = []
        office.others.answer = asked.append
        await office.hooks.tell("call.ended", {})
        await until(lambda: asked)
        office.others.answer = lambda _: 200
        await office.restart()
        await office.until_told()
        assert office.others.events(ONE) == ["call.ended"]


async def test_who_refuses_for_good_keeps_nobody_waiting(store: SqliteJourneyStore) -> None:
    async with Office(store, Hook(ONE, SECRET), Hook(TWO, SECRET)) as office:
        office.others.answer = lambda request: 404 if str(request.url) == ONE else 200
        await office.hooks.tell("call.ended", {})
        await office.until_told()
        assert office.others.events(TWO) == ["call.ended"]
        assert office.hooks.progress[ONE].given_up == 1
        assert ONE in str(office.alarms[0])
        assert SECRET not in str(office.alarms[0])


async def test_old_news_is_given_up(store: SqliteJourneyStore) -> None:
    async with Office(store, Hook(ONE, SECRET)) as office:
        office.others.answer = lambda _: 503
        await office.hooks.tell("call.ended", {})
        office.clock.mono_ms += 4 * 86_400_000
        await office.until_told()
        assert "three days" in str(office.alarms[0])


def journey(outcome: Outcome, *, message: bool = False) -> Journey:
    made = whole_journey(BenchClock())
    made.outcome, made.direction = outcome, Direction.INCOMING
    if message:
        made.voicemails = [VoicemailRecord("101", "one.wav", 0)]
    return made


@pytest.mark.parametrize(
    ("what", "made", "events"),
    [
        (RecordEvent.BEGAN, journey(Outcome.ANSWERED), ["call.began"]),
        (RecordEvent.ENDED, journey(Outcome.ANSWERED), ["call.ended"]),
        (RecordEvent.ENDED, journey(Outcome.ABANDONED), ["call.ended", "call.missed"]),
        (
            RecordEvent.ENDED,
            journey(Outcome.UNANSWERED, message=True),
            ["call.ended", "call.missed", "voicemail.left"],
        ),
        (RecordEvent.CHANGED, journey(Outcome.ANSWERED), ["call.changed"]),
    ],
)
def test_what_a_record_becomes(what: RecordEvent, made: Journey, events: list[str]) -> None:
    assert events_of(what, made) == events
