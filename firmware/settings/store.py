"""The settings of the box: read at start, changed live, never half-written.

One TinyDB table per section: with one document (`office`), or with one for each of a list (`extensions`).
All of them in one file that is replaced whole (`firmware.store.atomic`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect
from tinydb import TinyDB
from tinydb.table import Document

from firmware.core.errors import DeviceError, UserError
from firmware.settings.document import Settings
from firmware.settings.help import bare
from firmware.settings.parse import parse_settings
from firmware.store.atomic import AtomicStorage, Tables

logger = logging.getLogger(__name__)

SettingsListener = Callable[[Settings, Settings], None]
"""Called with the settings before and after a change."""

_SINGLE = "1"
"""Document id in the sections that have one document."""

_LISTS = frozenset(
    field.name
    for field in msgspec.structs.fields(Settings)
    if isinstance(bare(inspect.type_info(field.type)), inspect.VarTupleType)
)
"""Sections that are lists, of one document each."""


def _in_order(table: dict[str, Any]) -> list[Any]:
    return [table[key] for key in sorted(table, key=lambda key: (len(key), key))]


def _settings_in(tables: Tables) -> Settings:
    document: dict[str, Any] = {}
    for name, table in tables.items():
        if name in _LISTS:
            document[name] = _in_order(table)
        elif set(table) == {_SINGLE}:
            document[name] = table[_SINGLE]
        else:
            raise UserError(f"Setting {name}: one document with the id {_SINGLE} is wanted there.")
    if "extensions" not in document:
        raise UserError("Setting extensions: missing. The box can't invent the phones it once had.")
    return parse_settings(document)


def _check(tables: Tables) -> None:
    _settings_in(tables)


class SettingsStore:
    """The settings file and who wants to know of changes. Use it from one event loop.

    Args:
        path: The settings file; the first start makes it, readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._storage = AtomicStorage(path, _check)
        self._listeners: list[SettingsListener] = []
        self._changing = asyncio.Lock()
        self._current: Settings | None = None

    @property
    def current(self) -> Settings:
        """The settings in force; `open` comes first."""
        if self._current is None:
            raise DeviceError("the settings were not opened")
        return self._current

    @property
    def fault(self) -> str | None:
        """Why an older generation of the settings is in force, for the administrator; None when not so."""
        return None if self._storage.fault is None else str(self._storage.fault)

    def open(self) -> Settings:
        """Read the settings; make those of a first start when there are none. Blocks for the disk.

        Raises:
            UserError: The file is bad and there is no good generation to fall back on.
            DeviceError: The file can't be read or made.
        """
        try:
            if self._storage.load():
                self._current = _settings_in(self._storage.read() or {})
            else:
                first = Settings()
                self._write(first)
                self._current = first
        except OSError as error:
            raise DeviceError(f"settings {self._path}: {error.strerror}") from error
        except UserError as error:
            raise UserError(f"{self._path}: {error} Repair it, or delete it to begin anew.") from None
        return self._current

    async def change(self, edit: Callable[[Settings], Settings]) -> Settings:
        """Have `edit` make new settings from those in force, write them, and tell everyone.

        The new settings are durable and in force when this returns. Changes come one after the other.

        Raises:
            UserError: They can't be used; the text names the field and the remedy. Nothing was changed.
            DeviceError: They can't be written. Nothing was changed.
        """
        # Shielded, because a page that is closed while the card writes must not leave the file changed
        # and the box unaware of it.
        return await asyncio.shield(asyncio.ensure_future(self._change(edit)))

    async def _change(self, edit: Callable[[Settings], Settings]) -> Settings:
        async with self._changing:
            before = self.current
            after = parse_settings(msgspec.to_builtins(edit(before)))
            try:
                await asyncio.to_thread(self._write, after)
            except OSError as error:
                raise DeviceError(f"the settings could not be saved: {error.strerror}") from error
            self._current = after
            for listener in tuple(self._listeners):
                try:
                    listener(before, after)
                except Exception:
                    logger.exception("a listener to the settings raised")
            return after

    def subscribe(self, listener: SettingsListener) -> Callable[[], None]:
        """Have `listener` called after every change; the returned function ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def _write(self, settings: Settings) -> None:
        sections: dict[str, Any] = msgspec.to_builtins(settings)
        database = TinyDB(storage=lambda: self._storage)
        with self._storage.transaction():
            for name, content in sections.items():
                table = database.table(name)
                table.truncate()
                documents = content if isinstance(content, list | tuple) else [content]
                table.insert_multiple(
                    Document(one, doc_id=position) for position, one in enumerate(documents, start=1)
                )
