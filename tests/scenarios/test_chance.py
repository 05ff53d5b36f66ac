"""The whole office under chance: whatever callers, staff and settings do, what must never happen doesn't."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from extensions.conference import RoomSettings
from extensions.forwarding import Personal, When
from extensions.hunt import HuntGroup, Member, Strategy
from extensions.queue import AgentProfile, QueueSettings
from firmware.core.causes import Cause, Side
from firmware.core.leg import Ending, LegState
from firmware.settings.people import Extension
from firmware.switch.destinations import (
    Destination,
    ToConference,
    ToExtension,
    ToGroup,
    ToMobile,
    ToQueue,
    ToReception,
)
from firmware.switch.inbound import InboundPlan
from firmware.switch.numbering import NumberClass, Numbering
from firmware.switch.outbound.guard import Caps
from firmware.switch.outbound.lines import LineCondition, LineRates
from firmware.switch.outbound.outbound import OutboundSettings
from firmware.switch.outbound.rights import NightLock, Pin, Rights, ServiceClass
from tests.scenarios.office import Office
from tests.scenarios.routed import RoutedOffice
from tests.switch.fake_leg import FakeLeg

NUMBERS = ("101", "102", "103", "104", "105")
MOBILES = {"101": "13900139001", "102": "13900139002"}
TALKING = (LegState.CONNECTED, LegState.HELD)
RINGING = (LegState.RINGING, LegState.ALERTING)
SEEDS = st.integers(0, 1_000_000)


def _told(story: Callable[[Path], Coroutine[Any, Any, None]]) -> None:
    """Run a story in virtual time."""
    import looptime

    loop = looptime.new_event_loop()
    try:
        with TemporaryDirectory() as folder:
            loop.run_until_complete(story(Path(folder)))
            loop.run_until_complete(Office.close_all())
            for task in asyncio.all_tasks(loop):
                task.cancel()
                loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    finally:
        loop.close()


class Chance:
    """Phones and callers that do what the dice say, for some minutes."""

    def __init__(self, office: RoutedOffice, dice: random.Random) -> None:
        self.office = office
        self.dice = dice
        self.callers: list[FakeLeg] = []
        self.rung: list[FakeLeg] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def day(self, callers: int, *, meddle: Callable[[FakeLeg], None] | None = None) -> None:
        """Have so many call, one after the other, until everybody is gone."""
        phones = asyncio.create_task(self._phones(meddle))
        for _ in range(callers):
            await asyncio.sleep(self.dice.expovariate(1 / 8))
            number = None if self.dice.random() < 0.1 else f"1380013{self.dice.randrange(10):04}"
            caller = self.office.calls_in(number, self.dice.choice(("gsm1", "gsm2")))
            self.callers.append(caller)
            self._tasks.append(asyncio.create_task(self._caller(caller)))
        await asyncio.gather(*self._tasks)
        await self.office.until(lambda: not self.office.exchange.live(), seconds=4000)
        phones.cancel()
        await asyncio.gather(phones, return_exceptions=True)

    async def _caller(self, caller: FakeLeg) -> None:
        """Wait, key something, and hang up in the end, if the office doesn't before."""
        patience = self.dice.uniform(5, 300)
        for _ in range(self.dice.randrange(4)):
            await asyncio.sleep(patience / 4)
            if caller.ending is None and caller.state in TALKING:
                caller.far.presses(self.dice.choice(("1", "2", "5", "##103", "*72013500000000#", "4711#")))
        await asyncio.sleep(patience)
        if caller.ending is None:
            caller.far.ends()

    async def _phones(self, meddle: Callable[[FakeLeg], None] | None) -> None:
        """Have every phone that rings answer, refuse, ignore it or die."""
        seen: set[str] = set()
        while True:
            await asyncio.sleep(0.05)
            for leg in [*self.office.legs, *self.office.lines.legs]:
                if leg.id in seen or leg.state not in RINGING:
                    continue
                seen.add(leg.id)
                self._tasks.append(asyncio.create_task(self._phone(leg, meddle)))

    async def _phone(self, leg: FakeLeg, meddle: Callable[[FakeLeg], None] | None) -> None:
        await asyncio.sleep(self.dice.uniform(0.1, 12))
        if leg.ending is not None:
            return
        fate = self.dice.random()
        if fate < 0.15:
            leg.far.ends(Cause.BUSY)
        elif fate < 0.2:
            leg.far.ends(Cause.TEMPORARY_FAILURE, "the phone crashed", Side.WIRE)
        elif fate < 0.3:
            return
        else:
            leg.far.answers()
            await asyncio.sleep(self.dice.uniform(1, 60))
            if leg.ending is None and meddle is not None:
                meddle(leg)
            await asyncio.sleep(self.dice.uniform(1, 30))
            if leg.ending is None:
                leg.far.ends()


