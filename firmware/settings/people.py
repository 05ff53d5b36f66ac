"""The people who have an extension, each one account of a phone."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from extensions.forwarding import Personal
from firmware.core.secrets import new_secret
from firmware.settings.fields import Number, help_text


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Annotated[Number, help_text("Two to six digits.", "两到六位数字。")]
    name: Annotated[
        str,
        Meta(min_length=1, max_length=60),
        help_text("Who or what answers there, 1 to 60 characters.", "谁在这里接听，1 到 60 个字。"),
    ]
    secret: Annotated[
        str,
        Meta(pattern=r"\A[!-~]{16,64}\Z"),
        help_text(
            "Password of the phone, 16 to 64 characters without spaces; leave it out to have one made.",
            "话机密码，16 到 64 个字符，不含空格；不填则自动生成。",
        ),
    ] = msgspec.field(default_factory=new_secret)
    algorithm: Annotated[
        Literal["MD5", "SHA-256"],
        help_text(
            "Digest the phone is asked for: MD5 (every phone) or SHA-256 (newer ones).",
            "话机认证算法：MD5（所有话机）或 SHA-256（较新的话机）。",
        ),
    ] = "MD5"
    service_class: Annotated[
        str,
        Meta(max_length=60),
        help_text(
            "Class of service, one of outbound.rights.classes: what may be dialled outside; empty for the "
            "default one.",
            "权限等级（见 outbound.rights.classes），决定可拨的外线；留空用默认等级。",
        ),
    ] = ""
    supervisor: Annotated[
        bool,
        help_text(
            "Whether this phone may listen to others' calls, whisper and join them: true or false.",
            "是否允许监听、耳语和强插他人通话：true 或 false。",
        ),
    ] = False
    call_waiting: Annotated[
        bool,
        help_text(
            "Whether a second call rings while this one talks: true or false. Groups and queues skip it.",
            "通话中是否允许第二个来电振铃：true 或 false。振铃组和队列不受此影响。",
        ),
    ] = True
    personal: Annotated[
        Personal,
        help_text(
            "What the member wishes for the own calls: forwarding, mobile, do not disturb.",
            "个人设置：转移、手机、免打扰等。",
        ),
    ] = Personal()

    def __repr__(self) -> str:
        return f"Extension({self.number!r}, {self.name!r}, secret=***, {self.algorithm})"


def first_extensions() -> tuple[Extension, ...]:
    """Return the extensions of a first start."""
    return (
        Extension(number="101", name="前台 / Front desk"),
        Extension(number="102", name="102"),
        Extension(number="103", name="103"),
    )
