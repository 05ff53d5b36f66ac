"""The reset button of the front panel: a short press says the address, ten seconds let people in again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from firmware.app import front_panel
from firmware.app.front_panel import Panel
from firmware.app.parts import Parts
from firmware.app.voice import Voice
from firmware.control.access import AllowPasswordReset
from firmware.control.steward import ResetNetwork
from firmware.core.errors import UserError
from firmware.core.media import PlayItem, PlayTone
from firmware.core.paths import StatePaths
from firmware.profile import PanelProfile, Profile
from firmware.settings.store import SettingsStore
from hal.panel import LONG_PRESS
from tests.contracts.line_contract import running
from tests.hal.board_bench import HandsetBench
from tests.media.fake_media import FakeMedia

pytestmark = pytest.mark.looptime

BUTTON = 19
ADDRESS = "192.168.1.60"


class _Speaker:
    """Says a digit as so many Hz."""

    def __init__(self, *_: object) -> None: ...

    def digits(self, text: str) -> list[PlayItem]:
        return [PlayTone((float(digit),), (), duration_ms=300) for digit in text]

    @staticmethod
    def heard(item: PlayItem) -> str:
        return f"{item.frequencies[0]:.0f}" if isinstance(item, PlayTone) else "."


class Box:
    """A box with a panel and a handset; the steward is the test's."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths = StatePaths(folder)
        self.paths.ensure()
        self.settings = SettingsStore(self.paths.settings)
        self.settings.open()
        self.bench = HandsetBench()
        self.media = FakeMedia()
        self.asked: list[object] = []
        self.steward_fails = False
        self.alarms: list[object] = []
        parts = SimpleNamespace(
            profile=Profile(panel=PanelProfile(reset_button=BUTTON)),
            trunks=SimpleNamespace(lines=(self.bench.line,)),
            plane=self.media,
            paths=self.paths,
            settings=self.settings,
            alarms=self.alarms.append,
            answers=SimpleNamespace(replies={AllowPasswordReset: self._allow}),
        )
        monkeypatch.setattr(front_panel, "ask_steward", self._steward)
        monkeypatch.setattr(front_panel, "_address", lambda: ADDRESS)
        monkeypatch.setattr(front_panel, "OfficeSpeaker", _Speaker)
        self.panel = Panel(cast(Parts, parts), cast(Voice, None), {})

    async def _allow(self, request: AllowPasswordReset) -> None:
        self.asked.append(request)

    async def _steward(self, request: object) -> None:
        self.asked.append(request)
        if self.steward_fails:
            raise UserError("no steward")

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.paths.root.rglob("*") if path.is_file()}


@pytest.fixture
def pins() -> Iterator[Any]:
    before, Device.pin_factory = Device.pin_factory, MockFactory(pin_class=MockPWMPin)
    yield Device.pin_factory
    Device.pin_factory.reset()
    Device.pin_factory = before


@pytest.fixture
def box(pins: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Box]:
    return lambda: Box(tmp_path, monkeypatch)


@contextlib.asynccontextmanager
async def on(make: Callable[[], Box]) -> AsyncIterator[Box]:
    """Have the box run, its handset on the hook."""
    box = make()
    try:
        async with running(box.bench):
            yield box
    finally:
        box.panel.close()


async def pressed(pins: Any, seconds: float) -> None:
    pins.pin(BUTTON).drive_low()
    await asyncio.sleep(seconds)
    pins.pin(BUTTON).drive_high()
    await asyncio.sleep(0.2)


async def test_a_short_press_rings_the_handset_and_says_the_address_twice(
    box: Callable[[], Box], pins: Any
) -> None:
    async with on(box) as place:
        await pressed(pins, 0.3)
        await asyncio.sleep(2)
        assert not place.bench.is_free()
        place.bench.telephone.lift()
        await asyncio.sleep(40)
        spoken = ["".join(map(_Speaker.heard, one.items)) for one in place.media.played]
        assert spoken == [f"{ADDRESS}."] * 2
        assert place.asked == []


async def test_ten_seconds_reset_network_and_password_and_never_any_data(
    box: Callable[[], Box], pins: Any
) -> None:
    async with on(box) as place:
        before = place.files()
        await pressed(pins, LONG_PRESS + 0.5)
        assert place.asked == [AllowPasswordReset(), ResetNetwork(by="reset button")]
        assert len(place.alarms) == 1
        assert place.files() == before
        assert place.media.played == []


async def test_less_than_ten_seconds_reset_nothing(box: Callable[[], Box], pins: Any) -> None:
    async with on(box) as place:
        await pressed(pins, LONG_PRESS - 0.5)
        assert place.asked == []
        assert place.alarms == []


async def test_a_new_password_may_be_chosen_even_where_the_network_can_not_be_reset(
    box: Callable[[], Box], pins: Any
) -> None:
    async with on(box) as place:
        place.steward_fails = True
        await pressed(pins, LONG_PRESS + 0.5)
        assert AllowPasswordReset() in place.asked
