"""What a field may name: people, menus, groups, queues, prompts … as the settings know them now."""

from __future__ import annotations

from typing import Any

import msgspec

from firmware.control.editing import SettingsReply

# The end of a field's path, and whose names go there. A variant's tag is part of the path.
_ENDINGS = (
    ("menu", "menus"), ("then", "menus"), ("unanswered", "menus"), ("start", "menus"), ("closed", "menus"),
    ("holiday", "menus"), ("group.name", "groups"), ("queue.name", "queues"), ("queue", "queues"),
    ("mailbox", "extensions"), ("extension.number", "extensions"), ("mobile.member", "extensions"),
    ("service_class", "classes"), ("rights.default", "classes"), ("extension", "extensions"),
    ("office.country", "countries"), ("holidays.country", "countries"),
)  # fmt: skip


COUNTRIES = ("CN", "HK", "TW", "SG", "GB", "DE", "FR", "US", "AU", "JP")
"""Offered first; the settings take every country the switch knows."""

_MEMBERS = (".members.", ".agents.", ".keys.", ".extension.", ".no_key.", ".wrong_key.")
"""Where in a path a `number` is somebody's, not the entry's own."""


class Lists(msgspec.Struct, frozen=True):
    extensions: dict[str, str]
    """Number → name."""
    names: dict[str, list[str]]
    """What can be chosen, by kind."""

    @classmethod
    def of(cls, settings: SettingsReply) -> Lists:
        """Collect them from the settings."""
        extensions = {one.number: one.name for one in settings.people}
        names = {
            "extensions": list(extensions),
            "menus": _names(settings.values.get("menus"), "menus"),
            "groups": _names(settings.values.get("groups"), "groups"),
            "queues": _names(settings.values.get("queues"), "queues"),
            "classes": _names(settings.values.get("rights"), "classes"),
            "countries": list(COUNTRIES),
        }
        return cls(extensions, {kind: found for kind, found in names.items() if found})


def list_for(path: str) -> str:
    """Return which list fits a field."""
    for ending, kind in _ENDINGS:
        if path == ending or path.endswith(f".{ending}"):
            return kind
    return ""


def names_somebody(path: str) -> bool:
    """Tell whether an extension's number there is that of somebody who exists."""
    return not path.endswith(".number") or any(part in path for part in _MEMBERS)


def _names(value: Any, inside: str) -> list[str]:
    """Return the names in a section: of a list's entries, or a map's keys, wherever in it they lie."""
    if isinstance(value, dict):
        for key in (inside, "draft", "live", "current"):
            if isinstance(value.get(key), dict | list):
                return _names(value[key], inside) if key != inside else _named(value[key])
        return list(value) if all(isinstance(one, dict) for one in value.values()) else []
    return _named(value)


def _named(value: Any) -> list[str]:
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list):
        return [str(one["name"]) for one in value if isinstance(one, dict) and one.get("name")]
    return []
