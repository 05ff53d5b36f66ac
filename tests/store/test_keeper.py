"""The disk fills: what may go goes, the oldest first; what may not, stays."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.clock import Instant
from firmware.core.ids import CallId
from firmware.core.messages import Message, MessageState
from firmware.core.records import Journey, VoicemailRecord
from firmware.store.keeper import Keeper
from firmware.store.keeping import Audio, Disk, Keep, Kind, Level, Rules, level, removals
from firmware.store.messages import SqliteMessages
from firmware.store.records import SqliteJourneyStore
from firmware.store.search import CallSearch, Wanted
from firmware.store.stick import Stick
from tests.store.sample import NOON_MS, BenchClock, whole_journey

DAY_MS = 86_400_000
NOW = Instant(NOON_MS, 0, "boot-a", True)
EMPTY = Disk(1_000_000, 0)


def audio(seq: int, kind: Kind = Kind.RECORDING, *, days: int = 1, size: int = 1000, **marks: bool) -> Audio:
    started = Instant(NOON_MS - days * DAY_MS, 0, "boot-a", marks.pop("dated", True))
    return Audio(kind, f"{seq}.wav", CallId(f"call{seq}"), size, seq, started, **marks)


def gone(files: list[Audio], rules: Rules, disk: Disk = EMPTY, now: Instant = NOW) -> list[int]:
    return [removal.audio.seq for removal in removals(files, rules, disk, now)]


@pytest.mark.parametrize(
    ("used", "expected"),
    [(849_999, Level.OK), (850_000, Level.WARN), (900_000, Level.ALARM), (950_000, Level.FULL)],
)
def test_a_filling_disk_warns_alarms_and_is_full(used: int, expected: Level) -> None:
    assert level(Disk(1_000_000, used)) is expected


def test_audio_goes_by_its_kinds_age() -> None:
    rules = Rules(Keep(days=30), Keep(days=90))
    files = [audio(1, days=100), audio(2, Kind.VOICEMAIL, days=40), audio(3, days=31), audio(4, days=30)]
    assert gone(files, rules) == [1, 3]


def test_a_quota_lets_the_oldest_go() -> None:
    rules = Rules(Keep(quota_bytes=2500), Keep())
    files = [audio(seq) for seq in (4, 1, 3, 2)] + [audio(0, Kind.VOICEMAIL)]
    assert gone(files, rules) == [1, 2]


def test_a_full_disk_is_cleared_to_nine_tenths() -> None:
    files = [audio(seq, size=10_000) for seq in range(20)]
    assert gone(files, Rules(Keep(), Keep()), Disk(1_000_000, 949_999)) == []
    assert gone(files, Rules(Keep(), Keep()), Disk(1_000_000, 950_000)) == [0, 1, 2, 3, 4]


def test_some_things_never_go() -> None:
    full = Disk(1_000_000, 999_999)
    rules = Rules(Keep(days=1, quota_bytes=0), Keep(days=1, quota_bytes=0))
    files = [
        audio(1, days=999, held=True),
        audio(2, Kind.VOICEMAIL, days=999, heard=False),
        audio(3, Kind.VOICEMAIL, days=999),
    ]
    assert gone(files, rules, full) == [3]
    not_yet, exported = audio(1, days=999), audio(2, days=999, exported=True)
    assert gone([not_yet, exported], Rules(export_first=True), full) == [2]


def test_nothing_goes_by_age_without_a_clock() -> None:
    rules = Rules(Keep(days=1))
    assert gone([audio(1, days=99, dated=False)], rules) == []
    assert gone([audio(1, days=99)], rules, now=Instant(NOON_MS, 0, "boot-a", False)) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(1, 99_999), st.booleans(), st.booleans()), max_size=30
    ),
    st.integers(0, 1_000_000),
)
def test_held_and_unheard_audio_is_never_chosen(made: list[tuple[int, int, bool, bool]], used: int) -> None:
    files = [
        audio(seq, list(Kind)[seq % 2], days=days, size=size, held=held, heard=heard)
        for seq, (days, size, held, heard) in enumerate(made)
    ]
    chosen = removals(files, Rules(Keep(30, 50_000), Keep(30, 50_000)), Disk(1_000_000, used), NOW)
    assert all(not one.audio.held for one in chosen)
    assert all(one.audio.heard or one.audio.kind is Kind.RECORDING for one in chosen)
    assert len({(one.audio.kind, one.audio.path) for one in chosen}) == len(chosen)


@dataclasses.dataclass
class Box:
    store: SqliteJourneyStore
    keeper: Keeper
    clock: BenchClock
    folder: Path
    used: int = 0
    busy: bool = False

    async def call(self, name: str, days: int, message: bool = False, heard: bool = False) -> Journey:
        """A call that many days ago with a recording of 100 bytes, and a message perhaps."""
        journey = whole_journey(self.clock)
        journey.started = Instant(NOON_MS - days * DAY_MS, 0, "boot-a", True)
        journey.recordings[0].path = f"{name}.wav"
        (self.folder / "recordings" / f"{name}.wav").write_bytes(name.encode() * 100)
        if message:
            journey.voicemails = [VoicemailRecord("101", f"{name}.wav", 0, 1000, True, heard)]
            (self.folder / "voicemail" / f"{name}.wav").write_bytes(b"message")
        await self.store.close(journey)
        return journey

    def names(self, kind: str = "recordings") -> list[str]:
        return sorted(file.stem for file in (self.folder / kind).iterdir())

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.folder / "records.sqlite")
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    clock = BenchClock(mono_ms=0)
    for name in ("recordings", "voicemail", "stick"):
        (tmp_path / name).mkdir()
    store = SqliteJourneyStore(tmp_path / "records.sqlite", clock)
    store.start()
    folders = {Kind.RECORDING: tmp_path / "recordings", Kind.VOICEMAIL: tmp_path / "voicemail"}
    made = Box(store, Keeper(store, folders, clock, lambda: made.busy), clock, tmp_path)
    made.keeper = Keeper(
        store,
        folders,
        clock,
        lambda: made.busy,
        Stick(tmp_path / "stick", is_there=Path.is_dir),
        lambda _: Disk(1000, made.used),
    )
    yield made
    store.stop()


async def test_old_recordings_go_and_their_entries_stay(box: Box) -> None:
    await box.call("old", 100)
    await box.call("new", 1)
    report = await box.keeper.round(Rules(Keep(days=30)))
    assert (report.level, report.sealed, report.exported, report.removed) == (Level.OK, 2, 2, 1)
    assert report.removed_bytes == 300
    assert box.names() == ["new"]
    assert sorted(file.stem for file in (box.folder / "stick" / "recording").iterdir()) == ["new", "old"]
    assert box.ask("SELECT path, removed_because FROM audio_file WHERE removed_wall_ms IS NOT NULL") == [
        ("old.wav", "older than 30 days")
    ]
    assert (await box.keeper.round(Rules(Keep(days=30)))).removed == 0
    assert await box.keeper.altered() == []


async def test_during_a_call_nothing_is_touched(box: Box) -> None:
    await box.call("old", 100)
    box.busy, box.used = True, 990
    report = await box.keeper.round(Rules(Keep(days=30)))
    assert report.put_off
    assert report.level is Level.FULL
    assert box.names() == ["old"]
    assert box.ask("SELECT * FROM audio_file") == []


async def test_a_full_disk_takes_the_oldest_but_no_unheard_message(box: Box) -> None:
    await box.call("one", 3, message=True)
    await box.call("two", 2, message=True, heard=True)
    await box.call("three", 1)
    box.used = 999
    await box.keeper.round(Rules(Keep(), Keep()))
    assert box.names() == ["three", "two"], "300 bytes were enough"
    assert box.names("voicemail") == ["one", "two"]
    box.used = 1000
    for _ in range(3):
        await box.keeper.round(Rules(Keep(quota_bytes=0), Keep(quota_bytes=0)))
    assert box.names() == []
    assert box.names("voicemail") == ["one"]


async def test_a_legal_hold_keeps_a_call_until_released(box: Box) -> None:
    journey = await box.call("case", 1000)
    await box.call("last", 0)
    await box.keeper.hold(journey.id, "court order")
    rules = Rules(Keep(days=1), record_days=1)
    connection = sqlite3.connect(box.folder / "records.sqlite")
    connection.execute("DELETE FROM outbox")
    connection.commit()
    connection.close()
    await box.keeper.round(rules)
    assert box.names() == ["case", "last"]
    assert box.store.reader.get(journey.id) is not None
    await box.keeper.release(journey.id)
    report = await box.keeper.round(rules)
    assert box.names() == ["last"]
    assert report.records_removed == 1
    assert box.store.reader.get(journey.id) is None


async def test_a_record_the_cloud_has_not_had_stays(box: Box) -> None:
    journey = await box.call("old", 1000)
    await box.call("last", 0)
    report = await box.keeper.round(Rules(Keep(days=1), record_days=1))
    assert report.records_removed == 0
    assert box.store.reader.get(journey.id) is not None


async def test_without_a_cloud_old_records_go_all_the_same(box: Box) -> None:
    journey = await box.call("old", 1000)
    await box.call("last", 0)
    report = await box.keeper.round(Rules(Keep(days=1), record_days=1, unsent_too=True))
    assert report.records_removed == 1
    assert box.store.reader.get(journey.id) is None
    assert box.ask("SELECT count(*) FROM outbox") == [(1,)], "nothing waits for a cloud that isn't there"


async def test_a_number_goes_with_the_last_call_it_took_part_in(box: Box) -> None:
    once, again = await box.call("once", 1000), await box.call("again", 1000)
    later = await box.call("later", 0)
    once.caller = once.caller_normalised = once.party = "+8613911112222"
    once.called = "13911112222"
    for journey in (again, later):
        journey.caller = journey.caller_normalised = journey.party = "+8613633334444"
    for journey in (once, again, later):
        await box.store.close(journey)
    rules = Rules(Keep(days=1), record_days=30, unsent_too=True)
    assert (await box.keeper.round(rules)).records_removed == 2
    with box.store.reader.connected() as connection:
        left = "\n".join(connection.iterdump())
    assert "3911112222" not in left, "nothing of the box knows the number any more"
    assert "+8613633334444" in left
    search = CallSearch(box.store.reader)
    assert [call.id for call in search.find(Wanted(text="3633334444"), 10, None)[0]] == [later.id]
    assert [call.id for call in search.find(Wanted(person="101"), 10, None)[0]] == [later.id]


async def test_what_else_tells_of_people_goes_with_calls_of_its_age(box: Box) -> None:
    await box.call("last", 0)
    old, new = NOON_MS - 999 * DAY_MS, NOON_MS - DAY_MS

    def fill(connection: sqlite3.Connection) -> None:
        for moment, name in ((old, "old"), (new, "new")):
            for state in ("waiting", "sent"):
                connection.execute(
                    "INSERT INTO letter VALUES (?, 'a@b', '', '', '[]', '', ?, 0, ?, ?, '')",
                    (f"{name} {state}", state, moment, moment),
                )
            for handled in (0, 1):
                connection.execute(
                    "INSERT INTO text_in VALUES (NULL, ?, 'gsm1', '13911112222', '', 1, NULL, ?, ?)",
                    (f"{name} {handled}", moment, handled),
                )
            for state in ("queued", "delivered"):
                connection.execute(
                    "INSERT INTO text_out VALUES (NULL, ?, NULL, '13911112222', '', '', '', ?, '', 0, ?, ?)",
                    (f"{name} {state}", state, moment, moment),
                )
            for closed in (None, moment):
                connection.execute(
                    "INSERT INTO lost_caller VALUES (?, NULL, ?, '', 1, 0, 0, '', '', '', 0, ?, '', '')",
                    (f"{name} {'open' if closed is None else 'closed'}", name, closed),
                )
            connection.execute(
                "INSERT INTO agent_span VALUES (NULL, ?, 'ready', ?, 0, 'boot-a', 1, 1000, '', '')",
                (name, moment),
            )

    await box.store.perform(fill)
    await box.keeper.round(Rules(record_days=30))
    assert box.ask("SELECT id FROM letter ORDER BY id") == [("new sent",), ("new waiting",), ("old waiting",)]
    assert box.ask("SELECT ident FROM text_in ORDER BY ident") == [("new 0",), ("new 1",), ("old 0",)]
    assert box.ask("SELECT key FROM text_out ORDER BY key") == [
        ("new delivered",),
        ("new queued",),
        ("old queued",),
    ]
    assert box.ask("SELECT id FROM lost_caller ORDER BY id") == [
        ("new closed",),
        ("new open",),
        ("old open",),
    ]
    assert box.ask("SELECT agent FROM agent_span") == [("new",)]


async def test_a_message_whose_sound_is_cleared_away_is_in_no_mailbox(box: Box) -> None:
    journey = await box.call("one", 3, message=True, heard=True)
    await box.call("two", 2, message=True, heard=False)
    messages = SqliteMessages(box.store, box.clock)
    for name in ("one", "two"):
        await messages.add(
            Message(name, "101", MessageState.SAVED, journey.started, "+8613911112222", f"{name}.wav")
        )
    box.used = 1000
    for _ in range(3):
        await box.keeper.round(Rules(Keep(quota_bytes=0), Keep(quota_bytes=0)))
    assert box.names("voicemail") == ["two"]
    assert [one.id for one in await messages.listed("101", list(MessageState))] == ["two"]


async def test_an_altered_or_missing_recording_shows(box: Box) -> None:
    for name in ("fine", "cut", "gone"):
        await box.call(name, 1)
    await box.keeper.round(Rules())
    (box.folder / "recordings" / "cut.wav").write_bytes(b"something else")
    (box.folder / "recordings" / "gone.wav").unlink()
    assert await box.keeper.altered() == ["recording/cut.wav", "recording/gone.wav"]


async def test_a_stick_that_is_full_keeps_the_originals(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("firmware.store.keeper.shutil.copyfile", full)
    await box.call("old", 1000)
    report = await box.keeper.round(Rules(Keep(days=1), export_first=True))
    assert (report.exported, report.removed) == (0, 0)
    assert box.names() == ["old"]
    monkeypatch.undo()
    report = await box.keeper.round(Rules(Keep(days=1), export_first=True))
    assert (report.exported, report.removed) == (1, 1)


async def test_a_path_that_leads_out_of_the_folder_is_left_alone(box: Box) -> None:
    victim = box.folder / "victim"
    victim.write_bytes(b"precious")
    journey = whole_journey(box.clock)
    journey.started = Instant(NOON_MS - 999 * DAY_MS, 0, "boot-a", True)
    journey.recordings[0].path = "../victim"
    await box.store.close(journey)
    box.used = 1000
    assert (await box.keeper.round(Rules(Keep(days=1)))).removed == 0
    assert victim.exists()
