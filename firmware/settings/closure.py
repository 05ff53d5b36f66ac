"""A temporary closure, switched on and off by hand: what callers hear instead of the menus."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.settings.fields import help_text
from ivr.menu.model import Prompt


class ClosureSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    active: Annotated[
        bool,
        help_text(
            "Whether callers hear the announcement and nothing else.", "是否只向来电者播放临时关闭通知。"
        ),
    ] = False
    prompt: Annotated[
        Prompt,
        help_text(
            "What they hear: a key of the catalogue, or own/NAME.", "播放的语音：目录中的名称，或 own/名称。"
        ),
    ] = "closed-for-now"
    until: Annotated[
        Annotated[datetime.datetime, Meta(tz=False)] | None,
        help_text(
            "When it ends by itself, by the office's clock, like 2026-12-01T08:00; empty for never.",
            "自动结束的时间（本地时间），如 2026-12-01T08:00；留空则不自动结束。",
        ),
    ] = None
