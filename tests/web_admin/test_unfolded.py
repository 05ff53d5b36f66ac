"""An entry of a form that was just added, moved or refused stands open: what is to be filled in is seen."""

from __future__ import annotations

import re

import pytest

from tests.web_admin.forms import filled
from tests.web_admin.rig import Visitor
from web_admin.forms.unfolded import FOLDED, unfolded

ENTRY = re.compile(r'<details class="entry"( open)?>.*?name="([^"]+)"', re.DOTALL)


@pytest.mark.parametrize(
    ("act", "wrong", "path", "is_last", "opens"),
    [
        ("add:g.keys", "", "g.keys.2", True, True),
        ("add:g.keys", "", "g.keys.1", False, False),
        ("add:g.keys.1.rules", "", "g.keys.1", False, True),
        ("add:g.keys.1.rules", "", "g.keys.10", True, False),
        ("up:g.keys.1", "", "g.keys.1", True, True),
        ("", "g.keys.1.number", "g.keys.1", False, True),
        ("", "g.keys.12.number", "g.keys.1", False, False),
    ],
)
def test_what_was_touched_and_what_is_around_it_is_open(
    act: str, wrong: str, path: str, is_last: bool, opens: bool
) -> None:
    assert unfolded(act, wrong)(path, is_last) is opens
    assert not FOLDED(path, is_last)


async def test_a_key_added_to_a_menu_is_there_to_be_filled_in(admin: Visitor) -> None:
    page = await admin.opens("/menus/main")
    before = ENTRY.findall(page.text)
    form = {**filled(page.text, "/menus/main"), "do": "add:menu.keys"}
    after = ENTRY.findall((await admin.client.post("/menus/main", data=form)).text)
    assert not any(is_open for is_open, _ in before)
    assert [bool(is_open) for is_open, _ in after] == [False] * len(before) + [True]
    assert after[-1][1] == f"menu.keys.{len(before)}._key"
