"""The line that other tests use in place of a driver passes the line contract like any driver's."""

from __future__ import annotations

import pytest

from tests.contracts.line_contract import Lacks, LineContract, LineHarness
from tests.hal.fake_line import FakeLine

pytestmark = pytest.mark.looptime


class _Harness:
    lacks: frozenset[Lacks] = frozenset()

    def __init__(self) -> None:
        self.line = FakeLine()
        self.far = self.line.far

    async def begin(self) -> None:
        await self.line.start()

    async def end(self) -> None:
        await self.line.stop()

    async def settle(self) -> None:
        """Nothing is ever under way."""


class TestFakeLine(LineContract):
    @pytest.fixture
    def harness(self) -> LineHarness:
        return _Harness()
