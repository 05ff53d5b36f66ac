"""Exchange line and handset on the real board code: the line contract, over every kind of wire."""

from __future__ import annotations

import pytest

from tests.contracts.line_contract import LineContract, LineHarness
from tests.hal.board_bench import UARTS, ExchangeBench, HandsetBench

pytestmark = pytest.mark.looptime


class TestFxoLine(LineContract):
    @pytest.fixture(params=UARTS)
    def harness(self, request: pytest.FixtureRequest) -> LineHarness:
        return ExchangeBench(UARTS[request.param](seed=11))


class TestHandsetLine(LineContract):
    @pytest.fixture(params=UARTS)
    def harness(self, request: pytest.FixtureRequest) -> LineHarness:
        return HandsetBench(UARTS[request.param](seed=12))
