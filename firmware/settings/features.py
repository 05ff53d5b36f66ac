"""Feature codes, keys during a call, parking, and who may listen in."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from extensions.feature_codes import CODES, Feature, InCallKeys
from firmware.settings.fields import Number, help_text

CodeText = Annotated[str, Meta(pattern=r"\A([*#][0-9*#]{0,5})?\Z")]


class FeatureSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What phones can do by dialling and by keys."""

    codes: Annotated[
        dict[Feature, CodeText],
        help_text(
            "Feature codes that differ from the usual ones: each * or # and digits; an empty text for none.",
            "与默认不同的功能代码，以 * 或 # 开头；空文本表示停用该功能。",
            usual={feature: code.code for feature, code in CODES.items()},
        ),
    ] = msgspec.field(default_factory=dict)
    keys: Annotated[InCallKeys, help_text("What staff key during a call.", "通话中员工使用的按键。")] = (
        InCallKeys()
    )
    park_first: Annotated[
        Number,
        help_text(
            "Number of the first parking slot, two to six digits; the others follow.",
            "第一个寄存位的号码，两到六位数字，其余依次递增。",
        ),
    ] = "701"
    park_slots: Annotated[
        int,
        Meta(ge=0, le=50),
        help_text("How many calls can be parked, 0 to 50.", "最多可寄存多少个电话，0 到 50。"),
    ] = 9
    hold_music: Annotated[
        tuple[Annotated[str, Meta(pattern=r"\Aown/[a-z0-9_-]{1,40}\Z")], ...],
        Meta(max_length=20),
        help_text(
            "Uploaded prompts that those on hold and in queues hear, one after the other, such as own/music; "
            "empty for the box's own tune.",
            "保持和排队时播放的已上传提示音，依次循环，如 own/music；留空用本机自带旋律。",
        ),
    ] = ()
    announce_monitor: Annotated[
        bool,
        help_text(
            "Whether those who talk are told when a supervisor listens; ask what your country's law says "
            "before switching it off: true or false.",
            "主管监听时是否告知通话双方；关闭前请确认当地法律：true 或 false。",
        ),
    ] = True
    owner_mobile: Annotated[
        str,
        Meta(pattern=r"\A(\+?[0-9]{3,20})?\Z"),
        help_text(
            "Mobile that gets an SMS when somebody calls for help or a limit is reached; empty for none.",
            "有人拨打紧急电话或达到限额时接收短信的手机；留空则不发。",
        ),
    ] = ""
    owner_mail: Annotated[
        str,
        Meta(pattern=r"\A([^@\s<>]{1,64}@[^@\s<>]{1,190})?\Z"),
        help_text(
            "Mail address that is told of the same; empty for none.",
            "同时接收邮件通知的地址；留空则不发。",
        ),
    ] = ""
    members_from_outside: Annotated[
        bool,
        help_text(
            "Whether members who call from their own mobile may dial inside and use feature codes with their "
            "PIN: true or false.",
            "成员用自己的手机打入并输入密码后，是否可内线拨号和使用功能代码：true 或 false。",
        ),
    ] = True

    def slots(self) -> tuple[str, ...]:
        """Return the parking slots' numbers."""
        first = int(self.park_first)
        width = len(self.park_first)
        return tuple(str(number).zfill(width) for number in range(first, first + self.park_slots))
