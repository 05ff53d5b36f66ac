"""A caller's way through menus, without a call: what to do next, given what the caller did.

Theory of operation
-------------------
`Walk` is where a caller stands: the menu, the menus before it, the attempts made, the language. Each step it
gives out is done by somebody else (the script, or a test), who then says what came of it:

    begin ─► Ask ──keyed(digits)──┬─► Ask          another menu, or this one again
                                  ├─► Play ──played()──► Ask
                                  ├─► Connect ──unanswered(words)──► Ask or End
                                  ├─► Spell ──chosen(number) or unanswered()──► …
                                  ├─► TakeMessage      over
                                  └─► End              over

Every question counts against `Menus.max_questions` and every person tried against `Menus.max_tries`, so that
no caller, and no loop among the menus, lasts for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from firmware.core.trace import Message, Said, Text
from firmware.core.trace.voice import Choice, InMenu
from firmware.switch.directory import Extension
from ivr.menu.model import (
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
)


class Ask(msgspec.Struct, frozen=True):
    """Play `prompts`, and take a key or a number as `menu` says."""

    name: str
    menu: Menu
    prompts: tuple[str, ...]
    after_mistake: bool = False
    """Whether it is asked again because of what was keyed: that is to be heard before keys count."""


class Play(msgspec.Struct, frozen=True):
    """Play `prompts` to their end."""

    prompts: tuple[str, ...]


class Connect(msgspec.Struct, frozen=True):
    """Lead the caller to somebody."""

    kind: Literal["extension", "operator", "group", "queue"]
    name: str
    """The extension's number or the name of the group or queue; empty for the operator."""


class Spell(msgspec.Struct, frozen=True):
    """Have the caller spell a name."""


class TakeMessage(msgspec.Struct, frozen=True):
    """Let the caller leave a message; the walk is over."""

    mailbox: str


class End(msgspec.Struct, frozen=True):
    """Play `prompts` and hang up; the walk is over."""

    prompts: tuple[str, ...]


Step = Ask | Play | Connect | Spell | TakeMessage | End


class Numbers(Protocol):
    """What a walk asks of the directory."""

    def find(self, number: str) -> Extension | None: ...

    def may_grow(self, digits: str) -> bool: ...

    def longest(self) -> int: ...


