"""Refuses menus that would leave a caller stranded, and names the way to the place.

Theory of operation
-------------------
Menus are a graph. An edge is *keyed* when the caller has to press something for it, *automatic* when it is
taken for keying nothing, only wrong things, or because nobody was there. Refused are

    missing      an edge to a menu, person, group, prompt … that doesn't exist
    dead end     "back" where nothing came before
    unreachable  a menu that no edge and no start leads to
    endless      a circle of automatic edges: a caller who does nothing would go round for ever

Without automatic circles a caller who keys nothing meets each menu once at most and comes to an end. One who
keys on and on is stopped by `Menus.max_questions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from firmware.core.errors import UserError
from ivr.menu.model import (
    OPENING_TIME,
    Action,
    Announce,
    Back,
    DialByName,
    GoTo,
    HangUp,
    Menu,
    Menus,
    Repeat,
    SetLanguage,
    ToExtension,
    ToGroup,
    ToOperator,
    ToQueue,
    ToVoicemail,
    starts,
)
from ivr.prompts.catalogue import CATALOGUE


class Known(msgspec.Struct, frozen=True):
    """What menus may name."""

    extensions: frozenset[str] = frozenset()
    operator: bool = False
    """Whether the office has an operator."""
    groups: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    mailboxes: frozenset[str] = frozenset()
    prompts: frozenset[str] | None = frozenset()
    """The office's own prompts, as own/NAME; the catalogue's are known anyway. None: not looked at."""
    names: bool = False
    """Whether callers may spell names."""


class Problem(msgspec.Struct, frozen=True):
    path: str
    """How a caller gets there: "main → key 2 → sales"."""
    text: str
    """What is wrong and what to do."""

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class _Edge(msgspec.Struct, frozen=True):
    source: str
    label: str
    """What makes the caller take it: "key 2", "no key", "wrong key"."""
    target: str
    automatic: bool


def parse_menus(document: object, known: Known) -> Menus:
    """Turn a document (dicts and lists, as from JSON) into menus.

    Raises:
        UserError: A field can't be used, or the menus would strand a caller; the text names the place.
    """
    try:
        menus = msgspec.convert(document, Menus)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        where = path.rstrip("`").removeprefix("$.").removeprefix("$") or "the document"
        raise UserError(f"Menus, {where}: {reason}. Correct this field; nothing was changed.") from None
    check_menus(menus, known)
    return menus


def check_menus(menus: Menus, known: Known) -> None:
    """Refuse menus that would strand a caller.

    Raises:
        UserError: They would; the text names up to five places, the way there and the remedy.
    """
    found = problems(menus, known)
    if found:
        more = f" (and {len(found) - 5} more)" if len(found) > 5 else ""
        raise UserError("Menus: " + " ".join(str(problem) for problem in found[:5]) + more)


def problems(menus: Menus, known: Known) -> list[Problem]:
    """Return everything that is wrong with menus, in the order a caller would meet it."""
    edges = list(_edges(menus))
    paths = _paths(menus, edges)
    found = [
        Problem(field, f"There is no menu {name}. Add it, or name another.")
        for field, name in (("start", menus.start), ("closed", menus.closed), ("holiday", menus.holiday))
        if name is not None and name not in menus.menus
    ]
    for name, menu in menus.menus.items():
        if name not in paths:
            text = "No key and no start leads here. Lead one here, or remove the menu."
            found.append(Problem(name, text))
        found += _missing(paths.get(name, name), menu, menus, known)
    found += [_dead_end(paths, edge) for edge in edges if edge.target == _NOWHERE]
    circle = _automatic_circle(edges)
    if circle:
        way = " → ".join(f"{edge.source} → {edge.label}" for edge in circle) + f" → {circle[0].source}"
        text = "A caller who keys nothing would go round for ever. Let one of these end, or ring somebody."
        found.append(Problem(way, text))
    return found


_NOWHERE = ""
"""Target of a "back" before which there is nothing."""


def _labelled(menu: Menu) -> Iterator[tuple[str, Action, bool]]:
    """Yield every action of a menu: how it is called, itself, whether it is automatic."""
    for key, action in menu.keys.items():
        yield f"key {key}", action, False
    yield "no key", menu.no_key, True
    yield "wrong key", menu.wrong_key, True


def _edges(menus: Menus) -> Iterator[_Edge]:
    """Yield every edge; "back" leads to each menu that a caller may have come from."""
    forward = [
        _Edge(name, label, target, automatic)
        for name, menu in menus.menus.items()
        for label, action, automatic in _labelled(menu)
        for target in _targets(name, action)
    ]
    yield from forward
    came_from = {
        name: {edge.source for edge in forward if edge.target == name} - {name} for name in menus.menus
    }
    for name in starts(menus):
        # Where a caller begins, nothing came before: back is then the same menu again.
        if came_from.get(name):
            came_from[name].add(name)
    for name, menu in menus.menus.items():
        for label, action, automatic in _labelled(menu):
            if isinstance(action, Back):
                for target in sorted(came_from[name]) or [_NOWHERE]:
                    yield _Edge(name, label, target, automatic)


def _targets(name: str, action: Action) -> Iterator[str]:
    match action:
        case GoTo():
            yield action.menu
        case SetLanguage():
            yield action.then
        case Announce(then=str(then)):
            yield then
        case Repeat():
            yield name
        case ToExtension() | ToOperator() | ToGroup() | ToQueue() | DialByName():
            if action.unanswered is not None:
                yield action.unanswered
        case _:
            pass


def _paths(menus: Menus, edges: list[_Edge]) -> dict[str, str]:
    """Return the shortest way to each menu that can be reached."""
    paths = {name: name for name in starts(menus) if name in menus.menus}
    waiting = list(paths)
    while waiting:
        source = waiting.pop(0)
        for edge in edges:
            if edge.source == source and edge.target in menus.menus and edge.target not in paths:
                paths[edge.target] = f"{paths[source]} → {edge.label} → {edge.target}"
                waiting.append(edge.target)
    return paths


def _missing(path: str, menu: Menu, menus: Menus, known: Known) -> Iterator[Problem]:
    for prompts in (menu.greeting, menu.no_key_prompts, menu.wrong_key_prompts):
        yield from _missing_prompts(path, prompts, known)
    if menu.direct_dial and not known.extensions:
        yield Problem(path, "There is no extension to dial. Add one, or switch direct dialling off.")
    for label, action, _ in _labelled(menu):
        place = f"{path} → {label}"
        for target in _targets("", action):
            if target and target not in menus.menus:
                yield Problem(place, f"There is no menu {target}. Add it, or name another.")
        match action:
            case ToExtension(number=number) if number not in known.extensions:
                yield Problem(place, f"There is no extension {number}. Add it, or name another.")
            case ToOperator() if not known.operator:
                yield Problem(place, "This office has no operator. Name one in the settings.")
            case ToGroup(name=name) if name not in known.groups:
                yield Problem(place, f"There is no group {name}.{_one_of(known.groups)}")
            case ToQueue(name=name) if name not in known.queues:
                yield Problem(place, f"There is no queue {name}.{_one_of(known.queues)}")
            case ToVoicemail(mailbox=name) if name not in known.mailboxes:
                yield Problem(place, f"There is no mailbox {name}.{_one_of(known.mailboxes)}")
            case DialByName() if not known.names:
                yield Problem(
                    place, "No extension has a name to spell. Give them names, or choose another action."
                )
            case Announce(prompts=prompts) | HangUp(prompts=prompts):
                yield from _missing_prompts(place, prompts, known)
            case _:
                pass


def _missing_prompts(path: str, prompts: tuple[str, ...], known: Known) -> Iterator[Problem]:
    if known.prompts is None:
        return
    for prompt in prompts:
        if prompt not in CATALOGUE and prompt not in known.prompts and prompt != OPENING_TIME:
            yield Problem(path, f"There is no prompt {prompt}. Upload or record it, or name another.")


def _one_of(names: frozenset[str]) -> str:
    return f" Choose one of {', '.join(sorted(names))}." if names else " There is none yet; add it first."


def _dead_end(paths: Mapping[str, str], edge: _Edge) -> Problem:
    path = f"{paths.get(edge.source, edge.source)} → {edge.label}"
    return Problem(path, "Back leads nowhere: no menu comes before this one. Choose another action.")


def _automatic_circle(edges: list[_Edge]) -> list[_Edge]:
    """Return the edges of one circle that needs no right key; empty when there is none."""
    automatic: dict[str, list[_Edge]] = {}
    for edge in edges:
        if edge.automatic:
            automatic.setdefault(edge.source, []).append(edge)
    done: set[str] = set()

    def search(name: str, way: list[_Edge]) -> list[_Edge]:
        names = [edge.source for edge in way]
        if name in names:
            return way[names.index(name) :]
        if name in done:
            return []
        for edge in automatic.get(name, ()):
            circle = search(edge.target, [*way, edge])
            if circle:
                return circle
        done.add(name)
        return []

    return next((circle for name in automatic if (circle := search(name, []))), [])
