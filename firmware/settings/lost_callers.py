"""Callers nobody talked with: which count, and whether they are texted."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.settings.fields import help_text


class LostCallerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    shortest_seconds: Annotated[
        float,
        Meta(ge=0, le=120),
        help_text(
            "A call shorter than this is a wrong number, not a lost caller; 0 to 120 s.",
            "短于此时长的来电视为误拨，不算漏接，0 到 120 秒。",
        ),
    ] = 5.0
    text: Annotated[
        str,
        Meta(max_length=300),
        help_text(
            "What a lost caller is texted, once; empty for nothing.",
            "漏接后发给来电者的短信，只发一次；留空不发。",
        ),
    ] = ""
