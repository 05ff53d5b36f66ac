"""What the switch refuses, in the language of whoever asked."""

from __future__ import annotations

import re

from firmware.control.client import SettingError
from firmware.control.editing import SettingsReply
from firmware.core.errors import UserError
from web_admin.words import Words

_INDEX = re.compile(r"\[\d+\]")

# What a refusal is about that no field's help text says: a part of the switch's sentence → our text.
_KNOWN = (
    ("is taken by another extension", "refused.taken"),
    ("there is no extension", "refused.no_extension"),
    ("Somebody changed the settings", "settings.meanwhile"),
    ("that search takes too long", "refused.slow"),
    ("There is no revision", "refused.no_revision"),
)


def in_words(error: UserError, settings: SettingsReply | None, words: Words) -> str:
    """Return the refusal as a sentence for a person."""
    text = str(error)
    field = _INDEX.sub("", error.field) if isinstance(error, SettingError) else ""
    for part, key in _KNOWN:
        if part.lower() in text.lower():
            label = words.known(f"field.{field}", "") if field else ""
            return f"{label}: {words(key)}" if label else words(key)
    section, _, name = field.partition(".")
    label = words.known(f"field.{field}", name or field)
    for one in settings.sections if settings else []:
        for info in one.fields:
            if one.name == section and info.name == name:
                return words("settings.bad", label=label, help=info.zh if words.language == "zh" else info.en)
    known = words.known(f"refused.{field}", "")
    return known or text
