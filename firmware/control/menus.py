"""The menus for an editor: what is in the draft, what is wrong with it, what it would do; own prompts.

Drafts are kept and put in force as edits of the settings (`editing`): `SetValue(["menus", "draft"], …)`, then
`PublishMenus`. So they are previewed, in the history, and can be taken back.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from firmware.control.base import BaseReply, BaseRequest
from firmware.core.trace import Said

MAX_PROMPT_PART = 40_000
"""Characters of one part of an upload: requests are 64 kB at most."""


class GetMenus(BaseRequest, frozen=True, tag="menus", kw_only=True):
    """The draft, or what is in force where there is none."""

    menus: Any = None
    """Other menus to be looked at instead."""
    keys: list[str] = msgspec.field(default_factory=list)
    """What a caller would key, at each question."""
    at: str = ""
    """When it would call, local time as "2026-11-22 21:05"; empty for now."""


class MenusReply(BaseReply, frozen=True, tag="menus", kw_only=True):
    menus: Any
    """As the settings hold them."""
    is_draft: bool
    problems: list[str]
    """What keeps them from being published."""
    steps: list[str | Said]
    """What becomes of a caller who keys that."""
    prompts: list[str]
    """What can be played: keys of the catalogue, and own/NAME."""
    versions: list[tuple[int, str, str]] = msgspec.field(default_factory=list)
    """Number, when, by whom; the last is in force."""


class PromptInfo(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    seconds: float
    undoable: bool


class ListPrompts(BaseRequest, frozen=True, tag="prompts", kw_only=True):
    """The office's own prompts."""

    language: Literal["zh-CN", "en"]


class PromptsReply(BaseReply, frozen=True, tag="prompts", kw_only=True):
    prompts: list[PromptInfo]
    catalogue: list[str] = msgspec.field(default_factory=list)
    """Those that came with the box."""


class OpenPrompt(BaseRequest, frozen=True, tag="open prompt", kw_only=True):
    """The sound of a prompt, as an open WAV file."""

    language: Literal["zh-CN", "en"]
    name: str
    """own/NAME, or a key of the catalogue."""


class PromptReply(BaseReply, frozen=True, tag="prompt", kw_only=True):
    """Comes with the file's descriptor."""

    name: str
    size: int


class SayPrompt(BaseRequest, frozen=True, tag="say prompt", kw_only=True):
    """Make an own prompt by having a text spoken."""

    language: Literal["zh-CN", "en"]
    name: str
    text: str


class UploadPrompt(BaseRequest, frozen=True, tag="upload prompt", kw_only=True):
    """One part of a sound file that becomes an own prompt; the parts come in order."""

    language: Literal["zh-CN", "en"]
    name: str
    upload: str
    """Chosen by the client, the same for all parts."""
    data: str
    """Base64, at most `MAX_PROMPT_PART` characters."""
    last: bool


class ChangePrompt(BaseRequest, frozen=True, tag="change prompt", kw_only=True):
    language: Literal["zh-CN", "en"]
    name: str
    to: Literal["removed", "before"]
    """Gone, or the version before."""
