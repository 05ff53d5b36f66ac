"""The mail server through which the box sends letters."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.settings.fields import help_text


class MailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: Annotated[
        str,
        Meta(pattern=r"\A[A-Za-z0-9.:-]{0,253}\Z"),
        help_text(
            "Mail server (SMTP), such as smtp.example.com; empty to send no mail.",
            "发信服务器（SMTP），如 smtp.example.com；留空则不发邮件。",
        ),
    ] = ""
    port: Annotated[
        int,
        Meta(ge=1, le=65_535),
        help_text("Its port: 587 for starttls, 465 for tls.", "端口：starttls 用 587，tls 用 465。"),
    ] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"],
        help_text(
            "starttls, tls, or none for a server in the office; none sends no password.",
            "starttls、tls，或 none（仅限办公室内的服务器，不发送密码）。",
        ),
    ] = "starttls"
    user: Annotated[
        str, Meta(max_length=200), help_text("Account there; empty for none.", "账号；可留空。")
    ] = ""
    password: Annotated[
        str,
        Meta(max_length=200),
        help_text("Its password or authorisation code.", "密码或授权码。"),
    ] = ""
    sender: Annotated[
        str,
        Meta(pattern=r"\A([^@\s<>]{1,64}@[^@\s<>]{1,190})?\Z"),
        help_text(
            "Address letters come from, such as zongji@example.com; needed where a server is set.",
            "发件人地址，如 zongji@example.com；设置了服务器时必填。",
        ),
    ] = ""

    def __repr__(self) -> str:
        return f"MailSettings({self.host!r}, {self.port}, {self.security}, {self.user!r}, password=•••)"