async def _staffed(folder: Path, dice: random.Random) -> RoutedOffice:
    """Return an office of five with a group and a queue that share people."""
    office = RoutedOffice(folder)
    strategy = dice.choice(list(Strategy))
    people = tuple(Extension(number, f"P{number}") for number in NUMBERS)
    await office.change(
        extensions=people,
        groups=(
            HuntGroup(
                "sales", tuple(Member(n, ring_seconds=8) for n in NUMBERS[:3]), strategy=strategy, seconds=30
            ),
        ),
        queues=(
            QueueSettings(
                "service",
                tuple(AgentProfile(n) for n in NUMBERS[1:]),
                strategy=dice.choice(list(Strategy)),
                ring_seconds=8,
                wrap_up_seconds=dice.choice((0.0, 5.0)),
                max_wait_seconds=120,
                join_without_agents=True,
                callback=False,
                overflow=(ToGroup("sales"),),
            ),
        ),
    )
    return office


@pytest.mark.slow
@pytest.mark.timeout(400)
@hypothesis_settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_no_phone_rings_twice_no_agent_has_two_calls_and_no_caller_is_forgotten(seed: int) -> None:
    async def story(folder: Path) -> None:
        dice = random.Random(seed)
        office = await _staffed(folder, dice)
        for number in NUMBERS[1:]:
            if dice.random() < 0.8:
                office.routing.desk.sign_in(number)
        places = (ToGroup("sales"), ToQueue("service")) if dice.random() < 0.5 else (ToQueue("service"),)
        await office.change(inbound=InboundPlan(otherwise=places))
        chance = Chance(office, dice)
        broken: list[str] = []

        async def watch() -> None:
            while True:
                await asyncio.sleep(0.05)
                rings = Counter(leg.address for leg in office.legs if leg.state in RINGING)
                talks = Counter(leg.address for leg in office.legs if leg.state in TALKING)
                broken.extend(f"{number} rings twice" for number, count in rings.items() if count > 1)
                broken.extend(f"{number} has two calls" for number, count in talks.items() if count > 1)
                broken.extend(f"{number} rings while it talks" for number in rings if number in talks)

        async def breaks() -> None:
            while True:
                await asyncio.sleep(dice.uniform(5, 40))
                number = dice.choice(NUMBERS[1:])
                if not office.routing.desk.is_signed_in(number):
                    office.routing.desk.sign_in(number)
                elif dice.random() < 0.5:
                    office.routing.desk.pause(number, "lunch")
                else:
                    office.routing.desk.resume(number)

        beside = [asyncio.create_task(watch()), asyncio.create_task(breaks())]
        await chance.day(12)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        assert broken == []
        assert len(office.store.closed) == len(chance.callers)
        for journey in office.store.closed:
            assert journey.outcome is not None and journey.cause is not None
            assert all(wait.end is not None and wait.ended_ms is not None for wait in journey.queue_waits)
            assert all(ring.result is not None for ring in journey.rings)
        assert all(model.waiting() == [] for model in office.routing.desk.queues.values())
        assert all(
            agent.caller is None
            for model in office.routing.desk.queues.values()
            for agent in model.agents.values()
        )

    _told(story)


