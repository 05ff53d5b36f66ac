"""Voicemail as the administrator sets it: types, defaults, a help text for every field."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


def _help(en: str, zh: str) -> Meta:
    return Meta(description=en, extra={"zh": zh})


MailboxName = Annotated[str, Meta(min_length=1, max_length=60)]


class Mailbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What differs from the usual at one mailbox; every extension has one without being listed."""

    name: Annotated[
        MailboxName,
        _help("The extension's number, or a name of its own for a group's.", "分机号；组信箱则自取名称。"),
    ]
    number: Annotated[
        str,
        Meta(pattern=r"\A[0-9]{0,6}\Z"),
        _help(
            "Number keyed for a group's mailbox; empty for none. A person's is its extension.",
            "组信箱的按键号码；可留空。个人信箱即分机号。",
        ),
    ] = ""
    members: Annotated[
        tuple[Annotated[str, Meta(pattern=r"\A[0-9]{2,6}\Z")], ...],
        Meta(max_length=100),
        _help(
            "Extensions whose lamps show it and who may hear it; a person's own is always among them.",
            "可收听并显示留言灯的分机；本人分机始终包含在内。",
        ),
    ] = ()
    email: Annotated[
        str,
        Meta(pattern=r"\A([^@\s<>]{1,64}@[^@\s<>]{1,190})?\Z"),
        _help("Who is mailed each message; empty for nobody.", "留言通知邮箱；可留空。"),
    ] = ""
    email_audio: Annotated[bool, _help("Whether the mail brings the sound.", "邮件是否附带录音。")] = True
    sms: Annotated[
        str,
        Meta(pattern=r"\A\+?[0-9]{0,20}\Z"),
        _help("Mobile number that is texted of each message; empty for none.", "短信通知的手机号；可留空。"),
    ] = ""


class VoicemailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    enabled: Annotated[
        bool, _help("Whether every extension has a mailbox.", "是否为每个分机提供语音信箱。")
    ] = True
    mailboxes: Annotated[
        tuple[Mailbox, ...],
        Meta(max_length=1000),
        _help(
            "Group mailboxes, and what differs at persons'; each name once.",
            "组信箱及个人信箱的特别设置，名称不重复。",
        ),
    ] = ()
    shortest_seconds: Annotated[
        float,
        Meta(ge=0.5, le=10),
        _help("Less speech than this is no message, 0.5 to 10 s.", "短于此时长不算留言，0.5 到 10 秒。"),
    ] = 1.0
    longest_seconds: Annotated[
        int,
        Meta(ge=10, le=900),
        _help("Longest message, 10 to 900 s.", "留言最长 10 到 900 秒。"),
    ] = 180
    silence_seconds: Annotated[
        int,
        Meta(ge=3, le=60),
        _help("A message ends after so long a silence, 3 to 60 s.", "静音多久后结束留言，3 到 60 秒。"),
    ] = 10
    most_messages: Annotated[
        int,
        Meta(ge=1, le=20_000),
        _help("Most messages a mailbox holds, 1 to 20000.", "每个信箱最多留言数，1 到 20000。"),
    ] = 100
    deleted_days: Annotated[
        int,
        Meta(ge=0, le=90),
        _help("Days a deleted message can be had back, 0 to 90.", "已删除的留言可恢复天数，0 到 90。"),
    ] = 7
    when_unanswered: Annotated[
        bool,
        _help(
            "Whether callers come to the mailbox of an extension that is busy or doesn't answer.",
            "分机占线或无人接听时是否转入其语音信箱。",
        ),
    ] = True
    pin_at_own_phone: Annotated[
        bool,
        _help("Whether the PIN is asked for at the own phone, too.", "在本机收听是否也要密码。"),
    ] = False


class Resolved(msgspec.Struct, frozen=True):
    """A mailbox with whose it is."""

    box: Mailbox
    owner: str
    """The extension of a person's mailbox; empty for a group's."""
    title: str
    """The person's or the group's name."""

    @property
    def name(self) -> str:
        return self.box.name

    def listeners(self) -> tuple[str, ...]:
        """Return the extensions whose lamps show it."""
        return tuple(dict.fromkeys((self.owner, *self.box.members) if self.owner else self.box.members))


class Mailboxes:
    """The office's mailboxes.

    Args:
        settings: What is set of them.
        people: Name by extension.
    """

    def __init__(self, settings: VoicemailSettings, people: dict[str, str]) -> None:
        self._listed = {box.name: box for box in settings.mailboxes}
        self._people = people if settings.enabled else {}
        self._numbers = {box.number: box.name for box in settings.mailboxes if box.number}

    def find(self, name: str) -> Resolved | None:
        """Return a mailbox by its name or the number keyed for it."""
        name = self._numbers.get(name, name)
        if name in self._people:
            return Resolved(self._listed.get(name, Mailbox(name)), name, self._people[name])
        box = self._listed.get(name)
        return None if box is None or name.isdigit() else Resolved(box, "", name)

    def names(self) -> list[str]:
        """Return every mailbox's name."""
        return [
            *self._people,
            *(name for name in self._listed if name not in self._people and not name.isdigit()),
        ]

    def of(self, extension: str) -> list[Resolved]:
        """Return the mailboxes whose messages an extension's lamp shows, its own first."""
        mine = [box for name in self.names() if (box := self.find(name)) and extension in box.listeners()]
        return sorted(mine, key=lambda box: box.owner != extension)
