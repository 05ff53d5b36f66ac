"""The settings through the control socket: described for a form, edited, compared, taken back.

What a form needs (kind, bounds, choices, help) is read off `firmware.settings.document` itself, so a new
field or section of scalar fields appears on the page without a word said here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from firmware.app.api.history import History, Revision
from firmware.control.editing import (
    MAX_EDITS,
    AddPerson,
    Change,
    ChangedReply,
    ChangePerson,
    ChangeSettings,
    Edit,
    FieldInfo,
    FieldKind,
    HistoryEntry,
    Person,
    RemovePerson,
    RestoreSettings,
    SectionInfo,
    SetFields,
    SettingsReply,
)
from firmware.core.clock import Clock
from firmware.core.errors import DeviceError, UserError
from firmware.core.secrets import new_secret
from firmware.settings.document import Settings
from firmware.settings.fields import NUMBER_PATTERN
from firmware.settings.help import bare, field_help
from firmware.settings.parse import parse_settings
from firmware.settings.store import SettingsStore

_HIDDEN = "••••"
_SECRET_FIELDS = frozenset({"secret", "pin", "password", "token"})
_LONGEST_AUTHOR = 60

Document = dict[str, Any]


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
        revisions = await asyncio.to_thread(self._history.read)
        document = _document(self._store.current)
        sections = describe()
        return SettingsReply(
            revision=revisions[-1].revision if revisions else 0,
            values={
                one.name: {field.name: document[one.name][field.name] for field in one.fields}
                for one in sections
            },
            sections=sections,
            people=[Person(e.number, e.name, e.algorithm) for e in self._store.current.extensions],
        )

    async def change(self, request: ChangeSettings) -> ChangedReply:
        """Carry out edits, all or none.

        Raises:
            UserError: They can't be used, or the settings were changed meanwhile. Nothing was changed.
        """
        if len(request.edits) > MAX_EDITS:
            raise UserError(f"More than {MAX_EDITS} changes at once; make them in parts.")

        def edited(document: Document, _: list[Revision]) -> Document:
            for edit in request.edits:
                _apply(document, edit)
            return document

        return await self._carry_out(edited, request.by, request.revision, dry_run=request.dry_run)

    async def restore(self, request: RestoreSettings) -> ChangedReply:
        """Make the settings what they were at a revision.

        Raises:
            UserError: There is no such revision, or it can't be used any more. Nothing was changed.
        """

        def restored(_: Document, revisions: list[Revision]) -> Document:
            wanted = next((one for one in revisions if one.revision == request.to), None)
            if wanted is None:
                raise UserError(f"There is no revision {request.to} any more. Nothing was changed.")
            return wanted.document

        return await self._carry_out(restored, request.by, None, dry_run=request.dry_run)

    async def history(self, limit: int) -> list[HistoryEntry]:
        """Return the newest changes, the newest first."""
        revisions = await asyncio.to_thread(self._history.read)
        return [
            HistoryEntry(revision=one.revision, at=one.at, by=one.by, changes=one.changes)
            for one in reversed(revisions[-limit:])
        ]

    async def _carry_out(
        self,
        edit: Callable[[Document, list[Revision]], Document],
        by: str,
        seen: int | None,
        *,
        dry_run: bool,
    ) -> ChangedReply:
        # Shielded: a page that is closed in mid-change must not leave a change without its history.
        return await asyncio.shield(asyncio.ensure_future(self._locked(edit, by, seen, dry_run)))

    async def _locked(
        self, edit: Callable[[Document, list[Revision]], Document], by: str, seen: int | None, dry_run: bool
    ) -> ChangedReply:
        async with self._turn:
            revisions = await asyncio.to_thread(self._history.read)
            newest = revisions[-1].revision if revisions else 0
            if seen is not None and seen != newest:
                raise UserError(
                    "Somebody changed the settings meanwhile; look at them again. Nothing was changed."
                )
            before = _document(self._store.current)
            after = parse_settings(edit(_document(self._store.current), revisions))
            changes = compare(before, _document(after))
            if dry_run or not changes:
                return ChangedReply(revision=newest, changes=changes)
            # The state to come back to has to be kept too: the first one, and one made past this socket.
            if not revisions or revisions[-1].document != before:
                known = revisions[-1].document if revisions else before
                newest += 1
                await self._keep(newest, "", compare(known, before), before)
            await self._store.change(lambda _: after)
            newest += 1
            await self._keep(newest, by[:_LONGEST_AUTHOR], changes, _document(after))
            return ChangedReply(revision=newest, changes=changes)

    async def _keep(self, number: int, by: str, changes: list[Change], document: Document) -> None:
        revision = Revision(revision=number, at=self._clock.now(), by=by, changes=changes, document=document)
        try:
            await asyncio.to_thread(self._history.append, revision)
        except OSError as error:
            raise DeviceError(f"the settings' history can't be written: {error.strerror}") from error


def _document(settings: Settings) -> Document:
    document: Document = msgspec.to_builtins(settings)
    document["extensions"] = [dict(one) for one in document["extensions"]]
    return document


def _apply(document: Document, edit: Edit) -> None:
    people: list[dict[str, Any]] = document["extensions"]
    match edit:
        case SetFields(section, fields):
            known = {one.name for one in describe()}
            if section not in known:
                raise UserError(f"Setting {section}: there is no such section. Nothing was changed.")
            document[section] = {**document[section], **fields}
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


def _person(people: list[dict[str, Any]], number: str) -> dict[str, Any]:
    for one in people:
        if one["number"] == number:
            return one
    raise UserError(f"Setting extensions: there is no extension {number}. Nothing was changed.")


def compare(before: Document, after: Document) -> list[Change]:
    """Return what differs, field by field, people by number; secrets as dots."""
    return _compare(_keyed(before), _keyed(after), "")


def _keyed(document: Document) -> Document:
    return {**document, "extensions": {one["number"]: one for one in document["extensions"]}}


def _compare(before: Any, after: Any, path: str) -> list[Change]:
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        changes = []
        for key in dict.fromkeys([*before, *after]):
            inner = f"{path}.{key}" if path else str(key)
            changes += _compare(before.get(key), after.get(key), inner)
        return changes
    return [Change(path, _shown(before, path), _shown(after, path))]


def _shown(value: Any, path: str) -> Any:
    if path.rpartition(".")[2] in _SECRET_FIELDS and value is not None:
        return _HIDDEN
    if isinstance(value, dict):
        return {key: _shown(one, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_shown(one, path) for one in value]
    return value


def describe() -> list[SectionInfo]:
    """Return the sections that consist of scalar fields, and those fields."""
    helps = field_help()
    sections = []
    info = inspect.type_info(Settings)
    if not isinstance(info, inspect.StructType):
        return []
    for section in info.fields:
        kind = bare(section.type)
        if isinstance(kind, inspect.StructType):
            known = helps.get(section.encode_name, {})
            fields = [
                _field(field, known[field.encode_name].en, known[field.encode_name].zh)
                for field in kind.fields
                if field.encode_name in known
            ]
            shown = [one for one in fields if one is not None]
            if shown:
                sections.append(SectionInfo(section.encode_name, shown))
    return sections


def _field(field: inspect.Field, en: str, zh: str) -> FieldInfo | None:
    """Return how a form asks for a field; None for one that no single input can hold."""
    default = None if field.default is msgspec.NODEFAULT else field.default
    kind = FieldKind.TEXT
    bounds: dict[str, Any] = {}
    match bare(field.type):
        case inspect.BoolType():
            kind = FieldKind.SWITCH
        case inspect.IntType(ge=lowest, le=highest):
            kind, bounds = FieldKind.NUMBER, {"minimum": lowest, "maximum": highest}
        case inspect.LiteralType(values=values) if all(isinstance(one, str) for one in values):
            kind, bounds = FieldKind.CHOICE, {"choices": [str(one) for one in values]}
        case inspect.StrType(pattern=pattern, max_length=longest):
            if pattern == NUMBER_PATTERN:
                kind = FieldKind.EXTENSION
            bounds = {"pattern": pattern or "", "longest": longest}
        case _:
            return None
    return FieldInfo(name=field.encode_name, kind=kind, en=en, zh=zh, default=default, **bounds)
