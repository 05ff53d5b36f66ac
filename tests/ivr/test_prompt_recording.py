"""Somebody records a prompt from a phone, told as stories in virtual time."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.core.errors import UserError
from ivr.prompts import record_by_phone
from ivr.prompts.audio import RATE
from ivr.prompts.own import OwnPrompts
from tests.scenarios.office import Office, trace
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


class Studio:
    """An office in which 101 records the prompt "spring-sale"; a take is as long as it was silent."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.office = Office(folder)
        self.own = OwnPrompts(folder / "prompts")
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.takes: list[int] = []
        """Bytes of the file of each take."""
        self.silent_takes = 0
        """How many takes from now on are silent."""
        monkeypatch.setattr(record_by_phone, "normalised", self._normalised)

    def phone_records(self) -> FakeLeg:
        phone = FakeLeg.incoming("101", "101", media=self.office.media)
        script = partial(
            record_by_phone.record_by_phone,
            prompts=self.office.prompts,
            own=self.own,
            language="en",
            name="spring-sale",
            scratch=self.scratch,
        )

        async def run(call: object) -> None:
            self.kept = await script(call)  # type: ignore[arg-type]  # the exchange hands in a Call

        self.office.exchange.take(phone, run)
        return phone

    async def take(self, phone: FakeLeg, seconds: float) -> None:
        """Have the person speak so long and press a key."""
        count = len(self.office.media.recordings)
        await self.office.until(lambda: len(self.office.media.recordings) > count)
        await asyncio.sleep(seconds)
        phone.far.presses("5")

    def _normalised(self, data: bytes, cut_seconds: float) -> NDArray[np.float32]:
        self.takes.append(len(data))
        if self.silent_takes:
            self.silent_takes -= 1
            raise UserError("The recording is silent.")
        assert 0.1 <= cut_seconds <= 0.4
        return np.full(RATE, 0.1, np.float32)


@pytest.fixture
async def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    return Studio(tmp_path, monkeypatch)


async def test_a_prompt_is_recorded_heard_and_kept(studio: Studio) -> None:
    phone = studio.phone_records()
    await studio.take(phone, 4.0)
    await studio.office.hears(phone, "review-prompt")
    phone.far.presses("1")
    await studio.office.hears(phone, "prompt-kept")
    journey = await studio.office.journey()
    assert studio.kept
    assert [prompt.name for prompt in studio.own.listed("en")] == ["spring-sale"]
    assert trace(journey) == ["prompt spring-sale recorded: 1.0 s"]
    assert studio.takes[0] == pytest.approx(4 * RATE * 4, rel=0.01)
    assert list(studio.scratch.iterdir()) == []


async def test_a_take_may_be_heard_again_and_made_again(studio: Studio) -> None:
    phone = studio.phone_records()
    await studio.take(phone, 2.0)
    for key in "23":
        await studio.office.hears(phone, "review-prompt")
        await asyncio.sleep(0.5)
        heard = len(studio.office.has_heard(phone))
        phone.far.presses(key)
        await studio.office.until(lambda heard=heard: len(studio.office.has_heard(phone)) > heard)  # type: ignore[misc]
    await studio.take(phone, 2.0)
    await studio.office.hears(phone, "review-prompt")
    phone.far.presses("1")
    await studio.office.journey()
    assert len(studio.takes) == 2
    assert studio.kept


async def test_silence_is_said_to_be_silence_and_asked_for_again(studio: Studio) -> None:
    studio.silent_takes = 1
    phone = studio.phone_records()
    await studio.take(phone, 2.0)
    await studio.office.until(lambda: "nothing-recorded" in studio.office.has_heard(phone))
    await studio.take(phone, 2.0)
    await studio.office.hears(phone, "review-prompt")


@pytest.mark.parametrize("keys", ["", "9"])
async def test_without_a_decision_nothing_is_kept(studio: Studio, keys: str) -> None:
    phone = studio.phone_records()
    await studio.take(phone, 2.0)
    await studio.office.hears(phone, "review-prompt")
    phone.far.presses(keys)
    await studio.office.hears(phone, "prompt-not-kept")
    await studio.office.journey()
    assert not studio.kept
    assert studio.own.listed("en") == []


async def test_hanging_up_in_mid_take_leaves_nothing_behind(studio: Studio) -> None:
    phone = studio.phone_records()
    await studio.office.until(lambda: len(studio.office.media.recordings) == 1)
    phone.far.ends()
    await studio.office.journey()
    assert list(studio.scratch.iterdir()) == []
    assert studio.own.listed("en") == []
    assert not studio.office.media.recordings[0].running
