"""What an installer sets for each line: gain, PIN, the tone it was heard to end calls with."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.settings.fields import help_text


class LineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[
        str,
        Meta(pattern=r"\A[a-z0-9-]{1,16}\Z"),
        help_text("The line's name in the board's profile, such as gsm1.", "板卡配置中的线路名称，如 gsm1。"),
    ]
    in_service: Annotated[
        bool,
        help_text(
            "Whether calls out are placed on the line: true or false. Calls for help use it all the same.",
            "是否用此线路外呼：true 或 false。紧急呼叫不受限制。",
        ),
    ] = True
    extension: Annotated[
        str,
        Meta(pattern=r"\A([0-9]{1,8})?\Z"),
        help_text(
            "For the analog handset: which extension it is; empty for one that can only call. From the next "
            "start on.",
            "模拟听筒所用的分机号；留空则只能呼出。下次启动后生效。",
        ),
    ] = ""
    dial_tone: Annotated[
        bool,
        help_text(
            "Wait for dial tone before dialling, and take another line when none comes: true or false. false "
            "for an exchange line that has none. Calls for help are dialled all the same.",
            "等待拨号音：true 或 false。摘机后等到拨号音再拨号，没有则换用其他线路。外线本来没有拨号音时设为 "
            "false。紧急呼叫照拨不误。",
        ),
    ] = True
    gain_db: Annotated[
        float,
        Meta(ge=-12, le=12),
        help_text(
            "How much louder everybody hears the line, -12 to 12 dB.", "线路来音的增益，-12 到 12 分贝。"
        ),
    ] = 0.0
    level_control: Annotated[
        bool,
        help_text(
            "Bring quiet callers on the line to the usual level, slowly, by up to 12 dB: true or false.",
            "自动将线路上较轻的话音缓慢提升到正常音量，最多 12 分贝：true 或 false。",
        ),
    ] = False
    pin: Annotated[
        str,
        Meta(pattern=r"\A([0-9]{4,8})?\Z"),
        help_text(
            "The SIM's PIN, 4 to 8 digits; empty when it asks for none. Never tried as the last attempt.",
            "SIM 卡 PIN 码，4 到 8 位数字；无则留空。绝不用于最后一次尝试。",
        ),
    ] = ""
    silence_seconds: Annotated[
        int,
        Meta(ge=0, le=3600),
        help_text(
            "Hang up after so many seconds without any sound from the line, 0 to 3600; 0 for never. For "
            "exchanges that give neither busy tone nor a break.",
            "线路无声多少秒后挂机，0 到 3600，0 为从不。用于既无忙音也不断电的交换机。",
        ),
    ] = 0
    busy_hertz: Annotated[
        tuple[float, ...],
        Meta(max_length=2),
        help_text(
            "Frequencies of the line's own busy tone, learned by listening; empty for the country's.",
            "线路忙音的频率，由设备学习；留空则用国家标准。",
        ),
    ] = ()
    busy_on_ms: Annotated[
        int,
        Meta(ge=0, le=5000),
        help_text("How long the learned busy tone sounds, milliseconds.", "学习到的忙音的响时长，毫秒。"),
    ] = 0
    busy_off_ms: Annotated[
        int,
        Meta(ge=0, le=5000),
        help_text("How long it pauses, milliseconds.", "忙音的停顿时长，毫秒。"),
    ] = 0
