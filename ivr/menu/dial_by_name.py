"""Lets a caller spell whom he wants on the keys.

spell ──┬─ one match ───────────────► that extension
        ├─ two to four ─► "for extension … press one" ─► that extension
        └─ none, or too many ─► once more, then nobody
"""

from __future__ import annotations

from firmware.core.trace.calls import Calls
from firmware.core.trace.voice import InMenu
from firmware.switch.call import Call
from ivr.menu.keypad import HASH, ask
from ivr.menu.names import Listed, NameBook
from ivr.prompts import Prompts

ATTEMPTS = 2
MOST_OFFERED = 4
# From three keys on a name that only one person has is surely meant; fewer may be the beginning of a mistake.
_SURE_KEYS = 3
_MOST_KEYS = 20
_FIRST_SECONDS = 8.0
_NEXT_SECONDS = 4.0
"""Finding letters on a keypad takes longer than dialling."""


async def dial_by_name(call: Call, prompts: Prompts, names: NameBook) -> str | None:
    """Return the number of the extension the caller spelled and chose; None when there was none."""
    words: tuple[str, ...] = ()
    for _ in range(ATTEMPTS):
        keys = await ask(
            call,
            InMenu.ASKED_TO_SPELL(),
            prompts(*words, "spell-name"),
            is_complete=lambda keyed: (
                len(keyed) >= _MOST_KEYS or (len(keyed) >= _SURE_KEYS and len(names.matches(keyed)) <= 1)
            ),
            first_seconds=_FIRST_SECONDS,
            next_seconds=_NEXT_SECONDS,
        )
        found = names.matches(keys)
        if len(found) == 1:
            return found[0].number
        if 1 < len(found) <= MOST_OFFERED:
            return await _offer(call, prompts, found)
        call.journey.route(InMenu.NAMES(keys=keys or Calls.NOTHING(), count=len(found)))
        call.forget_digits()
        words = ("too-many-names",) if found else ("no-such-name",)
    return None


async def _offer(call: Call, prompts: Prompts, found: list[Listed]) -> str | None:
    spoken = prompts.spoken
    offer: list[str] = []
    for place, one in enumerate(found, 1):
        offer += ["for-extension", *spoken.digits(one.number), "press", *spoken.number(place)]
    key = await ask(
        call,
        InMenu.OFFERED(),
        prompts(*offer),
        is_complete=lambda _: True,
        first_seconds=_FIRST_SECONDS,
        next_seconds=_NEXT_SECONDS,
    )
    if key in ("", HASH, "*") or not 1 <= int(key) <= len(found):
        call.journey.route(InMenu.NO_NAME(count=len(found)))
        return None
    return found[int(key) - 1].number
