"""From a document (dicts and lists) to settings that can be put into force, or a refusal.

A document is refused whole when one field of it can't be used; the refusal names the field and quotes its
help text, which therefore says what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from firmware.core.errors import UserError
from firmware.settings.checks_records import check_records
from firmware.settings.checks_routing import check_routing
from firmware.settings.checks_sip import check_sip
from firmware.settings.checks_voice import check_voice
from firmware.settings.document import Settings
from firmware.settings.help import quoted_help


def parse_settings(document: object) -> Settings:
    """Turn a document (dicts and lists, as from JSON) into settings.

    Raises:
        UserError: A field is missing, unknown or out of its range, or two of them contradict each other;
            the text names it and the remedy.
    """
    try:
        settings = msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        path = path.rstrip("`") or "$"
        if reason.startswith(_EMPTY_LIST):
            reason = "the list is empty. Add an entry, or remove what it belongs to"
        raise UserError(
            f"Setting {path.removeprefix('$.')}: {reason}. {quoted_help(path)} Nothing was changed."
        ) from None
    check_settings(settings)
    return settings


_EMPTY_LIST = "Expected `array` of length >= 1"
"""How msgspec begins to say that a list has no entry."""


def check_settings(settings: Settings) -> None:
    """Check what no single field can say.

    Raises:
        UserError: Two fields contradict each other; the text names one and the remedy.
    """
    for check in _CHECKS:
        check(settings)


def _check_people(settings: Settings) -> None:
    seen = set()
    for index, extension in enumerate(settings.extensions):
        if extension.number in seen:
            raise UserError(
                f"Setting extensions[{index}].number: {extension.number} is taken by another extension. "
                "Give one of them another number. Nothing was changed."
            )
        seen.add(extension.number)
    if settings.office.operator not in seen:
        raise UserError(
            f"Setting office.operator: there is no extension {settings.office.operator}. "
            "Name one of the extensions, or add it first. Nothing was changed."
        )


_CHECKS: tuple[Callable[[Settings], None], ...] = (
    check_records,
    _check_people,
    check_routing,
    check_voice,
    check_sip,
)
