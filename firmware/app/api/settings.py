"""The settings through the control socket: described for a form (`shapes`), edited, compared, taken back."""

from __future__ import annotations

import asyncio
import copy
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from firmware.app.api.history import History, Revision
from firmware.app.api.masks import DOTS, masked, secrets_in, unmasked
from firmware.app.api.shapes import sections, shape_at, whole
from firmware.control.editing import (
    MAX_EDITS,
    AddPerson,
    Change,
    ChangedReply,
    ChangePerson,
    ChangeSettings,
    HistoryEntry,
    InsertItem,
    Person,
    PublishMenus,
    RemoveItem,
    RemovePerson,
    RestoreSettings,
    SetFields,
    SettingsReply,
    SetValue,
)
from firmware.core.clock import Clock
from firmware.core.errors import DeviceError, UserError
from firmware.core.secrets import new_secret
from firmware.settings.checks_voice import known_to_menus
from firmware.settings.document import Settings
from firmware.settings.parse import parse_settings
from firmware.settings.store import SettingsStore

_LONGEST_AUTHOR = 60

_LONGEST_PLACE = 6
"""Digits of a position in a list."""

# What entries of a list are called by, for telling which of them changed.
_NAMES = ("number", "name", "id")

Document = dict[str, Any]
PlainEdit = SetFields | SetValue | InsertItem | RemoveItem | AddPerson | ChangePerson | RemovePerson
"""Edits that need nothing but the document."""


