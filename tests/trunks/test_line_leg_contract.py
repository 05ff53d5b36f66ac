"""`LineLeg` on the GSM driver and the fake modem: the leg contract, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from firmware.core.leg import Leg
from firmware.trunks.line_leg import LineLeg
from firmware.trunks.trunks import Trunks
from hal.fake.network import CallState, FakeCall
from hal.fake.quirks import Quirks
from hal.line import Line, LineState
from tests.contracts.leg_contract import LegContract
from tests.contracts.leg_harness import FarEnd, Lacks, LegHarness
from tests.hal.bench import Bench
from tests.media.fake_media import FakeMedia

pytestmark = pytest.mark.looptime

NUMBER = "13900139000"


class _Party:
    """The party at the other end of the fake mobile network."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def alert(self) -> None:
        await asyncio.sleep(1)

    async def answer(self) -> None:
        call = self._call()
        if call is not None and call.state is not CallState.ENDED:
            self._bench.advance()
            self._bench.network.party_answers(call)
            self._bench.flush()

    async def be_busy(self) -> None:
        self._refuse("BUSY")

    async def decline(self) -> None:
        self._refuse("NO CARRIER")

    async def hang_up(self) -> None:
        self._bench.hang_up()

    async def press(self, digits: str) -> None:
        self._bench.press(digits)
        await asyncio.sleep(0.3 * len(digits) + 1)

    async def hold(self) -> None:
        raise AssertionError("a line lacks holds (`Lacks.FAR_HOLD`): no story asks for one")

    async def resume(self) -> None:
        raise AssertionError("a line lacks holds (`Lacks.FAR_HOLD`): no story asks for one")

    def is_rung(self) -> bool:
        call = self._call()
        return call is not None and call.state in (CallState.DIALLING, CallState.RINGING)

    def is_talking(self) -> bool:
        return self._bench.is_talking()

    def is_held(self) -> bool:
        return False

    def is_free(self) -> bool:
        return self._bench.is_free()

    def was_told_busy(self) -> bool:
        return False

    def _call(self) -> FakeCall | None:
        return next(iter(self._bench.network.calls.values()), None)

    def _refuse(self, word: str) -> None:
        call = self._call()
        if call is not None:
            self._bench.advance()
            self._bench.network.refuse(call, word)
            self._bench.flush()


class LineLegHarness:
    lacks = frozenset(
        {Lacks.DECLINE, Lacks.REFUSE_WITH_BUSY, Lacks.PROGRESS, Lacks.FAR_HOLD, Lacks.NEAR_HOLD}
    )

    def __init__(self) -> None:
        self.bench = Bench(quirks=Quirks(audio_refused_seconds=1.2))
        self.media = FakeMedia()
        self._offered: asyncio.Queue[LineLeg] = asyncio.Queue()
        self.trunks = Trunks([self.bench.line], self.media, self._take)

    async def outgoing(self) -> tuple[Leg, FarEnd]:
        await self._ready()
        self.bench.will_not_answer(NUMBER)
        leg = self.trunks.outgoing(NUMBER)
        assert leg is not None
        return leg, _Party(self.bench)

    async def incoming(self) -> tuple[Leg, FarEnd]:
        await self._ready()
        self.bench.call("13800138000")
        return await self._offered.get(), _Party(self.bench)

    async def settle(self) -> None:
        await asyncio.sleep(0.4)

    def open_ports(self) -> int:
        return len(self.media.ports)

    def _take(self, leg: LineLeg, line: Line) -> None:
        self._offered.put_nowait(leg)

    async def _ready(self) -> None:
        self.bench.come_back()
        await self.trunks.start()
        while self.bench.line.state is not LineState.READY:
            await asyncio.sleep(0.1)


class TestLineLeg(LegContract):
    @pytest.fixture
    def harness(self) -> LegHarness:
        return LineLegHarness()
