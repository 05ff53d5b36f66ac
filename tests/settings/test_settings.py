"""Settings as the administrator meets them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firmware.core.errors import DeviceError, UserError
from firmware.core.secrets import new_secret
from firmware.settings.document import Settings
from firmware.settings.help import field_help
from firmware.settings.parse import parse_settings
from firmware.settings.people import Extension
from firmware.settings.store import SettingsStore


def opened(path: Path) -> SettingsStore:
    store = SettingsStore(path)
    store.open()
    return store


def named(name: str) -> Any:
    def edit(before: Settings) -> Settings:
        return msgspec.structs.replace(before, office=msgspec.structs.replace(before.office, name=name))

    return edit


def test_the_first_start_has_three_phones_with_secrets_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings = opened(path).current
    assert [one.number for one in settings.extensions] == ["101", "102", "103"]
    assert settings.extensions[0].name == "前台 / Front desk"
    assert settings.reception.ring_seconds == 25
    assert len({one.secret for one in settings.extensions}) == 3
    assert path.stat().st_mode & 0o777 == 0o600
    assert opened(path).current == settings


def test_a_secret_holds_at_least_96_bits() -> None:
    secrets = [new_secret() for _ in range(400)]
    seen = set("".join(secrets))
    assert len(seen) == 32
    assert min(len(one) for one in secrets) * 5 >= 96
    assert not seen & set("01lo")


def test_a_secret_never_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings()
    with caplog.at_level(logging.INFO):
        logging.getLogger().info("settings: %s %r", settings, settings.extensions[0])
    assert not any(one.secret in caplog.text for one in settings.extensions)


async def test_a_change_is_in_force_told_and_kept(tmp_path: Path) -> None:
    store = opened(tmp_path / "settings.json")
    told: list[tuple[str, str]] = []
    unsubscribe = store.subscribe(lambda before, after: told.append((before.office.name, after.office.name)))
    await store.change(named("东方贸易"))
    assert store.current.office.name == "东方贸易"
    assert opened(tmp_path / "settings.json").current == store.current
    unsubscribe()
    await store.change(named("later"))
    assert told == [("总机", "东方贸易")]


async def test_a_listener_that_raises_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = opened(tmp_path / "settings.json")
    told: list[str] = []

    def broken(_before: Settings, _after: Settings) -> None:
        raise RuntimeError("broken listener")

    store.subscribe(broken)
    store.subscribe(lambda _before, after: told.append(after.office.name))
    await store.change(named("still told"))
    assert told == ["still told"]
    assert "broken listener" in caplog.text


async def test_changes_made_at_once_all_count(tmp_path: Path) -> None:
    store = opened(tmp_path / "settings.json")

    def with_extension(number: str) -> Any:
        def edit(before: Settings) -> Settings:
            return msgspec.structs.replace(
                before, extensions=(*before.extensions, Extension(number=number, name=number))
            )

        return edit

    await asyncio.gather(*(store.change(with_extension(str(number))) for number in range(200, 212)))
    reread = opened(tmp_path / "settings.json").current
    assert [one.number for one in reread.extensions][3:] == [str(number) for number in range(200, 212)]


def document(**changes: object) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(Settings())
    for path, value in changes.items():
        section, field = path.split("__")
        target = plain[section][0] if section == "extensions" else plain[section]
        target[field] = value
    return plain


@pytest.mark.parametrize(
    ("wrong", "field", "remedy"),
    [
        ({"reception__ring_seconds": 2}, "reception.ring_seconds", "5 to 300 seconds"),
        ({"reception__ring_seconds": "long"}, "reception.ring_seconds", "5 to 300 seconds"),
        ({"office__language": "fr"}, "office.language", "zh-CN or en"),
        ({"office__country": "China"}, "office.country", "two capitals"),
        ({"office__operator": "999"}, "office.operator", "Name one of the extensions"),
        ({"office__colour": "red"}, "office", "Its fields are country"),
        ({"extensions__number": "1o1"}, "extensions[0].number", "Two to six digits"),
        ({"extensions__number": "102"}, "extensions[1].number", "another number"),
        ({"extensions__secret": "short"}, "extensions[0].secret", "16 to 64 characters"),
        ({"recording__enabled": "yes"}, "recording.enabled", "true or false"),
    ],
)
def test_a_bad_field_refuses_the_whole_document_by_name(
    wrong: dict[str, object], field: str, remedy: str
) -> None:
    with pytest.raises(UserError) as refusal:
        parse_settings(document(**wrong))
    assert f"Setting {field}:" in str(refusal.value)
    assert remedy in str(refusal.value)


def test_a_group_without_members_is_refused_with_the_remedy() -> None:
    with pytest.raises(UserError) as told:
        parse_settings({"groups": [{"name": "sales", "members": []}]})
    assert str(told.value).startswith("Setting groups[0].members: the list is empty. Add an entry, or remove")
    assert "a group without any rings nobody" in str(told.value)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"closure": {"prompt": "nonsense"}}, "closure.prompt: there is no prompt nonsense"),
        (
            {"surveys": [{"name": "how", "questions": [{"name": "q", "prompt": "what"}]}]},
            "surveys[0].questions[0].prompt: there is no prompt what",
        ),
        (
            {"queues": [{"name": "sales", "agents": [{"number": "101"}], "messages": ["own/ad", "news"]}]},
            "queues[0].messages: there is no prompt news",
        ),
        (
            {"inbound": {"otherwise": [{"type": "announcement", "prompt": "gone away"}]}},
            "inbound.otherwise: there is no announcement gone away",
        ),
        (
            {"inbound": {"otherwise": [{"type": "voicemail", "mailbox": "nobody"}]}},
            "inbound.otherwise: there is no voicemail nobody",
        ),
    ],
)
def test_words_and_mailboxes_that_are_not_there_are_refused(document: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_settings(document)
    assert told.lower() in str(refused.value).lower()
    parse_settings({"closure": {"prompt": "own/holiday"}})
    parse_settings({"inbound": {"otherwise": [{"type": "voicemail", "mailbox": "101"}]}})


def test_an_unknown_section_is_refused() -> None:
    with pytest.raises(UserError, match="The sections are office, reception"):
        parse_settings({"lasers": {}})


async def test_a_refused_change_changes_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path / "settings.json")
    before = (tmp_path / "settings.json").read_bytes()
    with pytest.raises(UserError, match=r"office\.name"):
        await store.change(named(""))
    assert store.current.office.name == "总机"
    assert (tmp_path / "settings.json").read_bytes() == before


async def test_a_full_card_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(tmp_path / "settings.json")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DeviceError, match="No space left"):
        await store.change(named("never"))
    monkeypatch.undo()
    assert store.current.office.name == "总机"
    await store.change(named("now"))
    assert opened(tmp_path / "settings.json").current.office.name == "now"


async def test_a_hand_edit_gone_wrong_is_named_and_the_box_still_starts(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    store = opened(path)
    await store.change(named("good"))
    await store.change(named("newest"))
    edited = json.loads(path.read_text(encoding="utf-8"))
    edited["reception"]["1"]["attempts"] = 0
    path.write_text(json.dumps(edited), encoding="utf-8")
    again = opened(path)
    assert again.current.office.name == "good"
    assert again.fault is not None
    assert "reception.attempts" in again.fault


@pytest.mark.parametrize(
    "content", ["torn {", '{"office": {"1": {"name": ""}}, "extensions": {"1": {}}}', "{}"]
)
def test_a_bad_file_alone_is_refused_with_the_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises((UserError, DeviceError), match=r"settings\.json"):
        SettingsStore(path).open()
    assert path.read_text(encoding="utf-8") == content


def test_every_field_has_help_in_both_languages() -> None:
    for section, fields in field_help().items():
        assert fields, section
        for field, text in fields.items():
            assert text.en and text.zh, f"{section}.{field}"
    assert field_help()["reception"]["ring_seconds"].default == 25
    assert set(field_help()["extensions"]) == set(Extension.__struct_fields__)
