"""Whatever comes from outside is text: callers' names, text messages, notes, names of people, what lines say.

Every page is opened while all of it is markup, and none of it may come out as such.
"""

from __future__ import annotations

import html.parser
import re

import msgspec
import pytest

from firmware.core.records import AgentNote
from tests.control.switch import FIRST_ID
from tests.web_admin import office
from tests.web_admin.rig import Visitor
from tests.web_admin.routes import routes
from tests.web_admin.test_live import events

EVIL = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"
_SAYS = "alert(1)"

_STREAMS = {"/live", "/desk/live", "/lines/levels"}
_FILLED = {"call": FIRST_ID, "section": "office", "number": "101", "name": "main", "step": "people"}

# Where it has to show: a page that says nothing of it would prove nothing.
SHOWS = {
    "/", "/calls", "/calls/{call}", "/desk", "/desk/calls/{call}", "/people", "/tasks", "/texts",
    "/setup/{step}", "/users",
}  # fmt: skip


class Markup(html.parser.HTMLParser):
    """Notes whatever a page holds that none of ours does."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "img" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name.startswith("on") or name == "style"]


def markup_of(page: str) -> list[str]:
    parser = Markup()
    parser.feed(page)
    return parser.found


@pytest.fixture
async def besieged(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """An office where everything somebody else may write is markup."""
    switch = admin.switch
    for journey in switch.journeys:
        journey.caller = journey.called = journey.line = EVIL
        journey.tags = [EVIL]
        journey.notes.append(AgentNote("101", 1000, EVIL))
    for name, changes in (
        ("RECEIVED", {"body": EVIL, "number": EVIL}),
        ("OUTGOING", {"body": EVIL, "detail": EVIL, "number": EVIL}),
        ("MESSAGE", {"caller": EVIL, "caller_name": EVIL}),
        ("LOST", {"number": EVIL, "shown": EVIL, "why": EVIL}),
    ):
        monkeypatch.setattr(office, name, msgspec.structs.replace(getattr(office, name), **changes))
    picture = switch.picture
    switch.goes_on(
        calls=[msgspec.structs.replace(one, caller=EVIL, called=EVIL, doing=EVIL) for one in picture.calls],
        people=[msgspec.structs.replace(one, name=EVIL) for one in picture.people],
        lines=[msgspec.structs.replace(one, detail=EVIL) for one in picture.lines],
        faults=[EVIL],
        office=EVIL,
    )
    await switch.store.change(
        lambda settings: msgspec.structs.replace(
            settings,
            office=msgspec.structs.replace(settings.office, name=EVIL[:60]),
            extensions=tuple(msgspec.structs.replace(one, name=EVIL[:60]) for one in settings.extensions),
        )
    )
    user = admin.site.users.find("admin")
    assert user is not None
    admin.site.users.put(msgspec.structs.replace(user, extension="101"))
    await admin.sees_the_box(office=EVIL)
    return admin


async def test_no_page_takes_what_others_wrote_for_markup(besieged: Visitor) -> None:
    shown = set()
    for path, methods in routes():
        if "GET" not in methods or path in _STREAMS or path.startswith(("/api/", "/static/")):
            continue
        answer = await besieged.client.get(re.sub(r"\{(\w+)\}", lambda one: _FILLED.get(one[1], "x"), path))
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert markup_of(answer.text) == [], path
        if _SAYS in answer.text:
            shown.add(path)
    assert SHOWS - shown == set(), "pages that were expected to show it"


async def test_nothing_that_comes_over_the_live_stream_is_markup_either(besieged: Visitor) -> None:
    (regions,) = await events(besieged, 1)
    told = [str(html_of) for name, html_of in regions.items() if name != "at"]
    assert sum(_SAYS in one for one in told) >= 3
    assert [markup_of(one) for one in told] == [[]] * len(told)


def test_what_is_looked_for_is_found() -> None:
    assert markup_of(f"<p>{EVIL}</p>") == ["img", "onerror", "script"]
