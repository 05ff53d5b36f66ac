"""Modem lines of the real process: ptys that talk with phones on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import time
import tty

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import (
    MediaError,
    PortEvent,
    PortFailed,
    Source,
)
from tests.media.box import HOST, Box, SoftPhone, talk
from tests.media.rig import heard_frequency, tone

pytestmark = pytest.mark.e2e


async def test_a_modem_line_talks_with_a_phone_until_it_is_pulled_out(box: Box) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    port_id = await box.client.open_pcm(os.ttyname(slave), 8000)
    events: list[PortEvent] = []
    box.client.listen(port_id, events.append)
    with pytest.raises(MediaError, match="in use"):
        await box.client.open_pcm(os.ttyname(slave), 8000)
    with pytest.raises(MediaError, match="44100"):
        await box.client.open_pcm(os.ttyname(slave), 44100)
    os.close(slave)
    bob = box.phone(1000)
    bob.far = await box.client.open_rtp(HOST)
    box.client.aim_rtp(bob.far.port_id, bob.remote)
    box.client.route(port_id, [Source(bob.far.port_id)])
    box.client.route(bob.far.port_id, [Source(port_id)])
    caller = tone(440, 2).tobytes()
    heard = b""
    for at in range(0, len(caller), 320):
        os.write(master, caller[at : at + 320])
        await talk(0.02, bob)
        with contextlib.suppress(BlockingIOError):
            heard += os.read(master, 4096)
    assert heard_frequency(np.frombuffer(heard[-16000:], "<i2").astype(np.int16)) == 1000
    assert heard_frequency(bob.samples(50)) == 440
    os.close(master)
    await asyncio.sleep(0.2)
    assert len(events) == 1 and isinstance(events[0], PortFailed)


async def test_a_modem_line_that_was_pulled_out_is_opened_again_in_the_same_call(box: Box) -> None:
    first, second = pty.openpty(), pty.openpty()
    for _, slave in (first, second):
        tty.setraw(slave)
    port_id = await box.client.open_pcm(os.ttyname(first[1]), 8000)
    events: list[PortEvent] = []
    box.client.listen(port_id, events.append)
    bob = box.phone(1000)
    bob.far = await box.client.open_rtp(HOST)
    box.client.aim_rtp(bob.far.port_id, bob.remote)
    box.client.route(bob.far.port_id, [Source(port_id)])
    recording = await box.client.record(box.folder / "r.wav", port_id, bob.far.port_id)
    began = time.monotonic()
    await talk(0.3, bob)
    os.close(first[0])
    await talk(0.3, bob)
    assert [type(event) for event in events] == [PortFailed]
    with pytest.raises(MediaError, match="no-such"):
        await box.client.reopen_pcm(port_id, "/dev/no-such-modem", 8000)
    await box.client.reopen_pcm(port_id, os.ttyname(second[1]), 8000)
    caller = tone(440, 2).tobytes()
    for at in range(0, len(caller), 320):
        os.write(second[0], caller[at : at + 320])
        await talk(0.02, bob)
    assert heard_frequency(bob.samples(50)) == 440
    result = await recording.close()
    assert result.complete
    assert result.duration_ms == pytest.approx(1000 * (time.monotonic() - began), abs=300)
    for descriptor in (first[1], *second):
        os.close(descriptor)


async def test_two_calls_share_a_modems_device_and_the_one_that_rests_hears_and_says_nothing(
    box: Box,
) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    device = os.ttyname(slave)
    first = await box.client.open_pcm(device, 8000)
    listeners = [box.phone(1000), box.phone(1300)]
    for phone in listeners:
        phone.far = await box.client.open_rtp(HOST)
        box.client.aim_rtp(phone.far.port_id, phone.remote)
    caller = tone(440, 3).tobytes()

    async def both_ways(at_ms: int) -> bytes:
        heard = b""
        for at in range(16 * at_ms, 16 * at_ms + 16 * 600, 320):
            os.write(master, caller[at : at + 320])
            await talk(0.02, *listeners)
            with contextlib.suppress(BlockingIOError):
                heard += os.read(master, 4096)
        return heard

    def bridge(port: PortId, phone: SoftPhone) -> None:
        assert phone.far is not None
        box.client.route(phone.far.port_id, [Source(port)])
        box.client.route(port, [Source(phone.far.port_id)])

    bridge(first, listeners[0])
    await both_ways(0)
    assert heard_frequency(listeners[0].samples(25)) == 440
    box.client.rest_pcm(first)
    second = await box.client.open_pcm(device, 8000)
    bridge(second, listeners[1])
    said = await both_ways(600)
    assert heard_frequency(listeners[1].samples(25)) == 440
    assert not np.any(listeners[0].samples(20))
    assert heard_frequency(np.frombuffer(said[-4800:], "<i2").astype(np.int16)) == 1300
    box.client.rest_pcm(second)
    await box.client.reopen_pcm(first, device, 8000)
    said = await both_ways(1200)
    assert heard_frequency(listeners[0].samples(20)) == 440
    assert not np.any(listeners[1].samples(20))
    assert heard_frequency(np.frombuffer(said[-4800:], "<i2").astype(np.int16)) == 1000
    for descriptor in (master, slave):
        os.close(descriptor)
