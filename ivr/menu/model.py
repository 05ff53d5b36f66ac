"""Menus as the administrator sets them: types, defaults, a help text for every field.

    Menus ─┬─ start, closed, holiday: which menu a caller meets first
           └─ menus by name ─┬─ greeting, patience, attempts
                             ├─ keys ──────────────► action
                             └─ no key, wrong key ─► action, after the attempts

An action either leads to a menu or outside (a person, a mailbox, the end). Those outside name the menu a
caller comes back to when nobody is there; naming none means: the same menu for a caller who chose, the
farewell for one who did not.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


def _help(en: str, zh: str) -> Meta:
    return Meta(description=en, extra={"zh": zh})


MenuName = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,29}\Z")]
TargetName = Annotated[str, Meta(min_length=1, max_length=60)]
Prompt = Annotated[str, Meta(pattern=r"\A(own/)?[a-z0-9][a-z0-9-]{0,39}\Z")]
Key = Annotated[str, Meta(pattern=r"\A[0-9*#]\Z")]

_ToMenu = Annotated[MenuName, _help("Name of the menu that comes next.", "下一级菜单的名称。")]
_Unanswered = Annotated[
    MenuName | None,
    _help(
        "Menu for a caller whom nobody took; empty: the same again, or the farewell if no key was pressed.",
        "无人接听时转到的菜单；空表示回到当前菜单，若来电者没有按键则播放结束语。",
    ),
]
_Prompts = Annotated[
    tuple[Prompt, ...],
    Meta(min_length=1, max_length=10),
    _help(
        "What is played, 1 to 10 prompts: keys of the catalogue, or own/NAME for one of your own.",
        "播放的语音，1 到 10 条：目录中的名称，或 own/名称 表示自己的录音。",
    ),
]
OPENING_TIME = "opening-time"
"""In place of a prompt: says when the office opens again, if it is closed and that is known."""


class _Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    pass


class GoTo(_Action, frozen=True, tag="menu"):
    """On to another menu."""

    menu: _ToMenu


class ToExtension(_Action, frozen=True, tag="extension"):
    """Ring an extension."""

    number: Annotated[str, Meta(pattern=r"\A[0-9]{2,6}\Z"), _help("One of the extensions.", "已有的分机号。")]
    unanswered: _Unanswered = None


class ToOperator(_Action, frozen=True, tag="operator"):
    """Ring the operator."""

    unanswered: _Unanswered = None


class ToGroup(_Action, frozen=True, tag="group"):
    """Ring a hunting group."""

    name: Annotated[TargetName, _help("One of the groups.", "已有的振铃组。")]
    unanswered: _Unanswered = None


class ToQueue(_Action, frozen=True, tag="queue"):
    """Wait in a queue."""

    name: Annotated[TargetName, _help("One of the queues.", "已有的队列。")]
    unanswered: _Unanswered = None


class ToVoicemail(_Action, frozen=True, tag="voicemail"):
    """Leave a message."""

    mailbox: Annotated[TargetName, _help("One of the mailboxes.", "已有的语音信箱。")]


class Announce(_Action, frozen=True, tag="announce"):
    """Play something, then go on or hang up."""

    prompts: _Prompts
    then: Annotated[
        MenuName | None,
        _help("Menu that comes after; empty hangs up.", "播放后转到的菜单；空表示挂断。"),
    ] = None


class SetLanguage(_Action, frozen=True, tag="language"):
    """Speak another language from here on."""

    language: Annotated[Literal["zh-CN", "en"], _help("zh-CN or en.", "zh-CN 或 en。")]
    then: _ToMenu


class DialByName(_Action, frozen=True, tag="name"):
    """Have the caller spell a name on the keys."""

    unanswered: _Unanswered = None


class Repeat(_Action, frozen=True, tag="repeat"):
    """The same menu again."""


class Back(_Action, frozen=True, tag="back"):
    """The menu before this one."""


class HangUp(_Action, frozen=True, tag="hang-up"):
    """Say something and hang up."""

    prompts: _Prompts = ("goodbye",)


Action = (
    GoTo
    | ToExtension
    | ToOperator
    | ToGroup
    | ToQueue
    | ToVoicemail
    | Announce
    | SetLanguage
    | DialByName
    | Repeat
    | Back
    | HangUp
)
Reaching = ToExtension | ToOperator | ToGroup | ToQueue | DialByName
"""Actions that may find nobody."""


class Menu(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    greeting: _Prompts
    keys: Annotated[
        dict[Key, Action],
        Meta(max_length=12),
        _help("What each key does: 0 to 9, * and #.", "每个按键的功能：0 到 9、* 和 #。"),
    ] = {}
    direct_dial: Annotated[
        bool,
        _help(
            "Whether a caller may dial an extension here. A key that begins an extension then takes effect "
            "only after the wait for the next key.",
            "是否可在此直拨分机。与分机号首位相同的按键要等下一按键超时后才生效。",
        ),
    ] = False
    barge_in: Annotated[
        bool,
        _help("Whether a key stops the greeting; else keys count from its end.", "按键是否可打断问候语。"),
    ] = True
    first_key_seconds: Annotated[
        float,
        Meta(ge=1, le=60),
        _help("How long to wait for a key after the greeting, 1 to 60 s.", "问候语后等待按键 1 到 60 秒。"),
    ] = 6.0
    next_key_seconds: Annotated[
        float,
        Meta(ge=1, le=20),
        _help("How long to wait between the digits of a number, 1 to 20 s.", "号码各位之间等待 1 到 20 秒。"),
    ] = 3.0
    attempts: Annotated[
        int,
        Meta(ge=1, le=9),
        _help("How often it is asked before giving up, 1 to 9.", "放弃前询问的次数，1 到 9。"),
    ] = 3
    no_key_prompts: _Prompts = ("no-key",)
    wrong_key_prompts: _Prompts = ("wrong-key",)
    no_key: Annotated[
        Action, _help("What becomes of a caller who keys nothing.", "始终不按键的来电者如何处理。")
    ] = ToOperator()
    wrong_key: Annotated[
        Action, _help("What becomes of a caller who keys only wrong things.", "始终按错的来电者如何处理。")
    ] = ToOperator()


class Menus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    start: Annotated[MenuName, _help("Menu a caller meets first.", "来电者首先听到的菜单。")]
    menus: Annotated[
        dict[MenuName, Menu],
        Meta(min_length=1, max_length=100),
        _help("The menus by name, 1 to 100.", "按名称列出的菜单，1 到 100 个。"),
    ]
    closed: Annotated[
        MenuName | None,
        _help("Menu outside opening hours; empty: the same.", "非营业时间的菜单；空表示相同。"),
    ] = None
    holiday: Annotated[
        MenuName | None,
        _help(
            "Menu on holidays and days off; empty: that outside opening hours.",
            "节假日和休息日的菜单；空表示与非营业时间相同。",
        ),
    ] = None
    max_questions: Annotated[
        int,
        Meta(ge=5, le=100),
        _help(
            "After how many questions a caller who still goes round is told goodbye, 5 to 100.",
            "来电者反复操作多少次后结束通话，5 到 100。",
        ),
    ] = 40
    max_tries: Annotated[
        int,
        Meta(ge=1, le=9),
        _help(
            "How many people or groups may be tried in one call, 1 to 9.", "一次通话最多尝试几处，1 到 9。"
        ),
    ] = 4


def starts(menus: Menus) -> list[str]:
    """Return the menus a caller may meet first, each once."""
    return list(
        dict.fromkeys(name for name in (menus.start, menus.closed, menus.holiday) if name is not None)
    )


def first_menus(attempts: int = 2, first_key_seconds: float = 6.0) -> Menus:
    """Return the menus of a new office: dial an extension, or 0 for the operator; closed, and goodbye."""
    main = Menu(
        greeting=("greeting",),
        keys={"0": ToOperator(), "*": Repeat()},
        direct_dial=True,
        attempts=attempts,
        first_key_seconds=first_key_seconds,
        wrong_key_prompts=("no-such-extension",),
    )
    closed = Menu(
        greeting=("closed-now", OPENING_TIME),
        direct_dial=True,
        attempts=1,
        first_key_seconds=3.0,
        no_key=HangUp(),
        wrong_key=HangUp(),
    )
    return Menus(start="main", menus={"main": main, "closed": closed}, closed="closed")