class SettingsDesk:
    """Answers the requests of `firmware.control.editing`. Changes come one after the other.

    Args:
        store: Opened.
        history: Where revisions are kept.
        clock: Dates them.
    """

    def __init__(self, store: SettingsStore, history: Path, clock: Clock) -> None:
        self._store = store
        self._history = History(history)
        self._clock = clock
        self._turn = asyncio.Lock()

    async def read(self) -> SettingsReply:
        """Return the settings in force, without secrets, and their description."""
        newest = await asyncio.to_thread(self._history.newest)
        return SettingsReply(
            revision=newest.revision if newest else 0,
            values=masked(_without_history(_document(self._store.current)), whole()),
            sections=sections(),
            people=[Person(e.number, e.name, e.algorithm) for e in self._store.current.extensions],
        )

    async def change(self, request: ChangeSettings) -> ChangedReply:
        """Carry out edits, all or none.

        Raises:
            UserError: They can't be used, or the settings were changed meanwhile. Nothing was changed.
        """
        if len(request.edits) > MAX_EDITS:
            raise UserError(f"More than {MAX_EDITS} changes at once; make them in parts.")

        def edited(document: Document) -> Document:
            known = secrets_in(document, whole())
            for edit in request.edits:
                if isinstance(edit, PublishMenus):
                    self._publish(document, edit.version, request.by)
                else:
                    earlier = _history_in(document)
                    apply(document, edit)
                    for name, fields in earlier.items():
                        if isinstance(document.get(name), dict):
                            document[name] |= fields
            return unmasked(document, whole(), known)

        return await self._carry_out(edited, request.by, request.revision, dry_run=request.dry_run)

    async def edit(self, edit: Callable[[Settings], Settings], by: str) -> Settings:
        """Have `edit` make new settings from those in force, and keep in the history who made them.

        Args:
            edit: Runs in a thread of its own, so it looks at nothing but the settings.
            by: The author: "phone 101", "CSV import".

        Returns:
            The settings in force then.

        Raises:
            UserError: They can't be used. Nothing was changed.
            DeviceError: They can't be written.
        """
        await self._carry_out(
            lambda document: _document(edit(parse_settings(document))), by, None, dry_run=False
        )
        return self._store.current

    async def restore(self, request: RestoreSettings) -> ChangedReply:
        """Make the settings what they were at a revision.

        Raises:
            UserError: There is no such revision, or it can't be used any more. Nothing was changed.
        """

        def restored(_: Document) -> Document:
            wanted = next((one for one in self._history.read() if one.revision == request.to), None)
            if wanted is None:
                raise UserError(f"There is no revision {request.to} any more. Nothing was changed.")
            return wanted.document

        return await self._carry_out(restored, request.by, None, dry_run=request.dry_run)

    async def history(self, limit: int) -> list[HistoryEntry]:
        """Return the newest changes, the newest first."""
        revisions = await asyncio.to_thread(self._history.heads, limit)
        return [
            HistoryEntry(revision=one.revision, at=one.at, by=one.by, changes=one.changes)
            for one in reversed(revisions)
        ]

    async def _carry_out(
        self,
        edit: Callable[[Document], Document],
        by: str,
        seen: int | None,
        *,
        dry_run: bool,
    ) -> ChangedReply:
        # Shielded: a page that is closed in mid-change must not leave a change without its history.
        return await asyncio.shield(asyncio.ensure_future(self._locked(edit, by, seen, dry_run)))

    async def _locked(
        self, edit: Callable[[Document], Document], by: str, seen: int | None, dry_run: bool
    ) -> ChangedReply:
        async with self._turn:
            last = await asyncio.to_thread(self._history.newest)
            newest = last.revision if last else 0
            if seen is not None and seen != newest:
                raise UserError(
                    "Somebody changed the settings meanwhile; look at them again. Nothing was changed."
                )
            before = _document(self._store.current)
            after = parse_settings(await asyncio.to_thread(edit, _document(self._store.current)))
            changes = compare(before, _document(after))
            if dry_run or not changes:
                return ChangedReply(revision=newest, changes=changes)
            # The state to come back to has to be kept too: the first one, and one made past this socket.
            if last is None or last.document != before:
                known = last.document if last else before
                newest += 1
                await self._keep(newest, "", compare(known, before), before)
            await self._store.change(lambda _: after)
            newest += 1
            await self._keep(newest, by[:_LONGEST_AUTHOR], changes, _document(after))
            return ChangedReply(revision=newest, changes=changes)

    def _publish(self, document: Document, version: int | None, by: str) -> None:
        settings = parse_settings(document)
        known = known_to_menus(settings)
        now = datetime.datetime.fromtimestamp(self._clock.now().wall_ms / 1000, datetime.UTC)
        book = settings.menus
        if version is None:
            book = book.published(known, by[:_LONGEST_AUTHOR], now)
        else:
            book = book.rolled_back(version, known, by[:_LONGEST_AUTHOR], now)
        document["menus"] = msgspec.json.decode(msgspec.json.encode(book))

    async def _keep(self, number: int, by: str, changes: list[Change], document: Document) -> None:
        revision = Revision(revision=number, at=self._clock.now(), by=by, changes=changes, document=document)
        try:
            await asyncio.to_thread(self._history.append, revision)
        except OSError as error:
            raise DeviceError(f"the settings' history can't be written: {error.strerror}") from error


def _without_history(document: Document) -> Document:
    """Return the document without what tells of earlier times: a form has no use for that."""
    apart = _history_in(document)
    return {
        name: {key: one for key, one in value.items() if key not in apart[name]} if name in apart else value
        for name, value in document.items()
    }


def _history_in(document: Document) -> dict[str, dict[str, Any]]:
    """Return section → what in it tells of earlier times; as a form has never seen it, it can't change it."""
    apart = {}
    for section in sections():
        shown = {field.name for field in section.shape.fields}
        value = document.get(section.name)
        if shown and isinstance(value, dict) and value.keys() - shown:
            apart[section.name] = {key: copy.deepcopy(value[key]) for key in value.keys() - shown}
    return apart


def _document(settings: Settings) -> Document:
    # By way of JSON, so that tuples are lists and dates are texts, as in a document that was read.
    document: Document = msgspec.json.decode(msgspec.json.encode(settings))
    return document


