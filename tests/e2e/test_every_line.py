"""Every kind of line at once (`./flash.sh sim --profile simulated-all`), each with its own wires and ways:
who calls, what they key, what both hear and that they hung up is known on all of them.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from firmware.core.causes import Side
from firmware.core.leg import Direction
from firmware.core.records import Outcome
from firmware.settings.document import Settings
from firmware.sim.listening import Samples, find_tone, read_wav
from firmware.sim.worlds import BOARD_LINE, PROFILE
from firmware.switch.numbering import NumberClass
from firmware.switch.outbound.trunk_groups import TrunkGroup, TrunkRule
from hal.fake.control import World
from hal.fake.network import PartyScript
from tests.e2e.box import Box, dump
from tests.interop.baresip import Baresip

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

EVERY_KIND = PROFILE.with_name("simulated-all.toml")
LINES = ("gsm1", "gsm2", "gsm3", "pstn1", "pstn2")
SAID_HZ, ANSWERED_HZ = 440, 1000
LANDLINE = "88886666"
MODEM_LINE = "pstn1"
MOST_GAP_MS = 300
"""On a busy machine; what a quiet one gives is measured in tests/hal and by the demo."""


def local_calls_by_the_hat(settings: Settings) -> Settings:
    group = TrunkGroup("city", (BOARD_LINE, MODEM_LINE))
    rule = TrunkRule(("city",), classes=(NumberClass.LOCAL,))
    outbound = msgspec.structs.replace(settings.outbound, groups=(group,), routes=(rule,))
    return msgspec.structs.replace(settings, outbound=outbound)


async def test_callers_on_every_line_are_known_heard_led_and_let_go(tmp_path: Path, prompts: Path) -> None:
    async with Box.running(tmp_path, prompts, local_calls_by_the_hat, EVERY_KIND) as box:
        phone = await box.phone("101", plays=ANSWERED_HZ, auto_answer=True)
        for count, line in enumerate(LINES, start=1):
            number = f"1380013800{count}"
            await call_in(box, line, number, count)
            assert_heard(box.heard_by(phone), SAID_HZ, line)
        await call_out_over_the_hat(box, phone, len(LINES) + 1)
        await call_past_a_dead_line(box, phone, len(LINES) + 2)
        await call_from_the_handset(box, len(LINES) + 3)


async def call_in(box: Box, line: str, number: str, count: int) -> None:
    """Somebody calls on a line, keys 101, talks, and hangs up."""
    heard = box.folder / f"heard-{line}.wav"
    async with World(box.simulation.socket_of(line)) as world:
        script = PartyScript(
            number, play=(f"tone:{SAID_HZ}:-15",), loop=True, digits="101", digits_after=3.0, hear=str(heard)
        )
        caller = await world.call(script)
        await caller.answered()
        await box.until(lambda: in_talk(box))
        await asyncio.sleep(3)
        await caller.hang_up()
        journey = await box.journey(count)
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert journey.caller == number, dump(journey)
    leg = next(leg for leg in journey.legs if leg.direction is Direction.INCOMING)
    assert leg.address == line, dump(journey)
    assert leg.ended_by is Side.THEM, dump(journey)
    assert_heard(read_wav(heard)[1][:, 0], ANSWERED_HZ, line)


async def call_out_over_the_hat(box: Box, phone: Baresip, count: int) -> None:
    """101 calls a landline: the HAT's line dials by tones, the exchange reverses at the answer."""
    heard = box.folder / "heard-landline.wav"
    async with World(box.simulation.socket_of(BOARD_LINE)) as world:
        far = PartyScript(play=(f"tone:{SAID_HZ}:-15",), loop=True, hear=str(heard), hang_up_after=4.0)
        # An exchange takes a moment on hook for hanging up; the line rests that long.
        await box.simulation.until_line_ready()
        await world.set_number(LANDLINE, after=2.0, script=far)
        # As for a line whose calls are diverted; and a real exchange loses what is keyed before it.
        await world.set_quirk("dial_tone", "special")
        await world.set_quirk("dial_tone_after", 2.0)
        await phone.dial(LANDLINE)
        journey = await box.journey(count)
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert BOARD_LINE in [leg.address for leg in journey.legs], dump(journey)
    assert_heard(read_wav(heard)[1][:, 0], ANSWERED_HZ, "over the HAT")


async def call_past_a_dead_line(box: Box, phone: Baresip, count: int) -> None:
    """The HAT's line gives no dial tone: the call goes by the other one, and the record says why."""
    async with (
        World(box.simulation.socket_of(BOARD_LINE)) as dead,
        World(box.simulation.socket_of(MODEM_LINE)) as other,
    ):
        await box.simulation.until_line_ready()
        await dead.set_quirk("dial_tone", "dead")
        await other.set_number(LANDLINE, after=2.0, script=PartyScript(hang_up_after=2.0))
        await phone.dial(LANDLINE)
        journey = await box.journey(count)
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    out = [leg for leg in journey.legs if leg.direction is Direction.OUTGOING]
    assert [leg.address for leg in out] == [BOARD_LINE, MODEM_LINE], dump(journey)
    assert out[0].detail == "no dial tone", dump(journey)


async def call_from_the_handset(box: Box, count: int) -> None:
    """Somebody lifts the analog handset, keys 101 there, talks, and puts it back."""
    heard = box.folder / "heard-handset.wav"
    async with World(box.simulation.socket_of(BOARD_LINE)) as world:
        await world.lift(f"tone:{SAID_HZ}:-15", hear=str(heard))
        await asyncio.sleep(1)
        await world.dial_at_handset("101")
        await box.until(lambda: in_talk(box))
        await asyncio.sleep(3)
        await world.put_back()
        journey = await box.journey(count)
    assert journey.outcome is Outcome.ANSWERED, dump(journey)
    assert_heard(read_wav(heard)[1][:, 0], ANSWERED_HZ, "handset")


def assert_heard(samples: Samples, hertz: float, where: str) -> None:
    """A tone came through at its pitch; a process plays each wire, so a busy machine may hold it up."""
    heard = find_tone(samples, 8000, hertz)
    assert heard is not None, f"{where}: no {hertz} Hz in {len(samples) / 8000:.1f} s of audio"
    assert heard.hertz == pytest.approx(hertz, abs=2), where
    assert heard.lasted_seconds > 2, where
    assert heard.longest_gap_ms <= MOST_GAP_MS, where


async def in_talk(box: Box) -> bool:
    live = [one for one in await box.journeys() if one.outcome is None]
    return any(
        leg.direction is Direction.OUTGOING and leg.answered_ms is not None and leg.ended_ms is None
        for one in live
        for leg in one.legs
    )
