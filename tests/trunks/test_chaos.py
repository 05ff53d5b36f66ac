"""Ten simulated minutes, 500 calls, two lines whose modems vanish, restart, babble and brown out: seeded.

Every call that came in is in the records as the network saw it, every call out ends with a truthful cause,
every line is back within 30 s of its modem, no message is lost or doubled, nothing is left open.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from functools import partial
from pathlib import Path

import pytest

from extensions.directory import OfficeDirectory
from firmware.core.causes import Cause, Side
from firmware.core.leg import Direction, Ending, Leg, LegEnded, LegState, Party
from firmware.core.records import Journey, Outcome
from firmware.core.texts import TextState
from firmware.store.records import SqliteJourneyStore
from firmware.switch.call import Call
from firmware.switch.exchange import Exchange
from firmware.trunks.line_leg import LineLeg
from firmware.trunks.texting import REPORT_PATIENCE, Texting
from firmware.trunks.trunks import Trunks
from hal.fake.network import CallState, FakeCall, PartyScript
from hal.line import Line, LineState
from tests.hal.bench import Bench
from tests.media.fake_media import FakeMedia
from tests.switch.fake_leg import FakeLeg
from tests.trunks.test_texting import Clock, Disk, Store

pytestmark = [pytest.mark.looptime, pytest.mark.slow]

MINUTES = 10
CALLS = 500
BACK_WITHIN = 30.0
UNSEEN_MS = 600
"""A modem that restarts is silent for its boot; until then nobody can know that its call is gone."""
UNSAID_MS = 5000
"""One that forgets which port to notify doesn't say it either: its list of calls is asked for every 2 s, and
believed the second time."""


class Town:
    """Callers, writers and accidents around two lines."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.benches = [Bench(), Bench(model="ec25")]
        self.benches[1].line.name = "gsm2"
        self.media = FakeMedia()
        self.trunks = Trunks([bench.line for bench in self.benches], self.media, self.rings)
        self.store = Store(Disk(folder / "records.sqlite"), Clock())
        self.texting = Texting(self.trunks, self.store)
        self.records = SqliteJourneyStore(folder / "journeys.sqlite", Clock())
        self.exchange = Exchange(
            self.records,
            Clock(),
            self.media,
            OfficeDirectory([], None, FakeLeg.outgoing),
        )
        self.legs: list[Leg] = []
        self.callers_in: dict[str, tuple[Bench, FakeCall]] = {}
        """By number: the network's side of every call that rang."""
        self.late: list[float] = []
        self.written: list[str] = []
        self.running: set[asyncio.Task[None]] = set()

    def rings(self, leg: LineLeg, line: Line) -> None:
        self.legs.append(leg)
        self.exchange.take(leg, self.serve)

    def attend(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def serve(self, call: Call) -> None:
        """Answer, talk for a while, hang up, as a switchboard does."""
        await asyncio.sleep(self.dice.uniform(0, 1.5))
        await call.answer()
        await asyncio.sleep(self.dice.uniform(0.2, 2.5))

    async def callers(self) -> None:
        """Calls in and out, until there were enough."""
        made = 0
        while made < CALLS:
            await asyncio.sleep(self.dice.uniform(0.3, 1.6))
            bench = self.dice.choice(self.benches)
            if self.dice.random() < 0.7:
                bench.advance()
                number = f"138{made:08}"
                call = bench.network.call(PartyScript(number, give_up_after=self.dice.uniform(2, 20)))
                bench.flush()
                if call.state is not CallState.ENDED:
                    made += 1
                    self.callers_in[number] = (bench, call)
                if call.state is not CallState.ENDED and self.dice.random() < 0.5:
                    self.attend(self.give_up(bench, call, self.dice.uniform(1, 4)))
            else:
                number = f"139{made:08}"
                self.dice.choice((bench.will_answer, bench.will_be_busy, bench.will_refuse))(number)
                leg = self.trunks.outgoing(number)
                if leg is not None:
                    made += 1
                    self.legs.append(leg)
                    self.attend(self.place(leg))

    async def give_up(self, bench: Bench, call: FakeCall, seconds: float) -> None:
        await asyncio.sleep(seconds)
        bench.act(lambda: bench.network.party_hangs_up(call))

    async def place(self, leg: LineLeg) -> None:
        try:
            await leg.ring(Party("101"))
            await leg.answered()
            await asyncio.sleep(self.dice.uniform(0.2, 2))
        except LegEnded:
            return
        await leg.hang_up()

    async def accidents_happen(self) -> None:
        """What modems do: vanish, restart, babble, brown out."""
        while True:
            await asyncio.sleep(self.dice.uniform(8, 25))
            at = self.dice.randrange(len(self.benches))
            bench = self.benches[at]
            match self.dice.randrange(4):
                case 0:
                    await self.gone(at, self.dice.uniform(0.5, 8))
                case 1:
                    bench.act(bench.modem.power_off)
                    bench.act(bench.modem.power_on)
                    await self.is_back(bench)
                case 2:
                    noise = self.dice.randbytes(self.dice.randrange(4000))
                    bench.act(partial(bench.modem.say_raw, noise))
                    await self.is_back(bench)
                case _:
                    for _ in range(3):
                        await self.gone(at, 0.4)

    async def gone(self, at: int, seconds: float) -> None:
        bench = self.benches[at]
        bench.vanish()
        await asyncio.sleep(seconds)
        bench.come_back()
        await self.is_back(bench)

    async def is_back(self, bench: Bench) -> None:
        """Measure how long the line takes; what an accident does to it shows within a second."""
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(1)
        while bench.line.state not in (LineState.READY, LineState.IN_CALL):
            await asyncio.sleep(0.2)
            if asyncio.get_running_loop().time() - began > BACK_WITHIN:
                break
        self.late.append(asyncio.get_running_loop().time() - began)

    async def writers(self) -> None:
        for count in range(40):
            await asyncio.sleep(self.dice.uniform(3, 15))
            self.written.append(await self.texting.send("13700137000", f"message {count}"))
            bench = self.dice.choice(self.benches)
            bench.text(f"+86135{count:08}", f"letter {count}")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_ten_minutes_of_chaos(seed: int, tmp_path: Path) -> None:
    town = Town(tmp_path, seed)
    heard: list[str] = []
    open_before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    town.records.start()
    for bench in town.benches:
        bench.come_back()
    await town.trunks.start()
    town.texting.start()
    town.texting.listen(lambda text: heard.append(text.body))
    while any(line.state is not LineState.READY for line in town.trunks.lines):
        await asyncio.sleep(0.1)
    accidents = asyncio.create_task(town.accidents_happen())
    async with asyncio.timeout(MINUTES * 60 * 2):
        await asyncio.gather(town.callers(), town.writers())
    accidents.cancel()
    await asyncio.gather(accidents, return_exceptions=True)
    for bench in town.benches:
        if not bench.plugged:
            bench.come_back()
    await asyncio.sleep(60)
    await asyncio.gather(*list(town.running), return_exceptions=True)

    # Every call has an ending, and one that is true of its kind.
    assert len(town.callers_in) + sum(leg.direction is Direction.OUTGOING for leg in town.legs) >= CALLS
    for leg in town.legs:
        assert (leg.state, leg.port) == (LegState.ENDED, None)
        assert isinstance(leg.ending, Ending)
        if leg.ending.by is Side.US:
            assert leg.ending.cause is Cause.NORMAL
        if leg.ending.cause is Cause.NETWORK_OUT_OF_ORDER:
            assert leg.ending.by is Side.WIRE
    assert town.media.ports == {}
    assert all(line.state is LineState.READY for line in town.trunks.lines)
    assert max(town.late) < BACK_WITHIN

    # No message is lost or doubled.
    await asyncio.sleep(REPORT_PATIENCE + 200)
    for key in town.written:
        text = await town.store.get(key)
        assert text is not None
        assert text.state in (TextState.DELIVERED, TextState.SENT), text
    sent = sorted(one.text for bench in town.benches for one in bench.network.texts.joined())
    assert sent == sorted(f"message {count}" for count in range(40))
    assert sorted(heard) == sorted(f"letter {count}" for count in range(40))
    await town.texting.stop()
    await town.trunks.stop()
    await town.exchange.stop()
    town.records.stop()
    for bench in town.benches:
        await bench.end()
    journeys = town.records.reader.find(2 * CALLS)
    assert town.records.reader.open_journeys() == []
    by_number = {journey.caller: journey for journey in journeys if journey.caller is not None}
    for number, (bench, call) in town.callers_in.items():
        is_true(by_number.get(number), bench, call)
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) <= open_before + 2, "descriptors are left open"


