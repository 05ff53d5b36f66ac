"""What a screen needs: the terminal, the words, the switch and the steward; and menus of screens."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from firmware.console.terminal import Cancelled, Terminal
from firmware.console.words import Words
from firmware.control.base import BaseReply, BaseRequest
from firmware.control.client import ControlClient
from firmware.control.steward import Replies, Requests, ask_steward
from firmware.core.errors import PeerError, UserError, ZongjiError

_Reply = TypeVar("_Reply", bound=BaseReply)
_Stewards = TypeVar("_Stewards", bound=Replies)

BY = "console"
"""As whom changes are noted."""

BACK = "back"
"""Key of what 0 does in every menu but the first."""

Screen = Callable[["Session"], Awaitable[None]]
Menu = Sequence[tuple[str, Screen]]
"""Key of the label, and what it leads to."""


class LoggedOut(Exception):
    """The person is done."""


class Session:
    """One person at one terminal."""

    def __init__(
        self, terminal: Terminal, words: Words, control_socket: Path, tty: str, folder: Path
    ) -> None:
        self.terminal = terminal
        self.words = words
        self.tty = tty
        self.folder = folder
        """Where sheets are written."""
        self.control_socket = control_socket

    @contextlib.asynccontextmanager
    async def switch(self) -> AsyncIterator[ControlClient]:
        """Open a connection to the switch for the length of the block."""
        async with ControlClient(self.control_socket) as switch:
            yield switch

    async def ask_switch(self, request: BaseRequest, reply: type[_Reply]) -> _Reply:
        """Ask the switch one thing."""
        async with self.switch() as switch:
            return await switch.ask(request, reply)

    async def steward(self, request: Requests, reply: type[_Stewards]) -> _Stewards:
        """Have the steward do something; its progress is shown.

        Raises:
            ZongjiError: It refuses, or isn't there.
        """
        answer = await ask_steward(request, lambda text: self.terminal.show("  " + text))
        if not isinstance(answer, reply):
            raise PeerError("the steward answered another question")
        return answer

    # Talking

    def show(self, key: str, **values: object) -> None:
        self.terminal.tell(self.words(key, **values))

    async def ask(self, key: str, *, secret: bool = False, default: str = "", **values: object) -> str:
        return await self.terminal.ask(self.words(key, **values), secret=secret, default=default)

    async def pause(self) -> None:
        await self.terminal.pause(self.words("enter"))

    async def sure(self, key: str, **values: object) -> bool:
        """Ask yes or no; anything but a clear yes is no."""
        typed = await self.terminal.ask(self.words(key, **values))
        return typed.lower() in ("y", "yes", "是", "shi")

    def fail(self, error: Exception) -> None:
        """Show what went wrong, in this language where it is told in both."""
        text = self.words.mine(str(error)) if isinstance(error, ZongjiError) else str(error)
        self.terminal.tell(self.words("failed", why=text))

    async def number(self, key: str, low: float, high: float, default: float) -> float:
        """Ask for a number until it is one.

        Raises:
            Cancelled: Ctrl-C.
        """
        while True:
            typed = await self.ask(key, default=f"{default:g}", low=f"{low:g}", high=f"{high:g}")
            with contextlib.suppress(ValueError):
                found = float(typed)
                if low <= found <= high:
                    return found
            self.show("not_number", low=f"{low:g}", high=f"{high:g}")

    async def choose(self, title: str, choices: Sequence[str], leave: str = BACK) -> int | None:
        """Show numbered choices; return the place of the one taken, None for 0.

        Args:
            title: What is asked for.
            choices: From 1 on.
            leave: Key of what 0 does. Enter alone goes back too, and does nothing else.

        Raises:
            Cancelled: Ctrl-C.
        """
        for number, choice in enumerate(choices, 1):
            self.terminal.show(f"  {number:>2}  {choice}")
        self.terminal.show(f"   0  {self.words(leave)}")
        while True:
            typed = await self.terminal.ask(title)
            if typed == "0" or (not typed and leave == BACK):
                return None
            if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(choices):
                return int(typed) - 1
            self.show("not_choice", highest=len(choices))

    async def menu(self, title: str, entries: Menu, leave: str = BACK) -> None:
        """Lead through a menu until the person leaves it by 0; where that is back, Ctrl-C does it too."""
        while True:
            self.terminal.heading(self.words(title))
            try:
                labels = [self.words(key) for key, _ in entries]
                taken = await self.choose(self.words("choice"), labels, leave)
            except Cancelled:
                if leave == BACK:
                    return
                continue
            if taken is None:
                return
            key, screen = entries[taken]
            self.terminal.heading(self.words(key))
            try:
                await screen(self)
            except Cancelled:
                continue
            except (UserError, ZongjiError) as error:
                self.fail(error)
                await self.pause()
