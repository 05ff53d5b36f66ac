"""The people who have an extension, each one account of a phone."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

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

    def __repr__(self) -> str:
        return f"Extension({self.number!r}, {self.name!r}, secret=***, {self.algorithm})"


def first_extensions() -> tuple[Extension, ...]:
    """Return the extensions of a first start."""
    return (
        Extension(number="101", name="前台 / Front desk"),
        Extension(number="102", name="102"),
        Extension(number="103", name="103"),
    )
