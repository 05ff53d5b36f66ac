"""The contract suite of `firmware.core.media.MediaPlane`: the same stories for the fake and the real client.

A media plane subclasses `MediaPlaneContract` as `TestSomething` and gives the fixture `plane`. Durations are
short, as the real one lives in real time.
"""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import pytest
import soundfile

from firmware.core.media import (
    PCMA,
    PCMU,
    MediaError,
    MediaPlane,
    PlaybackFailed,
    PlayFile,
    PlayItem,
    PlaySilence,
    PlayTone,
    PortOptions,
    RtpRemote,
    Source,
)

HOST = "127.0.0.1"
ENDLESS = PlayTone((450,), ())


def prompt(path: Path, milliseconds: int, rate: int = 8000) -> PlayFile:
    """Write a silent prompt."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(bytes(2 * rate * milliseconds // 1000))
    return PlayFile(str(path))


class MediaPlaneContract:
    async def test_rtp_ports_are_even_and_each_its_own(self, plane: MediaPlane) -> None:
        addresses = [await plane.open_rtp(HOST) for _ in range(3)]
        assert len({address.port for address in addresses}) == 3
        assert all(address.host == HOST and address.port % 2 == 0 for address in addresses)

    async def test_a_port_may_be_aimed_again_and_again(self, plane: MediaPlane) -> None:
        address = await plane.open_rtp(HOST)
        for payload_type in (PCMU, PCMA):
            plane.aim_rtp(address.port_id, RtpRemote(HOST, 9, payload_type, send=False))

    async def test_a_missing_device_is_refused(self, plane: MediaPlane) -> None:
        with pytest.raises(MediaError, match="/dev/no-such-modem"):
            await plane.open_pcm("/dev/no-such-modem", 8000)

    async def test_a_device_that_is_missing_when_asked_for_again_is_refused_and_the_port_stays(
        self, plane: MediaPlane
    ) -> None:
        address = await plane.open_rtp(HOST)
        with pytest.raises(MediaError):
            await plane.reopen_pcm(address.port_id, "/dev/no-such-modem", 8000)
        async with asyncio.timeout(1):
            await plane.play(address.port_id, [PlaySilence(20)]).finished()

    async def test_music_is_heard_round_and_round_until_it_is_stopped(
        self, plane: MediaPlane, tmp_path: Path
    ) -> None:
        items: list[PlayItem] = [prompt(tmp_path / "m.wav", 100), PlayTone((450,), (), duration_ms=100)]
        alice, bob = await plane.open_rtp(HOST), await plane.open_rtp(HOST)
        one, other = plane.play_music(alice.port_id, items), plane.play_music(bob.port_id, items)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await one.finished()
        one.stop()
        plane.close_port(bob.port_id)
        async with asyncio.timeout(1):
            await asyncio.gather(one.finished(), other.finished())

    async def test_a_line_without_a_tone_teaches_none(self, plane: MediaPlane) -> None:
        address = await plane.open_rtp(HOST)
        assert await plane.learn_tone(address.port_id, seconds=0.3) is None
        plane.close_port(address.port_id)
        with pytest.raises(MediaError):
            await plane.learn_tone(address.port_id, seconds=0.3)

    async def test_a_playback_lasts_as_long_as_its_items(self, plane: MediaPlane, tmp_path: Path) -> None:
        address = await plane.open_rtp(HOST)
        loop = asyncio.get_running_loop()
        began = loop.time()
        items: list[PlayItem] = [
            prompt(tmp_path / "p.wav", 100),
            PlaySilence(60),
            PlayTone((450,), (), duration_ms=100),
        ]
        await plane.play(address.port_id, items).finished()
        assert 0.25 <= loop.time() - began < 0.6

    async def test_playing_nothing_is_over_at_once(self, plane: MediaPlane) -> None:
        address = await plane.open_rtp(HOST)
        async with asyncio.timeout(1):
            await plane.play(address.port_id, []).finished()
            await plane.play(address.port_id, [], repeat=True).finished()

    async def test_stopping_ends_the_wait_and_may_be_repeated(self, plane: MediaPlane) -> None:
        address = await plane.open_rtp(HOST)
        playback = plane.play(address.port_id, [ENDLESS])
        await asyncio.sleep(0.1)
        playback.stop()
        playback.stop()
        async with asyncio.timeout(1):
            await playback.finished()

    async def test_a_new_playback_replaces_the_old(self, plane: MediaPlane) -> None:
        address = await plane.open_rtp(HOST)
        first = plane.play(address.port_id, [ENDLESS])
        second = plane.play(address.port_id, [PlaySilence(100)])
        async with asyncio.timeout(1):
            await first.finished()
            await second.finished()

    async def test_closing_a_port_ends_its_playback_and_may_be_repeated(self, plane: MediaPlane) -> None:
        address = await plane.open_rtp(HOST)
        playback = plane.play(address.port_id, [PlaySilence(60)], repeat=True)
        plane.close_port(address.port_id)
        plane.close_port(address.port_id)
        async with asyncio.timeout(1):
            await playback.finished()
            await plane.play(address.port_id, [ENDLESS]).finished()

    @pytest.mark.parametrize("rate", [0, 16000])
    async def test_what_cannot_be_played_says_why(self, plane: MediaPlane, tmp_path: Path, rate: int) -> None:
        path = tmp_path / "p.wav"
        if rate:
            prompt(path, 100, rate)
        address = await plane.open_rtp(HOST)
        playback = plane.play(address.port_id, [PlayFile(str(path))])
        for _ in range(2):
            with pytest.raises(PlaybackFailed, match=r"p\.wav"):
                await playback.finished()

    async def test_a_recording_is_as_long_as_it_ran_and_closes_again(
        self, plane: MediaPlane, tmp_path: Path
    ) -> None:
        left, right = await plane.open_rtp(HOST), await plane.open_rtp(HOST)
        recording = await plane.record(tmp_path / "r.wav", left.port_id, right.port_id)
        assert recording.path == tmp_path / "r.wav"
        await asyncio.sleep(0.5)
        result = await recording.close()
        assert result.complete
        assert 440 <= result.duration_ms <= 600
        assert await recording.close() == await recording.ended() == result
        with wave.open(result.path) as wav:
            assert (wav.getnchannels(), wav.getnframes()) == (2, result.duration_ms * 8)

    async def test_a_compact_recording_is_as_long_and_silent_where_nobody_spoke(
        self, plane: MediaPlane, tmp_path: Path
    ) -> None:
        left, right = await plane.open_rtp(HOST), await plane.open_rtp(HOST)
        recording = await plane.record(tmp_path / "r.wav", left.port_id, right.port_id, compact=True)
        await asyncio.sleep(0.3)
        result = await recording.close()
        assert result.complete
        samples, rate = soundfile.read(result.path, dtype="int16", always_2d=True)
        assert (rate, samples.shape) == (8000, (result.duration_ms * 8, 2))
        assert not samples.any()

    async def test_a_recording_needs_its_folder(self, plane: MediaPlane, tmp_path: Path) -> None:
        address = await plane.open_rtp(HOST)
        with pytest.raises(MediaError, match="No such file"):
            await plane.record(tmp_path / "none" / "r.wav", address.port_id, address.port_id)

    async def test_a_recording_outlives_its_ports(self, plane: MediaPlane, tmp_path: Path) -> None:
        left, right = await plane.open_rtp(HOST), await plane.open_rtp(HOST)
        plane.route(left.port_id, [Source(right.port_id, -3.0)])
        recording = await plane.record(tmp_path / "r.wav", left.port_id, right.port_id)
        plane.close_port(left.port_id)
        plane.close_port(right.port_id)
        await asyncio.sleep(0.2)
        assert (await recording.close()).complete

    async def test_a_pause_is_left_out_of_a_recording(self, plane: MediaPlane, tmp_path: Path) -> None:
        port = await plane.open_rtp(HOST)
        recording = await plane.record(tmp_path / "r.wav", port.port_id, port.port_id)
        await asyncio.sleep(0.2)
        recording.mute(True)
        recording.pause()
        recording.pause()
        await asyncio.sleep(0.4)
        recording.resume()
        recording.mute(False)
        await asyncio.sleep(0.2)
        assert 320 <= (await recording.close()).duration_ms <= 520

    async def test_what_a_port_listens_for_and_whom_it_confers_with_may_change_at_any_time(
        self, plane: MediaPlane
    ) -> None:
        ports = [(await plane.open_rtp(HOST)).port_id for _ in range(3)]
        asked = PortOptions(detect_digits=True, tones_of="CN", gain_db=-3.0)
        assert plane.options_of(ports[0]) == PortOptions()
        plane.configure(ports[0], asked)
        assert plane.options_of(ports[0]) == asked
        plane.configure(ports[0], PortOptions())
        assert plane.options_of(ports[0]) == PortOptions()
        for members in (ports, ports[:2], [], []):
            plane.confer("room", members)
        plane.send_digits(ports[0], "12#")
        plane.close_port(ports[0])
        plane.configure(ports[0], PortOptions(silence_ms=1000))
        plane.send_digits(ports[0], "1")
        assert plane.quality(ports[1]) is None

    async def test_listening_to_ports_ends_when_told(self, plane: MediaPlane) -> None:
        address = await plane.open_rtp(HOST)
        unlisten = plane.listen(address.port_id, lambda event: None)
        unlisten()
        unlisten()
