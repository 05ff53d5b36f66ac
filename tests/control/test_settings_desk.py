"""Settings through the control socket: described, changed, previewed, taken back, with a history."""

from __future__ import annotations

import asyncio
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import firmware.app
from firmware.app.api.shapes import sections
from firmware.control.answers import answers_of
from firmware.control.client import ControlClient, SettingError
from firmware.control.editing import (
    MAX_HISTORY,
    AddPerson,
    ChangePerson,
    InsertItem,
    RemoveItem,
    RemovePerson,
    SetFields,
    SetValue,
)
from firmware.control.server import ControlServer
from firmware.control.shapes import Kind, Shape
from firmware.core.errors import UserError
from tests.control.switch import FakeSwitch
from tests.patience import until


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        yield Path(folder)


@pytest.fixture
def switch(folder: Path) -> FakeSwitch:
    return FakeSwitch(folder)


@pytest.fixture
async def client(folder: Path, switch: FakeSwitch) -> AsyncIterator[ControlClient]:
    server = ControlServer(folder / "control.sock", answers_of(switch))
    await server.start()
    async with ControlClient(folder / "control.sock") as client:
        yield client
    await server.close()


def fields_of(shape: Shape, path: str) -> Iterator[tuple[str, Shape]]:
    """Yield every field below a shape, with its path."""
    for field in [*shape.fields, *(field for variant in shape.variants for field in variant.fields)]:
        yield f"{path}.{field.name}", field.shape
        yield from fields_of(field.shape, f"{path}.{field.name}")
    if shape.item is not None:
        yield from fields_of(shape.item, f"{path}[]")


def test_every_section_is_described_down_to_its_last_field() -> None:
    shapes = {path: shape for one in sections() for path, shape in fields_of(one.shape, one.name)}
    assert shapes["office.operator"].kind is Kind.EXTENSION
    assert set(shapes["office.language"].choices) == {"en", "zh-CN"}
    assert shapes["recording.enabled"].kind is Kind.SWITCH
    attempts = shapes["reception.attempts"]
    assert (attempts.kind, attempts.minimum, attempts.maximum) == (Kind.NUMBER, 1, 9)
    assert shapes["extensions[].secret"].is_secret
    assert [path for path, shape in shapes.items() if shape.kind is Kind.JSON] == []


async def test_a_place_deep_in_the_document_is_set_added_and_removed(
    client: ControlClient, switch: FakeSwitch
) -> None:
    await client.change_settings([SetValue(["extensions", "1", "name"], "王伟")], "alice")
    assert switch.store.current.extensions[1].name == "王伟"
    added = {"number": "150", "name": "仓库"}
    changed = await client.change_settings([InsertItem(["extensions"], added, 0)], "alice")
    assert [one.path for one in changed.changes] == ["extensions.150"]
    assert switch.store.current.extensions[0].number == "150"
    await client.change_settings([RemoveItem(["extensions", "0"])], "alice")
    assert switch.store.current.extension("150") is None


async def test_a_secret_sent_back_as_its_dots_stays_the_same(
    client: ControlClient, switch: FakeSwitch
) -> None:
    before = {one.number: one.secret for one in switch.store.current.extensions}
    people = (await client.settings()).values["extensions"]
    assert all(one["secret"].startswith("••••") for one in people)
    await client.change_settings([SetValue(["extensions"], list(reversed(people)))], "alice")
    assert {one.number: one.secret for one in switch.store.current.extensions} == before
    assert switch.store.current.extensions[0].number == "103"


@pytest.mark.parametrize(
    "path", [[], ["nowhere"], ["office", "x"], ["extensions", "9"], ["extensions", "-1"]]
)
async def test_a_place_that_is_not_there_is_refused(client: ControlClient, path: list[str]) -> None:
    with pytest.raises(UserError, match="Nothing was changed"):
        await client.change_settings([SetValue(path, 1)], "alice")
    with pytest.raises(UserError):
        await client.change_settings([RemoveItem(path)], "alice")


async def test_a_change_is_in_force_and_remembered(client: ControlClient, switch: FakeSwitch) -> None:
    changed = await client.change_settings([SetFields("reception", {"attempts": 4})], "alice")
    assert [(one.path, one.before, one.after) for one in changed.changes] == [("reception.attempts", 2, 4)]
    assert switch.store.current.reception.attempts == 4
    (entry, *_) = await client.history()
    assert (entry.by, entry.revision) == ("alice", changed.revision)
    assert entry.changes == changed.changes


async def test_a_preview_changes_nothing(client: ControlClient, switch: FakeSwitch) -> None:
    changed = await client.change_settings([SetFields("reception", {"attempts": 4})], "alice", dry_run=True)
    assert changed.changes
    assert switch.store.current.reception.attempts == 2
    assert await client.history() == []


