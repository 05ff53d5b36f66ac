"""The GSM driver against a fake modem: the line contract, over every kind of wire and for every model."""

from __future__ import annotations

import pytest

from hal.fake.dialects import DIALECTS
from hal.modems.model import known_models
from tests.contracts.line_contract import LineContract, LineHarness
from tests.hal.bench import WIRES, Bench

pytestmark = pytest.mark.looptime


class TestGsmLine(LineContract):
    @pytest.fixture(params=WIRES)
    def harness(self, request: pytest.FixtureRequest) -> LineHarness:
        return Bench(WIRES[request.param](seed=8))


class TestEveryModel(LineContract):
    @pytest.fixture(params=known_models())
    def harness(self, request: pytest.FixtureRequest) -> LineHarness:
        return Bench(WIRES["one byte at a time"](seed=8), model=request.param)


def test_every_profile_has_a_fake_of_its_dialect() -> None:
    assert set(known_models()) == set(DIALECTS)