@pytest.mark.slow
@pytest.mark.timeout(400)
@hypothesis_settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_no_caller_causes_an_outside_call_but_by_a_members_own_forwarding(seed: int) -> None:
    async def story(folder: Path) -> None:
        dice = random.Random(seed)
        office = await _staffed(folder, dice)
        for number in NUMBERS[1:]:
            office.routing.desk.sign_in(number)
        for number, mobile in MOBILES.items():
            forward = {When.NO_ANSWER: mobile} if dice.random() < 0.5 else {}
            wishes = Personal(
                mobile=mobile, forward=forward, follow_me=dice.random() < 0.5, no_answer_seconds=5, pin="4711"
            )
            await office.person(number, personal=wishes)
        await office.change(rooms=(RoomSettings("team", "800"),))
        office.destinations.register(ToReception, office._menu)
        targets: list[Destination] = [
            ToGroup("sales"), ToQueue("service"), ToConference("team"), ToMobile("101"), ToReception(),
            *(ToExtension(number, 8) for number in NUMBERS),
        ]  # fmt: skip
        await office.change(inbound=InboundPlan(otherwise=tuple(dice.sample(targets, 3)), direct_digits=3))
        for number in NUMBERS:
            away = Ending(Cause.NUMBER_CHANGED, Side.THEM, "302", redirected_to=dice.choice(OUTSIDE))
            if dice.random() < 0.4:
                office.next_legs.append(FakeLeg.outgoing(number, media=office.media, ring_ends=away))

        def meddle(leg: FakeLeg) -> None:
            """A member of staff sends the caller on, or the caller's own phone plays tricks."""
            number = dice.choice(OUTSIDE)
            if dice.random() < 0.5:
                leg.far.presses(f"##{number}#")
            else:
                leg.far.asks_transfer(number)

        allowed = set(MOBILES.values())
        await Chance(office, dice).day(6, meddle=meddle)
        assert {digits for _, digits in office.lines.dialled} <= allowed

    _told(story)


OUTSIDE = ("013500000000", "13500000000", "0013475551234", "110", "9110", "95588", "01084561234")

CLASSES = st.lists(st.sampled_from(list(NumberClass)), unique=True).map(tuple)
SERVICES = st.builds(ServiceClass, allowed=CLASSES, at_night=CLASSES, pin_allowed=st.booleans())
RIGHTS = st.builds(
    Rights,
    classes=st.fixed_dictionaries({"national": SERVICES, "none": SERVICES}),
    default=st.sampled_from(("national", "none")),
    night_lock=st.builds(NightLock, st.just("00:00"), st.just("23:59"), st.booleans()),
    pins=st.sampled_from(((), (Pin("123456", "x", "none"),))),
)
CAPS = st.builds(
    Caps,
    extension_minutes=st.integers(0, 2),
    line_minutes=st.integers(0, 2),
    total_minutes=st.integers(0, 2),
    total_cost=st.sampled_from((0.0, 0.01)),
    burst_calls=st.just(1),
)
RATES = st.builds(LineRates, classes=CLASSES, per_call=st.floats(0, 9), billed_seconds=st.integers(1, 60))
SETTINGS = st.builds(
    OutboundSettings, rights=RIGHTS, caps=CAPS, lines=st.fixed_dictionaries({"gsm1": RATES, "gsm2": RATES})
)
CONDITIONS = st.sampled_from(list(LineCondition))


@hypothesis_settings(max_examples=15, deadline=None)
@given(
    outbound=SETTINGS,
    prefix=st.sampled_from(("", "0", "9", "00", "1")),
    number=st.sampled_from(("110", "119", "120", "122", "112", "911")),
    prefixed=st.booleans(),
    conditions=st.tuples(CONDITIONS, CONDITIONS),
    wishes=st.builds(Personal, do_not_disturb=st.booleans()),
)
def test_emergency_numbers_are_dialled_whatever_the_settings(
    outbound: OutboundSettings,
    prefix: str,
    number: str,
    prefixed: bool,
    conditions: tuple[LineCondition, LineCondition],
    wishes: Personal,
) -> None:
    async def story(folder: Path) -> None:
        office = RoutedOffice(folder)
        await office.change(outbound=outbound, numbering=Numbering(outside_prefix=prefix))
        await office.person("101", personal=wishes, service_class="")
        office.outbound.guard.usage.total_seconds = 1e9
        office.lines.conditions = dict(zip(("gsm1", "gsm2"), conditions, strict=True))
        office.dials("101", f"{prefix}{number}" if prefixed else number)
        centre = await office.line_dials(number)
        centre.far.answers()
        await office.until(lambda: centre.state is LegState.CONNECTED)

    _told(story)


def test_the_settings_drawn_are_settings() -> None:
    assert msgspec.json.decode(msgspec.json.encode(OutboundSettings()), type=OutboundSettings)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"caps": {"burst_calls": 0}}, OutboundSettings)
