"""Commands that make no sense are refused or told: what ends a tick would be told to the next process."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from firmware.core.ids import PortId
from firmware.core.media import (
    LearnedTone,
    PlayCallerId,
    PlayFile,
    PlayItem,
    PlaySilence,
    PlayTone,
    PortOptions,
    RtpRemote,
    Source,
)
from firmware.media import protocol
from tests.media.rig import EngineRig, heard_frequency, tone

HUGE = 2**63 - 1
LARGEST = 2**64 - 1
"""That msgpack carries."""


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


def tells(rig: EngineRig, command: protocol.Command) -> None:
    """Tell a command as the switch does."""
    rig.engine.apply(protocol.decode_command(protocol.encode(command)))


def goes_on(rig: EngineRig) -> None:
    """See that two others talk and hear each other, at once and after a while."""
    alice, bob = rig.phone(), rig.phone()
    rig.bridge(alice, bob)
    alice.says(tone(440, 1))
    rig.run(1)
    assert heard_frequency(bob.heard()[1000:]) == 440


@pytest.mark.parametrize(
    "options",
    [
        PortOptions(gain_db=math.nan),
        PortOptions(gain_db=math.inf),
        PortOptions(silence_ms=LARGEST),
        PortOptions(silence_ms=-1),
        PortOptions(learned_tones=(LearnedTone((), (200, 200)),)),
        PortOptions(learned_tones=(LearnedTone((math.nan,), (200, 200)),)),
        PortOptions(learned_tones=(LearnedTone((440.0, 4000.0), (200, 200)),)),
        PortOptions(learned_tones=(LearnedTone((440.0,), (HUGE, -HUGE)),)),
    ],
)
def test_options_that_cannot_be_followed_are_refused_and_those_before_stay(
    rig: EngineRig, options: PortOptions
) -> None:
    port_id, _ = rig.line()
    tells(rig, protocol.Configure(port_id, PortOptions(meter=True)))
    tells(rig, protocol.Configure(port_id, options))
    goes_on(rig)
    assert rig.engine.stats().refused_commands == 1
    assert rig.happened(protocol.PortSaid)


@pytest.mark.parametrize("country", ["XX", "", "中国", "x" * 1000])
def test_a_country_nobody_knows_is_listened_to_like_our_own(rig: EngineRig, country: str) -> None:
    port_id, _ = rig.line()
    tells(rig, protocol.Configure(port_id, PortOptions(tones_of=country, detect_answer=True)))
    goes_on(rig)


@pytest.mark.parametrize(
    "item",
    [
        PlayTone((math.nan,), ()),
        PlayTone((440.0,), (), math.nan),
        PlayTone((440.0,), (), modulated_by=math.nan),
        PlayTone((440.0,), (0, 0, 0, 0)),
        PlayTone((), ()),
        PlayFile("\0"),
        PlayFile("/"),
        PlayCallerId("1" * 400),
        PlayCallerId("1", day=HUGE),
    ],
)
def test_what_cannot_be_played_ends_with_a_reason(rig: EngineRig, item: PlayItem) -> None:
    port_id, _ = rig.line()
    rig.play(port_id, item)
    goes_on(rig)
    (ended,) = rig.happened(protocol.PlaybackEnded)
    assert isinstance(ended, protocol.PlaybackEnded)
    assert ended.error


@pytest.mark.parametrize(
    "command",
    [
        lambda port: protocol.Play("p", port, (PlaySilence(HUGE), PlayTone((440.0,), (), duration_ms=HUGE))),
        lambda port: protocol.Play("p", port, (), repeat=True),
        lambda port: protocol.Play("p", port, (), music=True),
        lambda port: protocol.Route(port, (Source(port, 1e308), Source(port, -1e308))),
        lambda port: protocol.Confer("room", (port, port, PortId("nobody"))),
        lambda port: protocol.SendDigits(port, "\0x" * 10_000, -HUGE),
        lambda port: protocol.OpenPcm(port, "/dev/ttyUSB4", 8000, HUGE),
        lambda port: protocol.Record("r", "/nowhere\0", port, port, -HUGE),
        lambda port: protocol.AimRtp(port, RtpRemote("127.0.0.1", HUGE, 0)),
        lambda port: protocol.AimRtp(port, RtpRemote("not an address", 5004, 0)),
        lambda port: protocol.AimRtp(port, RtpRemote("127.0.0.1", 5004, HUGE, -HUGE)),
    ],
)
@pytest.mark.parametrize("on_line", [False, True])
def test_numbers_and_names_beyond_all_bounds_disturb_nobody(
    rig: EngineRig, command: Callable[[PortId], protocol.Command], on_line: bool
) -> None:
    port_id = rig.line()[0] if on_line else rig.phone().port_id
    tells(rig, command(port_id))
    goes_on(rig)
