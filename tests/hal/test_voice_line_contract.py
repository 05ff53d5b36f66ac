"""The V.253 driver against a fake voice modem: the line contract, over every wire and for every model."""

from __future__ import annotations

import pytest

from hal.fake.voice_modem import SPECIMENS
from hal.modems.voice.profile import known_voice_models
from tests.contracts.line_contract import LineContract, LineHarness
from tests.hal.bench import STREAM_WIRES, VoiceBench

pytestmark = pytest.mark.looptime


class TestVoiceLine(LineContract):
    @pytest.fixture(params=STREAM_WIRES)
    def harness(self, request: pytest.FixtureRequest) -> LineHarness:
        return VoiceBench(STREAM_WIRES[request.param](seed=9))


class TestEveryVoiceModel(LineContract):
    @pytest.fixture(params=SPECIMENS)
    def harness(self, request: pytest.FixtureRequest) -> LineHarness:
        wire = STREAM_WIRES["good"](seed=10)
        return VoiceBench(wire, quirks=SPECIMENS[request.param](), model=request.param)


def test_every_voice_model_has_a_specimen() -> None:
    assert set(SPECIMENS) == set(known_voice_models())
