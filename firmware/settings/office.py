"""The office itself, how it greets, and whether it records."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.settings.fields import Number, help_text
from ivr.recording_consent import Consent


class Office(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    country: Annotated[
        str,
        Meta(pattern=r"\A[A-Z]{2}\Z"),
        help_text(
            "ISO 3166 code of the country, two capitals such as CN: tones and emergency numbers.",
            "国家代码，两个大写字母，如 CN：决定信号音和紧急号码。",
        ),
    ] = "CN"
    language: Annotated[
        Literal["zh-CN", "en"],
        help_text("Language callers hear: zh-CN or en.", "来电者听到的语言：zh-CN 或 en。"),
    ] = "zh-CN"
    name: Annotated[
        str,
        Meta(min_length=1, max_length=60),
        help_text("The office's name, 1 to 60 characters.", "单位名称，1 到 60 个字。"),
    ] = "总机"
    operator: Annotated[
        Number,
        help_text(
            "Extension that rings when a caller keys nothing usable; it must be one of the extensions.",
            "来电者没有按出有效分机时振铃的分机，必须是已有分机。",
        ),
    ] = "101"


class Reception(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digits_timeout_ms: Annotated[
        int,
        Meta(ge=1000, le=60_000),
        help_text(
            "How long to wait for the next key, 1000 to 60000 milliseconds.",
            "等待下一个按键的时间，1000 到 60000 毫秒。",
        ),
    ] = 6000
    attempts: Annotated[
        int,
        Meta(ge=1, le=9),
        help_text(
            "How often a caller may try to key an extension before the operator rings, 1 to 9.",
            "转前台之前允许来电者输入分机号的次数，1 到 9。",
        ),
    ] = 2
    ring_seconds: Annotated[
        int,
        Meta(ge=5, le=300),
        help_text(
            "How long a phone rings before we give up, 5 to 300 seconds.",
            "话机振铃多久算无人接听，5 到 300 秒。",
        ),
    ] = 25


class RecordingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    enabled: Annotated[
        bool,
        help_text("Whether calls are recorded: true or false.", "是否录音：true 或 false。"),
    ] = True
    consent: Annotated[
        Consent,
        help_text(
            "What callers hear of it: notice, ask (recorded only after they agree), or none for just what "
            "the office's country asks for; the stricter of both holds.",
            "录音前告知来电者的方式：notice 告知，ask 询问并经同意，none 仅按所在国家要求；以较严者为准。",
        ),
    ] = Consent.NONE
