"""The menus as a drawn flow: a column for each step from the start, a card for each menu, cords between.

┌ main ───────┐        ┌ sales ──────┐
│ 1  Sales   ●│───────►│ 1  101      │
│ 0  front    │        │ *  back     │
└─────────────┘        └─────────────┘
"""

from __future__ import annotations

from typing import Any

import msgspec

CARD = 250
"""CSS pixels; likewise the others."""

GAP_X = 90
GAP_Y = 26
HEAD = 46
ROW = 30

_MOST_MENUS = 100


class Key(msgspec.Struct, frozen=True):
    label: str
    """The key, or "no_key", "wrong_key"."""
    do: str
    detail: str
    """Whom or what it leads to."""
    y: int


class Card(msgspec.Struct, frozen=True):
    name: str
    x: int
    y: int
    height: int
    keys: list[Key]
    is_start: bool
    dials: bool


class Flow(msgspec.Struct, frozen=True):
    cards: list[Card]
    cords: list[str]
    """SVG paths."""
    width: int
    height: int


def leads(action: dict[str, Any]) -> list[str]:
    """Return the menus an action leads to."""
    names = [action.get("menu"), action.get("then"), action.get("unanswered")]
    return [one for one in names if isinstance(one, str)]


def flow(menus: dict[str, Any]) -> Flow:
    """Return the picture of menus as the settings hold them."""
    every: dict[str, dict[str, Any]] = dict(list(menus["menus"].items())[:_MOST_MENUS])
    starts = [
        one for one in dict.fromkeys((menus["start"], menus.get("closed"), menus.get("holiday"))) if one
    ]
    depth = _depths(every, starts)
    heights: dict[int, int] = {}
    places: dict[str, Card] = {}
    for name, menu in every.items():
        column = depth[name]
        actions = [
            *menu.get("keys", {}).items(),
            ("no_key", menu["no_key"]),
            ("wrong_key", menu["wrong_key"]),
        ]
        y = heights.get(column, 0)
        keys = [
            Key(label, str(action.get("do", "")), detail(action), y + HEAD + place * ROW)
            for place, (label, action) in enumerate(actions)
        ]
        height = HEAD + len(keys) * ROW + 8
        dials = bool(menu.get("direct_dial"))
        places[name] = Card(name, column * (CARD + GAP_X), y, height, keys, name in starts, dials)
        heights[column] = y + height + GAP_Y
    cords = []
    for name, menu in every.items():
        card = places[name]
        does = {**menu.get("keys", {}), "no_key": menu["no_key"], "wrong_key": menu["wrong_key"]}
        for key in card.keys:
            cords += [
                _cord(card.x + CARD, key.y + ROW // 2, places[to].x, places[to].y + HEAD // 2)
                for to in leads(does[key.label])
                if to in places
            ]
    width = (max(depth.values(), default=0) + 1) * (CARD + GAP_X) - GAP_X
    return Flow(list(places.values()), cords, width, max(heights.values(), default=GAP_Y) - GAP_Y)


def detail(action: dict[str, Any]) -> str:
    """Return whom or what an action leads to, in a word."""
    for key in ("menu", "number", "name", "mailbox", "language"):
        if isinstance(action.get(key), str):
            return str(action[key])
    return ", ".join(action.get("prompts", []))[:40]


def _depths(menus: dict[str, dict[str, Any]], starts: list[str]) -> dict[str, int]:
    """Return how many steps from the start each menu is; those nothing leads to stand in the last column."""
    found = {name: 0 for name in starts if name in menus}
    waiting = list(found)
    while waiting:
        name = waiting.pop(0)
        menu = menus[name]
        for action in [*menu.get("keys", {}).values(), menu["no_key"], menu["wrong_key"]]:
            for to in leads(action):
                if to in menus and to not in found:
                    found[to] = found[name] + 1
                    waiting.append(to)
    last = max(found.values(), default=-1) + 1
    return {name: found.get(name, last) for name in menus}


def _cord(x: int, y: int, to_x: int, to_y: int) -> str:
    if to_x > x:
        middle = (x + to_x) // 2
        return f"M{x} {y} C{middle} {y} {middle} {to_y} {to_x} {to_y}"
    # Back to a column further left: around below the card's edge.
    above, inside = to_y - 14, to_x + 20
    return f"M{x} {y} C{x + 60} {y} {x + 60} {above} {x} {above} L{inside} {above} L{inside} {to_y}"
