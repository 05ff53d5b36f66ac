"""The handset's dial tone tells of waiting messages."""

from __future__ import annotations

from typing import cast

from firmware.core.media import PlayTone
from firmware.trunks.handset import STUTTER_MS, Handset
from firmware.trunks.line_leg import LineLeg
from hal.line import HandsetLike
from tests.media.fake_media import FakeMedia
from tests.switch.fake_leg import FakeLeg


async def test_the_dial_tone_stutters_while_messages_wait() -> None:
    media = FakeMedia()
    leg = FakeLeg.incoming("handset", media=media)
    await leg.answer()
    handset = Handset(cast(HandsetLike, None), media, "101", lambda _: False, lambda leg, digits: None)
    cadences = []
    for waiting in (False, True, False):
        handset.waiting = lambda waiting=waiting: waiting  # type: ignore[misc]  # bound now, asked with nothing
        handset._sound(cast(LineLeg, leg), "dial")
        tone = media.played[-1].items[0]
        assert isinstance(tone, PlayTone)
        cadences.append(tone.cadence_ms)
    assert cadences == [(), STUTTER_MS, ()]
    handset._sound(cast(LineLeg, leg), "")
    assert not media.played[-1].running