def is_true(journey: Journey | None, bench: Bench, call: FakeCall) -> None:
    """Hold a call's record against what the network saw of it."""
    happened = {one.word: one.detail for one in bench.network.history if one.call == call.id}
    said = (call.number, happened, journey)
    if journey is None:
        # Rung and gone with its modem before the modem could say so, or before it was heard.
        assert happened["ended"] in ("modem vanished", "party hung up"), said
        assert "answered" not in happened, said
        return
    assert journey.outcome is not None, said
    (leg,) = journey.legs
    if leg.answered_ms is not None:
        assert "answered" in happened, said
    if happened["ended"] == "modem hung up" and "answered" in happened:
        assert leg.ended_by is not Side.THEM, said
    if happened["ended"] == "modem vanished" and leg.answered_ms is not None:
        # Unless we had hung up, and the modem vanished before it had taken that.
        gone_ms = 1000 * next(h.at for h in bench.network.history if (h.call, h.word) == (call.id, "ended"))
        unseen_ms = UNSEEN_MS if bench.modem.dialect.notifies_on is None else UNSAID_MS
        ours = leg.ended_ms is not None and journey.started.mono_ms + leg.ended_ms <= gone_ms + unseen_ms
        assert leg.ended_by is Side.WIRE or (leg.ended_by is Side.US and ours), said
    if "answered" not in happened:
        assert journey.outcome is not Outcome.ANSWERED, said