class Walk:
    """One caller among the menus.

    Args:
        menus: Checked menus.
        start: The menu to begin in.
        language: "zh-CN" or "en", until the caller chooses.
        numbers: The extensions that may be dialled.
        note: Told every decision and its reason.
    """

    def __init__(
        self, menus: Menus, start: str, language: str, numbers: Numbers, note: Callable[[Text], None]
    ) -> None:
        self.language = language
        self._menus = menus
        self._name = start
        self._before: list[str] = []
        self._numbers = numbers
        self._note = note
        self._failed_attempts = 0
        self._questions = 0
        self._tries = 0
        self._by_key = False
        """Whether the action under way was the caller's choice."""
        self._unanswered: str | None = None
        self._then: str | None = None

    def begin(self) -> Step:
        """Return the first step."""
        return self._ask(())

    def is_complete(self, digits: str) -> bool:
        """Tell whether nothing that may follow these digits would mean something else."""
        if not self._menu.direct_dial:
            return True
        if len(digits) >= self._numbers.longest():
            return True
        known = digits in self._menu.keys or self._numbers.find(digits) is not None
        return known and not self._numbers.may_grow(digits)

    def keyed(self, digits: str) -> Step:
        """Go on from `Ask` with what the caller keyed; empty for nothing."""
        menu = self._menu
        action = menu.keys.get(digits)
        if action is not None:
            self._note(InMenu.KEYED(menu=self._name, keys=digits, action=in_words(action)))
            return self._act(action, by_key=True)
        extension = self._numbers.find(digits) if menu.direct_dial else None
        if extension is not None:
            self._note(InMenu.DIALLED(menu=self._name, keys=digits, name=extension.name))
            return self._act(ToExtension(extension.number), by_key=True)
        said = InMenu.NO_CHOICE(keys=digits) if digits else InMenu.NO_KEY()
        self._failed_attempts += 1
        if self._failed_attempts < menu.attempts:
            self._note(InMenu.AGAIN(menu=self._name, what=said))
            words = menu.wrong_key_prompts if digits else menu.no_key_prompts
            return self._ask(words, after_mistake=bool(digits))
        action = menu.wrong_key if digits else menu.no_key
        count, action_said = self._failed_attempts, in_words(action)
        self._note(InMenu.GIVEN_UP(menu=self._name, what=said, count=count, action=action_said))
        return self._act(action, by_key=False)

    def played(self) -> Step:
        """Go on from `Play`."""
        return self._enter(self._then) if self._then is not None else End(())

    def chosen(self, number: str) -> Step:
        """Go on from `Spell` with the extension of the name."""
        self._note(InMenu.SPELLED(menu=self._name, number=number))
        return self._connect(Connect("extension", number))

    def unanswered(self, words: tuple[str, ...]) -> Step:
        """Go on from `Connect` or `Spell` when nobody was there.

        Args:
            words: Prompts that tell the caller why; may be empty.
        """
        if self._unanswered is not None:
            self._note(InMenu.ON_TO(menu=self._name, next=self._unanswered))
            return self._enter(self._unanswered, words)
        if self._by_key and self._tries < self._menus.max_tries:
            self._failed_attempts = 0
            return self._ask(words)
        self._note(InMenu.NOWHERE(menu=self._name))
        return End((*words, "nobody"))

    @property
    def _menu(self) -> Menu:
        return self._menus.menus[self._name]

    def _act(self, action: Action, *, by_key: bool) -> Step:
        self._by_key = by_key
        self._unanswered = None
        match action:
            case GoTo():
                return self._enter(action.menu)
            case SetLanguage():
                self.language = action.language
                return self._enter(action.then)
            case Announce():
                self._then = action.then
                return Play(action.prompts)
            case Repeat():
                self._failed_attempts = 0
                return self._ask(())
            case Back():
                return self._enter(self._before[-1] if self._before else self._name)
            case HangUp():
                return End(action.prompts)
            case ToVoicemail():
                return TakeMessage(action.mailbox)
            case DialByName():
                self._unanswered = action.unanswered
                self._tries += 1
                return Spell()
            case ToExtension(number=name):
                connect = Connect("extension", name)
            case ToOperator():
                connect = Connect("operator", "")
            case ToGroup(name=name):
                connect = Connect("group", name)
            case ToQueue(name=name):
                connect = Connect("queue", name)
        self._unanswered = action.unanswered
        return self._connect(connect)

    def _connect(self, connect: Connect) -> Step:
        self._tries += 1
        if self._tries > self._menus.max_tries:
            self._note(InMenu.ENOUGH_TRIED(menu=self._name, count=self._menus.max_tries))
            return End(("nobody",))
        return connect

    def _enter(self, name: str, words: tuple[str, ...] = ()) -> Step:
        """Go to a menu; one the caller has come through is gone back to."""
        if name in self._before:
            del self._before[self._before.index(name) :]
        elif name != self._name:
            self._before.append(self._name)
        self._name = name
        self._failed_attempts = 0
        return self._ask(words)

    def _ask(self, words: tuple[str, ...], *, after_mistake: bool = False) -> Step:
        self._questions += 1
        if self._questions > self._menus.max_questions:
            self._note(InMenu.ENOUGH_ASKED(menu=self._name, count=self._menus.max_questions))
            return End(("goodbye",))
        return Ask(self._name, self._menu, (*words, *self._menu.greeting), after_mistake)


def in_words(action: Action) -> Said:
    """Return what an action does, as the trace says it."""
    match action:
        case GoTo(menu=name):
            return Choice.MENU(name=name)
        case ToExtension(number=name):
            return Choice.EXTENSION(name=name)
        case ToGroup(name=name):
            return Choice.GROUP(name=name)
        case ToQueue(name=name):
            return Choice.QUEUE(name=name)
        case ToVoicemail(mailbox=name):
            return Choice.VOICEMAIL(name=name)
        case SetLanguage(language=name):
            return Choice.LANGUAGE(name=name)
        case Announce(prompts=prompts):
            return Choice.ANNOUNCEMENT(prompts=prompts)
        case _:
            return _PLAIN[type(action)]()


_PLAIN: dict[type, Message] = {
    ToOperator: Choice.OPERATOR,
    DialByName: Choice.NAME,
    Repeat: Choice.REPEAT,
    Back: Choice.BACK,
    HangUp: Choice.HANG_UP,
}
