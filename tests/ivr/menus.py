"""Menus to test with: a small office's, and any that chance may make."""

from __future__ import annotations

import random

import msgspec
from hypothesis import strategies as st

from firmware.switch.directory import Extension
from ivr.menu import Known, Menu, Menus
from ivr.menu.model import (
    Action,
    Announce,
    Back,
    DialByName,
    GoTo,
    HangUp,
    Repeat,
    SetLanguage,
    ToExtension,
    ToGroup,
    ToOperator,
    ToQueue,
    ToVoicemail,
)

KNOWN = Known(
    extensions=frozenset({"101", "102", "103"}),
    operator=True,
    groups=frozenset({"sales"}),
    queues=frozenset({"service"}),
    mailboxes=frozenset({"office"}),
    prompts=frozenset({"own/welcome"}),
    names=True,
)


class ThreeExtensions:
    """101, 102 and 103, as a walk asks for them."""

    def find(self, number: str) -> Extension | None:
        return Extension(number, f"number {number}") if number in KNOWN.extensions else None

    def may_grow(self, digits: str) -> bool:
        return any(number.startswith(digits) and number != digits for number in KNOWN.extensions)

    def longest(self) -> int:
        return 3


def main(**changes: object) -> Menu:
    """Return a menu that asks twice and then rings the operator, changed as told."""
    return msgspec.structs.replace(Menu(greeting=("greeting",), attempts=2), **changes)


def one(menu: Menu, **others: Menu) -> Menus:
    """Return menus that begin with `menu`, called main."""
    return Menus(start="main", menus={"main": menu, **others})


def random_menus(seed: int) -> Menus:
    """Return menus that may be good or bad; each is led to by a key of the one before, if chance will."""
    chance = random.Random(seed)
    names = [f"m{number}" for number in range(chance.randint(1, 5))]
    menus = {}
    for place, name in enumerate(names):
        keys = {key: _keyed(chance, names) for key in chance.sample("0123456789*#", chance.randint(0, 5))}
        if place + 1 < len(names) and chance.random() < 0.9:
            keys["1"] = GoTo(names[place + 1])
        menus[name] = Menu(
            greeting=("greeting",),
            keys=keys,
            direct_dial=chance.random() < 0.5,
            barge_in=chance.random() < 0.5,
            attempts=chance.randint(1, 3),
            no_key=_automatic(chance, names, place),
            wrong_key=_automatic(chance, names, place),
        )
    return Menus(
        start=names[0],
        menus=menus,
        closed=chance.choice([None, *names]),
        max_questions=chance.randint(5, 40),
        max_tries=chance.randint(1, 4),
    )


any_menus = st.integers(0, 2**32).map(random_menus)
"""Drawn from a seed: building such a graph draw by draw is a hundred times slower."""


def _keyed(chance: random.Random, names: list[str]) -> Action:
    return _any_action(chance, chance.choice(names), [Repeat(), Back()])


def _automatic(chance: random.Random, names: list[str], place: int) -> Action:
    """Return an action that mostly leads onward, so that many of the menus made are good."""
    onward = names[place + 1 :] if chance.random() < 0.9 else names
    if not onward:
        ends: list[Action] = [HangUp(), ToOperator(), ToVoicemail("office"), Announce(("nobody",))]
        return chance.choice(ends)
    return _any_action(chance, chance.choice(onward), [Back()])


def _any_action(chance: random.Random, menu: str, further: list[Action]) -> Action:
    back_to = chance.choice([None, menu])
    kinds: list[Action] = [
        GoTo(menu),
        SetLanguage("en" if chance.random() < 0.5 else "zh-CN", menu),
        Announce(("nobody",), back_to),
        ToExtension(chance.choice(["101", "102", "103"]), back_to),
        ToOperator(back_to),
        ToGroup("sales", back_to),
        ToQueue("service", back_to),
        DialByName(back_to),
        ToVoicemail("office"),
        HangUp(),
        *further,
    ]
    return chance.choice(kinds)
