"""Reading and changing the settings through the control socket.

The document is described by `shapes`, and any place in it is changed by its path: field names, keys, and
positions in lists (from 0, as text). People are changed one by one, by number. Every change is validated as a
whole, kept in a history with who and when, and can be taken back; `dry_run` only tells what would change.

    SetValue(["inbound", "rules", "0", "name"], "Night")     RemoveItem(["groups", "2"])
"""

from __future__ import annotations

from typing import Any

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.control.shapes import Section
from firmware.core.clock import Instant

MAX_EDITS = 600
"""Most edits of one change: an office pasted as a list, and some."""

MAX_HISTORY = 200
"""How many changes can be looked back on."""


class Person(msgspec.Struct, frozen=True):
    number: str
    name: str
    algorithm: str = "MD5"


class GetSettings(BaseRequest, frozen=True, tag="settings"):
    """The settings in force, without secrets, and what can be said of each field."""


class SettingsReply(BaseReply, frozen=True, tag="settings", kw_only=True):
    revision: int
    """Of the history; goes up with every change."""
    values: dict[str, Any]
    """The document: section → value, secrets as dots that keep their secret when they are sent back."""
    sections: list[Section]
    people: list[Person]


class SetFields(msgspec.Struct, frozen=True, tag_field="edit", tag="set"):
    section: str
    fields: dict[str, Any]


class SetValue(msgspec.Struct, frozen=True, tag_field="edit", tag="set value"):
    """Replace what is at a place, or put a new key into a map."""

    path: list[str]
    value: Any


class InsertItem(msgspec.Struct, frozen=True, tag_field="edit", tag="insert item"):
    """Put an entry into a list."""

    path: list[str]
    """Of the list."""
    value: Any
    at: int | None = None
    """Its position; None for the end."""


class RemoveItem(msgspec.Struct, frozen=True, tag_field="edit", tag="remove item"):
    """Take an entry out of a list or a map."""

    path: list[str]


class AddPerson(msgspec.Struct, frozen=True, tag_field="edit", tag="add person"):
    number: str
    name: str


class ChangePerson(msgspec.Struct, frozen=True, tag_field="edit", tag="change person"):
    number: str
    name: str | None = None
    algorithm: str | None = None
    new_secret: bool = False
    """Have another password made; the phone has to be given it before it can register again."""


class RemovePerson(msgspec.Struct, frozen=True, tag_field="edit", tag="remove person"):
    number: str


class PublishMenus(msgspec.Struct, frozen=True, tag_field="edit", tag="publish menus"):
    """Put the draft of the menus in force, or an earlier version again."""

    version: int | None = None
    """None for the draft."""


Edit = SetFields | SetValue | InsertItem | RemoveItem | PublishMenus | AddPerson | ChangePerson | RemovePerson


class ChangeSettings(BaseRequest, frozen=True, tag="change settings", kw_only=True):
    """Change several things at once, or nothing."""

    edits: list[Edit]
    by: str
    """Who asks, for the history."""
    revision: int | None = None
    """The revision the asker has seen; refused when it isn't the newest any more. None doesn't mind."""
    dry_run: bool = False


class RestoreSettings(BaseRequest, frozen=True, tag="restore settings", kw_only=True):
    """Make the settings what they were at a revision; itself a change that can be taken back."""

    to: int
    by: str
    dry_run: bool = False


class Change(msgspec.Struct, frozen=True):
    """One field that is another one. Secrets are never shown: both sides are dots."""

    path: str
    """`reception.attempts`, `extensions.104`, `extensions.104.name`."""
    before: Any = None
    """None where it did not exist."""
    after: Any = None


class ChangedReply(BaseReply, frozen=True, tag="changed", kw_only=True):
    revision: int
    changes: list[Change]


class GetHistory(BaseRequest, frozen=True, tag="history"):
    """The newest changes of the settings, the newest first."""

    limit: int = 50


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    at: Instant
    by: str
    """Empty for a change that didn't come through the control socket."""
    changes: list[Change]


class HistoryReply(BaseReply, frozen=True, tag="history", kw_only=True):
    entries: list[HistoryEntry]