def apply(document: Document, edit: PlainEdit) -> None:
    """Carry out one edit on a document.

    Raises:
        UserError: It is about something that isn't there.
    """
    people: list[dict[str, Any]] = document["extensions"]
    match edit:
        case SetFields(section, fields):
            if not isinstance(document.get(section), dict):
                raise UserError(f"Setting {section}: there is no such section. Nothing was changed.")
            document[section] = {**document[section], **fields}
        case SetValue(path, value):
            _set(document, path, value)
        case InsertItem(path, value, at):
            entries = _at(document, path)
            if not isinstance(entries, list):
                raise UserError(f"Setting {'.'.join(path)}: that is no list. Nothing was changed.")
            entries.insert(len(entries) if at is None else max(0, at), value)
        case RemoveItem(path):
            _remove(document, path)
        case AddPerson(number, name):
            people.append({"number": number, "name": name, "secret": new_secret()})
        case ChangePerson(number, name, algorithm, again):
            person = _person(people, number)
            if name is not None:
                person["name"] = name
            if algorithm is not None:
                person["algorithm"] = algorithm
            if again:
                person["secret"] = new_secret()
        case RemovePerson(number):
            people.remove(_person(people, number))
            document["devices"] = [one for one in document["devices"] if one["extension"] != number]


def _set(document: Document, path: list[str], value: Any) -> None:
    inside = _at(document, path[:-1])
    if isinstance(inside, list):
        inside[_place(inside, path)] = value
    elif isinstance(inside, dict) and path and (shape_at(path) is not None):
        inside[path[-1]] = value
    else:
        raise UserError(f"Setting {'.'.join(path)}: there is no such place. Nothing was changed.")


def _remove(document: Document, path: list[str]) -> None:
    inside = _at(document, path[:-1])
    if isinstance(inside, list):
        del inside[_place(inside, path)]
    elif isinstance(inside, dict) and len(path) > 1 and path[-1] in inside:
        del inside[path[-1]]
    else:
        raise UserError(f"Setting {'.'.join(path)}: there is no such entry. Nothing was changed.")


def _at(document: Any, path: list[str]) -> Any:
    found = document
    for depth, step in enumerate(path):
        if isinstance(found, list):
            found = found[_place(found, path[: depth + 1])]
        elif isinstance(found, dict) and step in found:
            found = found[step]
        else:
            raise UserError(f"Setting {'.'.join(path)}: there is no such place. Nothing was changed.")
    return found


def _place(entries: list[Any], path: list[str]) -> int:
    text = path[-1]
    if not (text.isascii() and text.isdecimal() and len(text) < _LONGEST_PLACE and int(text) < len(entries)):
        raise UserError(f"Setting {'.'.join(path)}: there is no such entry. Nothing was changed.")
    return int(text)


def _person(people: list[dict[str, Any]], number: str) -> dict[str, Any]:
    for one in people:
        if one["number"] == number:
            return one
    raise UserError(f"Setting extensions: there is no extension {number}. Nothing was changed.")


def compare(before: Document, after: Document) -> list[Change]:
    """Return what differs, field by field, entries of lists by name or number; secrets as dots."""
    return _compare(masked(before, whole()), masked(after, whole()), "")


def _compare(before: Any, after: Any, path: str) -> list[Change]:
    if before == after:
        return []
    if isinstance(before, list) and isinstance(after, list):
        before, after = _keyed(before, after), _keyed(after, before)
    if isinstance(before, dict) and isinstance(after, dict):
        changes = []
        for key in dict.fromkeys([*before, *after]):
            inner = f"{path}.{key}" if path else str(key)
            changes += _compare(before.get(key), after.get(key), inner)
        return changes or [Change(path, _shown(list(before)), _shown(list(after)))]
    return [Change(path, _shown(before), _shown(after))]


def _keyed(entries: list[Any], others: list[Any]) -> Any:
    """Return entries by what both lists' entries are called by; the list itself where there is no such."""
    together = [*entries, *others]
    if not together or not all(isinstance(one, dict) for one in together):
        return entries
    for name in _NAMES:
        if all(isinstance(one.get(name), str) for one in together):
            both = [[one[name] for one in side] for side in (entries, others)]
            if all(len(set(names)) == len(names) for names in both):
                return {one[name]: one for one in entries}
    return {str(place): one for place, one in enumerate(entries, start=1)}


def _shown(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(DOTS):
        return DOTS
    if isinstance(value, dict):
        return {key: _shown(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return value
