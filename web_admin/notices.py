"""What a page says after a change, carried in the address of the page that is shown next."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from litestar.response import Redirect

from web_admin.rendering import AnyRequest, words_of

_LONGEST_NAME = 60
_KEYS = frozenset(
    {
        "hours.done_auto",
        "hours.done_day",
        "hours.done_night",
        "announce.done",
        "texts.queued",
        "network.tried",
        "network.kept",
        "network.clock_set",
        "updates.begun",
        "https.renewed",
        "people.added",
        "people.saved",
        "people.removed",
        "people.secret_made",
        "users.removed",
        "account.factor_on",
        "account.factor_off",
        "account.others_out",
        "integrations.revoked",
        "board.done_transfer",
        "board.done_park",
        "board.done_hang_up",
        "board.done_listen",
        "board.done_whisper",
        "board.done_barge",
        "board.done_call",
        "call.noted",
        "menus.drafted",
        "desk.saved",
        "tasks.closed",
        "https.on",
        "https.off",
        "prompts.saved",
        "prompts.removed",
        "system.done",
        "settings.saved",
        "settings.undone",
        "settings.restored",
        "settings.nothing",
    }
)


def then(path: str, notice: str, *, name: str = "", number: str = "", undo: int | None = None) -> Redirect:
    """Go on to a page that says `notice`, or nothing, with an offer to undo revision `undo`."""
    values = {"notice": notice, "name": name, "number": number, "undo": "" if undo is None else str(undo)}
    query = urlencode({key: value for key, value in values.items() if value})
    parts = urlsplit(path)
    anchor = f"#{parts.fragment}" if parts.fragment else ""
    both = "&".join(part for part in (parts.query, query) if part)
    asked = f"?{both}" if both else ""
    return Redirect(f"{parts.path}{asked}{anchor}", status_code=303)


def notice_of(request: AnyRequest) -> tuple[str, int | None]:
    """Return what to say, and which revision can be undone. Only our own texts are ever said."""
    key = request.query_params.get("notice", "")
    if key not in _KEYS:
        return "", None
    name = request.query_params.get("name", "")[:_LONGEST_NAME]
    number = request.query_params.get("number", "")[:6]
    undo = request.query_params.get("undo", "")
    text = words_of(request)(key, name=name, number=number)
    return text, int(undo) if undo.isdecimal() and len(undo) < 10 else None