async def test_what_was_changed_can_be_taken_back(client: ControlClient, switch: FakeSwitch) -> None:
    changed = await client.change_settings([RemovePerson("102")], "alice")
    await client.restore_settings(changed.revision - 1, "bob")
    assert switch.store.current.extension("102") is not None
    assert [entry.by for entry in await client.history()][:2] == ["bob", "alice"]


async def test_a_person_who_comes_back_keeps_the_phones_password(
    client: ControlClient, switch: FakeSwitch
) -> None:
    before = switch.store.current.extension("102")
    changed = await client.change_settings([RemovePerson("102")], "alice")
    await client.restore_settings(changed.revision - 1, "alice")
    assert switch.store.current.extension("102") == before


async def test_people_come_are_renamed_and_get_new_passwords(
    client: ControlClient, switch: FakeSwitch
) -> None:
    await client.change_settings([AddPerson("104", "王小明")], "alice")
    added = switch.store.current.extension("104")
    assert added is not None
    await client.change_settings([ChangePerson("104", name="王大明", new_secret=True)], "alice")
    changed = switch.store.current.extension("104")
    assert changed is not None
    assert changed.name == "王大明"
    assert changed.secret != added.secret


async def test_no_password_is_ever_shown(client: ControlClient, switch: FakeSwitch) -> None:
    changed = await client.change_settings(
        [ChangePerson("101", new_secret=True), AddPerson("104", "x"), RemovePerson("102")], "alice"
    )
    secrets = [one.secret for one in switch.store.current.extensions]
    shown = repr(changed) + repr(await client.history()) + repr(await client.settings())
    assert not [secret for secret in secrets if secret in shown]
    assert "••••" in shown


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (SetFields("reception", {"attempts": 99}), "reception.attempts"),
        (SetFields("reception", {"nonsense": 1}), "reception"),
        (SetFields("nowhere", {}), "nowhere"),
        (SetFields("office", {"operator": "999"}), "office.operator"),
        (AddPerson("101", "again"), "extensions[3].number"),
        (RemovePerson("101"), "office.operator"),
        (RemovePerson("999"), "extensions"),
    ],
)
async def test_a_change_that_makes_no_sense_names_its_field(
    client: ControlClient, switch: FakeSwitch, edit: SetFields | AddPerson | RemovePerson, field: str
) -> None:
    before = switch.store.current
    with pytest.raises(SettingError) as refused:
        await client.change_settings([edit], "alice")
    assert refused.value.field == field
    assert switch.store.current == before


async def test_two_people_do_not_overwrite_each_other(client: ControlClient) -> None:
    seen = (await client.settings()).revision
    await client.change_settings([SetFields("reception", {"attempts": 4})], "alice", seen)
    with pytest.raises(UserError, match="meanwhile"):
        await client.change_settings([SetFields("reception", {"attempts": 5})], "bob", seen)


async def test_a_change_made_elsewhere_is_in_the_history_without_a_name(
    client: ControlClient, switch: FakeSwitch
) -> None:
    await client.change_settings([SetFields("reception", {"attempts": 4})], "alice")
    other = SetFields("reception", {"attempts": 7})
    await switch.store.change(lambda now: type(now)(extensions=now.extensions))
    await client.change_settings([other], "bob")
    assert [entry.by for entry in await client.history()][:3] == ["bob", "", "alice"]


def test_nothing_of_the_switch_changes_settings_past_the_desk() -> None:
    root = Path(firmware.app.__file__).parent
    past = [path for path in root.rglob("*.py") if ".settings.change(" in path.read_text("utf-8")]
    assert past == [], "such a change would have no author"


async def test_the_history_is_its_owners_only_and_survives_a_torn_line(
    client: ControlClient, folder: Path
) -> None:
    await client.change_settings([SetFields("reception", {"attempts": 4})], "alice")
    path = folder / "settings-history.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(path.read_bytes() + b'{"revision":9,"at":')
    await client.change_settings([SetFields("reception", {"attempts": 5})], "bob")
    assert [entry.by for entry in await client.history()][:2] == ["bob", "alice"]


async def test_the_history_does_not_grow_for_ever(
    client: ControlClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.app.api.history.MAX_HISTORY", 5)
    monkeypatch.setattr("firmware.app.api.history._SPARE", 2)
    for index in range(12):
        await client.change_settings([SetFields("office", {"name": f"office {index}"})], "alice")
    assert len((folder / "settings-history.jsonl").read_bytes().splitlines()) <= 8
    assert len(await client.history(MAX_HISTORY)) == 5


async def test_a_page_closed_in_mid_change_leaves_change_and_history_together(
    client: ControlClient, folder: Path, switch: FakeSwitch
) -> None:
    asking = asyncio.create_task(client.change_settings([SetFields("reception", {"attempts": 4})], "alice"))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.sleep(0.3)
    async with ControlClient(folder / "control.sock") as again:

        async def agree() -> bool:
            remembered = await again.history()
            return (switch.store.current.reception.attempts == 4) == bool(remembered)

        # On a busy machine it may only be on its way by now.
        await until(agree, "a change without a history, or the other way round")
