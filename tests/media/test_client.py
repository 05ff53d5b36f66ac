"""The switch's side alone: what which media process is told, and what becomes of recordings between two."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import pytest

from firmware.core.ids import PortId
from firmware.core.media import MediaError, Quality, Recording
from firmware.media import protocol
from firmware.media.client import MAX_MEASURED, MediaClient

pytestmark = pytest.mark.looptime

LEFT, RIGHT = PortId("rtp-left"), PortId("rtp-right")
HALF_A_SECOND = 4000


class Process:
    """What a media process is told, and says."""

    def __init__(self, client: MediaClient) -> None:
        self.client = client
        self.told: list[protocol.Command] = []
        client.attach(self.told.append)

    def records(self) -> list[str]:
        """Return the recordings it was told to make."""
        return [command.recorder_id for command in self.told if isinstance(command, protocol.Record)]

    def opened(self) -> None:
        """Say that the file of the last recording is open."""
        self.client.receive(protocol.RecordingOpened(self.records()[-1]))


def written(path: Path) -> None:
    """Put what the process had written by then into the file."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(4 * HALF_A_SECOND))


async def recorded(folder: Path) -> tuple[MediaClient, Process, Recording]:
    """Return a recording in progress, and the two that make it."""
    client = MediaClient()
    process = Process(client)
    beginning = asyncio.create_task(client.record(folder / "r.wav", LEFT, RIGHT))
    await asyncio.sleep(0)
    process.opened()
    return client, process, await beginning


async def test_a_recording_whose_process_dies_while_it_closes_is_as_long_as_its_file(tmp_path: Path) -> None:
    client, process, recording = await recorded(tmp_path)
    closing = asyncio.create_task(recording.close())
    await asyncio.sleep(0)
    assert isinstance(process.told[-1], protocol.StopRecording)
    written(tmp_path / "r.wav")
    began = asyncio.get_running_loop().time()
    client.detach()
    result = await closing
    assert asyncio.get_running_loop().time() == began
    assert (result.duration_ms, result.complete) == (500, False)
    assert result.detail == "the media process died while closing"
    assert Process(client).records() == []


async def test_a_recording_that_is_closed_while_nobody_is_there_is_not_waited_for(tmp_path: Path) -> None:
    client, _, recording = await recorded(tmp_path)
    client.detach()
    written(tmp_path / "r.wav")
    result = await recording.close()
    assert (result.duration_ms, result.complete, result.detail) == (500, False, "the media process is away")
    assert await recording.ended() == result


async def test_a_process_that_comes_anew_is_told_a_recording_with_how_it_stands(tmp_path: Path) -> None:
    client, process, recording = await recorded(tmp_path)
    recording.mute(True)
    recording.mute(True)
    assert sum(isinstance(command, protocol.AdjustRecording) for command in process.told) == 1
    client.detach()
    recording.pause()
    second = Process(client)
    assert second.records() == process.records()
    adjusted = [command for command in second.told if isinstance(command, protocol.AdjustRecording)]
    assert [(one.paused, one.muted) for one in adjusted] == [(True, True)]
    closing = asyncio.create_task(recording.close())
    await asyncio.sleep(0)
    client.receive(protocol.RecordingClosed(second.records()[0], 8000))
    result = await closing
    assert (result.duration_ms, result.complete) == (1000, False)
    assert result.detail == "the media process was restarted meanwhile"


async def test_a_recording_that_is_closing_is_not_begun_by_the_next_process(tmp_path: Path) -> None:
    client, _, recording = await recorded(tmp_path)
    closing = asyncio.create_task(recording.close())
    await asyncio.sleep(0)
    # Attached anew without having been told that the last one is gone.
    assert Process(client).records() == []
    result = await closing
    assert not result.complete
    assert result.detail == "the media process doesn't answer"


async def test_a_recording_nobody_answers_for_is_refused_and_taken_back(tmp_path: Path) -> None:
    client = MediaClient()
    process = Process(client)
    with pytest.raises(MediaError, match=r"r\.wav: the media process doesn't answer"):
        await client.record(tmp_path / "r.wav", LEFT, RIGHT)
    assert isinstance(process.told[-1], protocol.StopRecording)
    assert Process(client).records() == []


async def test_one_that_is_refused_is_refused_with_the_reason(tmp_path: Path) -> None:
    client = MediaClient()
    process = Process(client)
    beginning = asyncio.create_task(client.record(tmp_path / "r.wav", LEFT, RIGHT))
    await asyncio.sleep(0)
    client.receive(protocol.RecordingClosed(process.records()[0], 0, "No space left on device"))
    with pytest.raises(MediaError, match=r"r\.wav: No space left on device"):
        await beginning


def test_figures_are_kept_of_the_last_thousand_ports() -> None:
    client = MediaClient()
    for number in range(MAX_MEASURED + 10):
        quality = Quality(4.4, 0, 0, 0, float(number))
        client.receive(protocol.PortMeasured(PortId(f"rtp-{number}"), quality))
    assert client.quality(PortId("rtp-9")) is None
    last = client.quality(PortId(f"rtp-{MAX_MEASURED + 9}"))
    assert last is not None and last.delay_ms == MAX_MEASURED + 9
