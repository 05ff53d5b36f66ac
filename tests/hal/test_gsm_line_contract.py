"""The GSM driver against the fake SIM7600: the line contract, over every kind of wire."""

from __future__ import annotations

import pytest

from tests.contracts.line_contract import LineContract, LineHarness
from tests.hal.bench import WIRES, Bench

pytestmark = pytest.mark.looptime


class TestGsmLine(LineContract):
    @pytest.fixture(params=WIRES)
    def harness(self, request: pytest.FixtureRequest) -> LineHarness:
        return Bench(WIRES[request.param](seed=7))
