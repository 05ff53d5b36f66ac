"""The power went in mid-call: what the next start makes of it."""

from __future__ import annotations

import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.core.causes import Side
from firmware.core.errors import DeviceError, UserError
from firmware.core.records import EntryKind, Journey, Outcome
from firmware.core.trace import in_language
from firmware.media.recording_form import Form
from firmware.store import wav
from firmware.store.records import SqliteJourneyStore
from tests.store.everything import eventful_journey
from tests.store.sample import BenchClock, answered, running_journey, whole_journey

RATE = 8000


def stereo_wav(path: Path, seconds: float, *, header_seconds: float | None = None, tail: bytes = b"") -> None:
    """Write a stereo file, perhaps with a header from an earlier moment and half a frame at its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"\x01\x02\x03\x04" * int(RATE * seconds)
    claimed = len(data) if header_seconds is None else int(RATE * header_seconds) * 4
    header = b"RIFF" + struct.pack("<I", 36 + claimed) + b"WAVE"
    header += b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, RATE, RATE * 4, 4, 16)
    path.write_bytes(header + b"data" + struct.pack("<I", claimed) + data + tail)


def played_seconds(path: Path) -> float:
    with wave.open(str(path), "rb") as file:
        return len(file.readframes(file.getnframes())) / 4 / RATE


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


@pytest.fixture
def clock() -> Iterator[BenchClock]:
    yield BenchClock()


def power_cut(
    path: Path, clock: BenchClock, *journeys: Journey, noted_at_ms: int = 20_000
) -> SqliteJourneyStore:
    """Note calls, lose the power, start again a minute later with another boot."""
    before = SqliteJourneyStore(path, clock)
    before.start()
    for journey in journeys:
        before.begin(journey)
    clock.mono_ms += noted_at_ms
    for journey in journeys:
        before.update(journey)
    before.stop()
    clock.mono_ms, clock.boot_id = 5_000, "boot-b"
    after = SqliteJourneyStore(path, clock)
    after.start()
    return after


def recovered(store: SqliteJourneyStore, recordings: Path, clock: BenchClock) -> Journey:
    (journey,) = store.recover(recordings, clock.now())
    assert store.reader.find() == [journey]
    assert store.reader.open_journeys() == []
    store.stop()
    return journey


def last_words(journey: Journey, language: str = "en") -> str:
    """Return what is said of the interruption and of each of its recordings."""
    codes = [entry.said.code if entry.said else "" for entry in journey.timeline]
    entries = journey.timeline[codes.index("interrupted.closed") :]
    assert {entry.kind for entry in entries} == {EntryKind.FAULT}
    assert {entry.at_ms for entry in entries} == {journey.duration_ms}
    return " ".join(entry.in_language(language) for entry in entries)


def test_a_talking_call_is_closed_as_interrupted_with_the_length_of_its_recording(
    tmp_path: Path, recordings: Path, clock: BenchClock
) -> None:
    stereo_wav(recordings / "2026/11/one.wav", 42.0, header_seconds=41.0, tail=b"\x01\x02")
    store = power_cut(tmp_path / "r.sqlite", clock, answered(running_journey(clock)))
    journey = recovered(store, recordings, clock)
    assert journey.outcome is Outcome.INTERRUPTED
    assert journey.duration_ms == 8_000 + 42_000
    assert journey.talked_ms == 42_000
    assert journey.recordings[0].duration_ms == 42_000
    assert not journey.recordings[0].complete
    assert [leg.ended_ms for leg in journey.legs] == [50_000, 50_000]
    assert {leg.ended_by for leg in journey.legs} == {Side.WIRE}
    assert "power was lost" in last_words(journey)
    assert "42.0 s reached the card" in last_words(journey)
    assert "断电" in last_words(journey, "zh-CN")
    assert "该通话的录音不完整：仅 42.0 秒" in last_words(journey, "zh-CN")
    assert in_language(journey.legs[0].detail, "zh-CN") == "总机在通话中停止运行"
    assert played_seconds(recordings / "2026/11/one.wav") == 42.0


def test_without_a_recording_the_last_note_tells_how_long(
    tmp_path: Path, recordings: Path, clock: BenchClock
) -> None:
    store = power_cut(tmp_path / "r.sqlite", clock, running_journey(clock), noted_at_ms=7_000)
    journey = recovered(store, recordings, clock)
    assert journey.duration_ms == 7_000
    assert journey.talked_ms == 0
    assert "estimates" in last_words(journey)


def test_a_process_that_died_is_not_called_a_power_cut(
    tmp_path: Path, recordings: Path, clock: BenchClock
) -> None:
    store = power_cut(tmp_path / "r.sqlite", clock, running_journey(clock))
    clock.boot_id = "boot-a"
    assert "the switch process ended" in last_words(recovered(store, recordings, clock))


def test_a_missing_recording_is_said_to_be_missing(
    tmp_path: Path, recordings: Path, clock: BenchClock
) -> None:
    store = power_cut(tmp_path / "r.sqlite", clock, answered(running_journey(clock)))
    journey = recovered(store, recordings, clock)
    assert "missing" in last_words(journey)
    assert journey.recordings[0].duration_ms == 0


def test_a_recording_outside_the_folder_is_left_alone(
    tmp_path: Path, recordings: Path, clock: BenchClock
) -> None:
    outside = tmp_path / "outside.wav"
    stereo_wav(outside, 1.0, header_seconds=0.0)
    before = outside.read_bytes()
    store = power_cut(tmp_path / "r.sqlite", clock, answered(running_journey(clock), "../outside.wav"))
    assert "outside" in last_words(recovered(store, recordings, clock))
    assert outside.read_bytes() == before


def test_a_second_switch_can_not_close_the_first_ones_running_calls(
    tmp_path: Path, clock: BenchClock
) -> None:
    first = SqliteJourneyStore(tmp_path / "r.sqlite", clock)
    first.start()
    with pytest.raises(UserError, match="Another switch already runs"):
        SqliteJourneyStore(tmp_path / "r.sqlite", clock).start()
    first.stop()
    second = SqliteJourneyStore(tmp_path / "r.sqlite", clock)
    second.start()
    second.stop()


async def test_calls_that_had_ended_are_not_touched(
    tmp_path: Path, recordings: Path, clock: BenchClock
) -> None:
    store = SqliteJourneyStore(tmp_path / "r.sqlite", clock)
    store.start()
    journey = whole_journey(clock)
    await store.close(journey)
    assert store.recover(recordings, clock.now()) == []
    assert store.reader.find() == [journey]
    store.stop()


async def test_a_call_that_runs_now_is_not_taken_for_an_interrupted_one(
    tmp_path: Path, recordings: Path, clock: BenchClock
) -> None:
    old = running_journey(clock)
    store = power_cut(tmp_path / "r.sqlite", clock, old)
    new = running_journey(clock)
    store.begin(new)
    await store.close(whole_journey(clock))
    assert [one.id for one in store.recover(recordings, clock.now())] == [old.id]
    assert [one.journey.id for one in store.reader.open_journeys()] == [new.id]
    store.stop()


@pytest.mark.parametrize("size", [0, 3, 12, 20, 36, 43])
def test_a_file_cut_off_before_its_samples_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "cut.wav"
    stereo_wav(path, 1.0)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DeviceError, match="cut off"):
        wav.measure(path)


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF\0\0\0\0JUNK",
        b"OggS" + b"\0" * 60,
        b"RIFF\0\0\0\0WAVEdata\x08\0\0\0",
        b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 0, 0, 0, 16) + b"data\0\0\0\0",
        b"RIFF\0\0\0\0WAVE" + b"LIST\0\0\0\0" * 100,
        b"RIFF\0\0\0\0WAVE" + b"LIST\xff\xff\xff\xff",
    ],
)
def test_a_hostile_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hostile.wav"
    path.write_bytes(content)
    with pytest.raises(DeviceError):
        wav.mend(path)
    assert path.read_bytes() == content


def test_a_right_header_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "right.wav"
    stereo_wav(path, 0.5)
    path.chmod(0o400)
    length = wav.mend(path)
    assert length.duration_ms == 500
    assert length.header_is_right


@pytest.mark.parametrize("form", Form)
def test_every_form_of_recording_is_put_right_to_its_last_whole_sample(tmp_path: Path, form: Form) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(form.header(4000) + bytes(form.frame_bytes * 12_000 + 1))
    assert wav.mend(path).duration_ms == 1500
    assert path.read_bytes()[: form.header_size] == form.header(12_000)
    assert wav.measure(path).header_is_right


def test_what_ran_when_the_power_went_is_ended_and_a_message_measured(
    tmp_path: Path, recordings: Path, clock: BenchClock
) -> None:
    voicemails = tmp_path / "voicemail"
    stereo_wav(voicemails / "104/one.wav", 3.0)
    journey = eventful_journey(clock)
    journey.outcome = None
    journey.holds[0].ended_ms = journey.queue_waits[0].ended_ms = journey.queue_waits[0].end = None
    journey.rings[2].ended_ms = journey.rings[2].result = None
    journey.recordings[0].pauses[0].ended_ms = None
    journey.voicemails[0].duration_ms, journey.voicemails[0].complete = None, False
    store = power_cut(tmp_path / "r.sqlite", clock, journey)
    (closed,) = store.recover(recordings, clock.now(), voicemails)
    store.stop()
    assert closed.holds[0].ended_ms == closed.queue_waits[0].ended_ms == closed.duration_ms
    assert closed.rings[2].ended_ms == closed.duration_ms
    assert closed.rings[2].result is None, "nobody knows how it would have ended"
    assert closed.recordings[0].pauses[0].ended_ms == closed.duration_ms
    assert closed.voicemails[0].duration_ms == 3_000
    assert "Its message is incomplete: 3.0 s" in last_words(closed)
