"""From the first key to logging out.

language ─► password (chosen at first) ─► main menu ─► … ─► logged out, and from the beginning
               └ wrong: the steward makes everybody wait, longer each time
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from firmware.console.screens import MAIN
from firmware.console.session import LoggedOut, Session
from firmware.console.terminal import Cancelled, Gone, Terminal
from firmware.console.words import LANGUAGES, Words
from firmware.control.steward import CheckOwner, Done, Owner, SetOwner, StewardError
from firmware.core.errors import UserError

_TRIES: Final = 3
"""Wrong passwords before the person has to begin anew."""


class Console:
    """The console of one terminal.

    Args:
        terminal: The person.
        control_socket: Of the switch.
        data: The console's own folder: the language last used.
        tty: Name of the terminal, "ttyAMA0"; empty where there is none for a shell.
    """

    def __init__(self, terminal: Terminal, control_socket: Path, data: Path, tty: str) -> None:
        self._terminal = terminal
        self._control_socket = control_socket
        self._data = data
        self._language_file = data / "language"
        self._tty = tty

    async def run(self) -> None:
        """Serve one person after the other, until the line is cut."""
        with self._terminal.taken():
            await self._people()

    async def _people(self) -> None:
        while True:
            try:
                await self._one_person()
            except Gone as gone:
                if not gone.idle:
                    return
                with contextlib.suppress(Gone):
                    self._terminal.show("", self._words()("idle"))

    async def _one_person(self) -> None:
        self._terminal.heading("zongji 总机")
        words = await self._language()
        session = Session(self._terminal, words, self._control_socket, self._tty, self._data / "sheets")
        if not await self._login(session):
            return
        with contextlib.suppress(LoggedOut):
            await session.menu("main", MAIN, leave="log_out")
        session.show("bye")

    def _words(self) -> Words:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return Words(self._language_file.read_text("utf-8").strip())
        return Words("zh")

    async def _language(self) -> Words:
        """Ask for the language; Enter takes the last one. Nobody is logged out for waiting here."""
        words = self._words()
        names = list(LANGUAGES.values())
        for number, name in enumerate(names, 1):
            self._terminal.show(f"  {number}  {name}")
        patience, self._terminal.idle_s = self._terminal.idle_s, 1e9
        try:
            typed = await self._terminal.ask("Enter, 1, 2")
        except Cancelled:
            typed = ""
        finally:
            self._terminal.idle_s = patience
        if typed in ("1", "2"):
            words = Words(list(LANGUAGES)[int(typed) - 1])
            with contextlib.suppress(OSError):
                self._language_file.parent.mkdir(parents=True, exist_ok=True)
                self._language_file.write_text(words.language, "utf-8")
        return words

    async def _login(self, session: Session) -> bool:
        try:
            owner = await session.steward(CheckOwner(by="console"), Owner)
        except StewardError as error:
            session.fail(error)
            await session.pause()
            return False
        try:
            if not owner.is_set:
                return await self._first_password(session)
            for _ in range(_TRIES):
                if owner.wait_s:
                    session.show("wait", seconds=owner.wait_s)
                    await asyncio.sleep(min(owner.wait_s, 5))
                typed = await session.ask("password", secret=True)
                owner = await session.steward(CheckOwner(password=typed, by="console"), Owner)
                if owner.right:
                    return True
                session.show("wrong_password")
        except (Cancelled, StewardError):
            return False
        return False

    async def _first_password(self, session: Session) -> bool:
        """Have the first person at the box choose the owner's password."""
        session.show("first_password")
        while True:
            first = await session.ask("new_password", secret=True)
            if first != await session.ask("again_password", secret=True):
                session.show("not_same")
                continue
            try:
                await session.steward(SetOwner(password=first, by="console"), Done)
            except UserError as error:
                session.fail(error)
                continue
            return True
