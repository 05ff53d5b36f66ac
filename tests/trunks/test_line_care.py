"""What an installer sets for a line is done on its calls, on those that stand, too."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from firmware.app.api.settings import SettingsDesk
from firmware.app.line_care import LineCare
from firmware.app.parts import Parts
from firmware.control.line_care import LearnBusyTone, LineCareDone
from firmware.core.clock import SystemClock
from firmware.core.errors import UserError
from firmware.core.media import LearnedTone
from firmware.settings.lines import LineSettings
from firmware.settings.store import SettingsStore
from hal.line import DialToneLine
from tests.hal.bench import VoiceBench
from tests.hal.board_bench import ExchangeBench
from tests.media.fake_media import FakeMedia
from tests.trunks.one_line import Office, office

pytestmark = pytest.mark.looptime


async def cared_for(place: Office, folder: Path) -> SettingsStore:
    """Have the lines of an office cared for; return the settings that say how."""
    settings = SettingsStore(folder / "settings.json")
    settings.open()
    parts = SimpleNamespace(trunks=place.trunks, settings=settings, plane=place.media)
    LineCare(cast(Parts, parts)).start()
    return settings


async def sets(settings: SettingsStore, line: LineSettings) -> None:
    await settings.change(lambda now: msgspec.structs.replace(now, lines=(line,)))


async def test_gain_silence_and_a_learned_tone_are_those_of_the_line(tmp_path: Path) -> None:
    async with office() as place:
        settings = await cared_for(place, tmp_path)
        await sets(settings, LineSettings("gsm1", gain_db=3.0, level_control=True, silence_seconds=60))
        leg = await place.caller()
        await leg.answer()
        assert leg.port is not None
        options = place.media.options_of(leg.port)
        assert (options.gain_db, options.silence_ms, options.learned_tones) == (3.0, 60_000, ())
        assert options.level_control
        await sets(settings, LineSettings("gsm1", busy_hertz=(425.0,), busy_on_ms=200, busy_off_ms=200))
        options = place.media.options_of(leg.port)
        assert (options.gain_db, options.silence_ms, options.level_control) == (0.0, 0, False)
        assert [tone.frequencies for tone in options.learned_tones] == [(425.0,)]
        await leg.hang_up()


async def test_whether_a_line_has_dial_tone_is_said_by_the_installer(tmp_path: Path) -> None:
    lines: list[DialToneLine] = [ExchangeBench().line, VoiceBench(name="pstn2").line]
    settings = SettingsStore(tmp_path / "settings.json")
    settings.open()
    parts = SimpleNamespace(trunks=SimpleNamespace(lines=lines), settings=settings, plane=FakeMedia())
    LineCare(cast(Parts, parts)).start()
    assert [line.expects_dial_tone for line in lines] == [True, True]
    await settings.change(
        lambda now: msgspec.structs.replace(now, lines=(LineSettings("pstn1", dial_tone=False),))
    )
    assert [line.expects_dial_tone for line in lines] == [False, True]
    await settings.change(
        lambda now: msgspec.structs.replace(now, lines=(LineSettings("pstn2", dial_tone=False),))
    )
    assert [line.expects_dial_tone for line in lines] == [True, False]


async def test_a_learned_busy_tone_is_stored_by_whom_and_an_unsteady_one_is_not(tmp_path: Path) -> None:
    async with office() as place:
        settings = SettingsStore(tmp_path / "settings.json")
        settings.open()
        desk = SettingsDesk(settings, tmp_path / "history.jsonl", SystemClock())
        parts = SimpleNamespace(trunks=place.trunks, settings=settings, plane=place.media, editing=desk)
        care = LineCare(cast(Parts, parts))
        care.start()
        with pytest.raises(UserError, match="There is no call on gsm1"):
            await care.learn(LearnBusyTone(line="gsm1", by="anna"))
        leg = await place.caller()
        await leg.answer()
        assert leg.port is not None
        with pytest.raises(UserError, match="No steady tone"):
            await care.learn(LearnBusyTone(line="gsm1", by="anna"))
        place.media.tones_to_learn[leg.port] = LearnedTone((450.0,), (350, 350))
        told = await care.learn(LearnBusyTone(line="gsm1", by="anna"))
        assert told == LineCareDone(text="450 Hz, 350/350 ms")
        (kept,) = settings.current.lines
        assert (kept.busy_hertz, kept.busy_on_ms, kept.busy_off_ms) == ((450.0,), 350, 350)
        assert (await desk.history(1))[0].by == "anna"
