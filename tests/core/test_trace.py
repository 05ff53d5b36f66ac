"""The trace in both languages: nothing said in one only, and old records still read."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

from firmware.app.alarms import Alarms
from firmware.core import trace
from firmware.core.causes import Cause
from firmware.core.records import EntryKind, TimelineEntry
from firmware.core.trace import BY_CODE, Said, in_language
from firmware.core.trace.calls import Calls, of_cause
from firmware.core.trace.outbound import Outbound
from firmware.core.trace.routing import Places
from firmware.switch.destinations import ToVoicemail

ROOT = Path(__file__).parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SAID = Outbound.LINE_FAILED(line="gsm1", why=of_cause(Cause.BUSY))


def test_an_entry_reads_in_both_languages() -> None:
    assert str(SAID) == "gsm1 failed: busy"
    assert SAID.in_language("zh-CN") == "gsm1 失败：忙"


def test_what_is_said_survives_the_record() -> None:
    entry = TimelineEntry(1, EntryKind.ROUTE, str(SAID), None, SAID)
    read = msgspec.json.decode(msgspec.json.encode(entry), type=TimelineEntry)
    assert read == entry
    assert read.in_language("zh-CN") == "gsm1 失败：忙"


def test_a_record_from_before_there_were_codes_still_reads() -> None:
    old = msgspec.json.decode(b'{"at_ms":1,"kind":"route","text":"gsm1 failed: busy"}', type=TimelineEntry)
    assert old.in_language("zh-CN") == "gsm1 failed: busy"
    assert in_language("do not disturb", "zh-CN") == "免打扰"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (Said("newer.firmware", {"x": 1}), "newer.firmware"),
        (Said("outbound.goes_out"), "goes out on …"),
        (Said("outbound.goes_out", {"line": "{0.__class__}"}), "goes out on {0.__class__}"),
        (Said("outbound.goes_out", {"line": ["gsm1", 2, 2.5]}), "goes out on gsm1, 2, 2.5"),
    ],
)
def test_strange_records_read_as_far_as_they_can(said: Said, text: str) -> None:
    assert str(said) == text


def test_what_nests_without_end_is_cut() -> None:
    said = Said("outbound.goes_out")
    for _ in range(50):
        said = Said("outbound.goes_out", {"line": said})
    assert len(str(said)) < 200
    assert said.scrubbed(str.upper)


def test_numbers_are_scrubbed_inside_what_is_said() -> None:
    said = Outbound.WHO(who="13800138000", why=Outbound.NOT_ON(line="13800138000", why="x"))
    assert "138" not in str(said.scrubbed(lambda text: text.replace("13800138000", "•••")))


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_both_languages_have_the_same_places(code: str) -> None:
    message = BY_CODE[code]
    chinese = {name for _, name, _, _ in string.Formatter().parse(message.zh) if name}
    assert chinese == message.places
    assert message.en.strip() and message.zh.strip()
    assert CHINESE.search(message.zh) or not any(letters.isalpha() for letters in _between(message.en)), code


def _between(pattern: str) -> str:
    """Return a message's own letters, without the places for values."""
    return "".join(literal for literal, *_ in string.Formatter().parse(pattern))


def test_an_alarm_is_what_can_be_said_in_both_languages() -> None:
    assert get_type_hints(Alarms.__call__)["text"] is Said, "plain words would be said in one only"


def test_who_uses_a_message_does_not_rename_it() -> None:
    assert ToVoicemail.words is Places.VOICEMAIL
    assert Places.VOICEMAIL.code == "places.voicemail"
    assert {code: message.code for code, message in BY_CODE.items()} == {code: code for code in BY_CODE}


def test_every_cause_has_its_words() -> None:
    assert [cause for cause in Cause if of_cause(cause).code not in BY_CODE] == []


def _uses() -> Iterator[tuple[str, str, set[str]]]:
    """Find where messages are used: place, code, values given."""
    for folder in ("firmware", "extensions", "ivr", "web_admin"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            areas = {
                alias.asname or alias.name: alias.name.lower()
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("firmware.core.trace.")
                for alias in node.names
            }
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id in areas
                    and node.func.attr.isupper()
                ):
                    given = {one.arg for one in node.keywords if one.arg is not None}
                    code = f"{areas[node.func.value.id]}.{node.func.attr.lower()}"
                    yield f"{path.name}:{node.lineno}", code, given


def test_messages_are_given_the_values_they_have_places_for() -> None:
    uses = list(_uses())
    assert len(uses) > 50
    assert [use for use in uses if BY_CODE[use[1]].places != use[2]] == []


def test_every_area_is_known_once_the_package_is_imported() -> None:
    assert Calls.ANSWERED.code in BY_CODE
    assert set(trace.__all__) >= {"calls", "inside", "numbers", "outbound", "queues", "routing"}
