"""The SIP side: how phones are listened to, people's further devices, and lines bought from providers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.core.secrets import new_secret
from firmware.settings.fields import Number, help_text

_NETWORKS = r"\A([0-9A-Fa-f.:]+/[0-9]{1,3}(,[0-9A-Fa-f.:]+/[0-9]{1,3})*)?\Z"
_PORT = Meta(ge=1, le=65_535)
ACCOUNT_PATTERN = r"\A[a-z0-9][a-z0-9._-]{1,31}\Z"
SERVER_PATTERN = r"\A[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(;(udp|tcp|tls))?\Z"

Secret = Annotated[str, Meta(pattern=r"\A[!-~]{16,64}\Z")]


class SipSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How phones are listened to. Ports and interfaces count from the next start of the switch."""

    tls: Annotated[
        bool,
        help_text(
            "Whether phones may also use SIP over TLS, under the box's own authority: true or false.",
            "是否允许话机使用 SIP over TLS（使用本机自建证书）：true 或 false。",
        ),
    ] = False
    tls_port: Annotated[
        int, _PORT, help_text("Port of SIP over TLS, 1 to 65535.", "SIP over TLS 端口，1 到 65535。")
    ] = 5061
    provisioning: Annotated[
        bool,
        help_text(
            "Whether phones can fetch their configuration from the box: true or false.",
            "话机能否从本机自动获取配置：true 或 false。",
        ),
    ] = True
    provisioning_port: Annotated[
        int,
        _PORT,
        help_text(
            "HTTP port for phones' configurations, 1 to 65535.", "话机自动配置的 HTTP 端口，1 到 65535。"
        ),
    ] = 8088
    provisioning_tls_port: Annotated[
        int,
        _PORT,
        help_text(
            "HTTPS port for phones' configurations while SIP over TLS is on, 1 to 65535.",
            "启用 SIP over TLS 时话机自动配置的 HTTPS 端口，1 到 65535。",
        ),
    ] = 8444
    interfaces: Annotated[
        str,
        Meta(pattern=r"\A([a-zA-Z0-9._-]{1,15}(,[a-zA-Z0-9._-]{1,15})*)?\Z"),
        help_text(
            "Network interfaces whose networks may speak to the box, such as eth0,wlan0; empty for every "
            "private network.",
            "允许访问的网络接口，如 eth0,wlan0；留空表示所有私有网络。",
        ),
    ] = ""
    never_banned: Annotated[
        str,
        Meta(pattern=_NETWORKS, max_length=500),
        help_text(
            "Networks that are never banned for wrong passwords, such as 192.168.1.0/24; commas between.",
            "密码错误也不封禁的网段，如 192.168.1.0/24，用逗号分隔。",
        ),
    ] = ""
    wideband: Annotated[
        bool,
        help_text(
            "Whether two phones that have G.722 use it with each other: true or false.",
            "两部话机都支持 G.722 时是否使用宽带语音：true 或 false。",
        ),
    ] = True


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phone beside a person's first one; or, under the extension's own number, more about the first."""

    extension: Annotated[Number, help_text("Whose phone it is: an extension.", "话机所属分机。")]
    account: Annotated[
        str,
        Meta(pattern=ACCOUNT_PATTERN),
        help_text(
            "The name the phone registers with: 2 to 32 small letters, digits, dots and dashes, such as "
            "101-mobile; each once. The extension's own number is its first phone.",
            "话机注册用户名：2 到 32 位小写字母、数字、点或横线，如 101-mobile，不可重复；"
            "等于分机号的是第一部话机。",
        ),
    ]
    label: Annotated[
        str,
        Meta(max_length=40),
        help_text("What it is, up to 40 characters.", "话机说明，最多 40 个字。"),
    ] = ""
    secret: Annotated[
        Secret,
        help_text(
            "Password of the phone, 16 to 64 characters without spaces; leave it out to have one made. "
            "A first phone has its extension's.",
            "话机密码，16 到 64 个字符，不含空格；不填则自动生成。第一部话机使用分机的密码。",
        ),
    ] = msgspec.field(default_factory=new_secret)
    algorithm: Annotated[
        Literal["MD5", "SHA-256"],
        help_text(
            "Digest the phone is asked for: MD5 (every phone) or SHA-256 (newer ones). A first phone has its "
            "extension's.",
            "话机认证算法：MD5（所有话机）或 SHA-256（较新的话机）。第一部话机使用分机的设置。",
        ),
    ] = "MD5"
    srtp: Annotated[
        bool,
        help_text(
            "Whether its audio must be encrypted; the phone then has to use SIP over TLS.",
            "是否强制加密语音；话机须使用 SIP over TLS。",
        ),
    ] = False
    make: Annotated[
        Literal["", "yealink", "grandstream", "fanvil", "snom", "linphone", "generic"],
        help_text(
            "Whose make it is, to set itself up: yealink, grandstream, fanvil, snom, linphone, generic; "
            "empty for a phone set up by hand.",
            "话机品牌（用于自动配置）：yealink、grandstream、fanvil、snom、linphone、generic；手工配置则留空。",
        ),
    ] = ""
    mac: Annotated[
        str,
        Meta(pattern=r"\A(([0-9A-Fa-f]{2}[-:. ]?){5}[0-9A-Fa-f]{2})?\Z"),
        help_text(
            "MAC address as on the phone's label: twelve digits 0-9 and a-f, with colons or without; empty "
            "where there is none.",
            "话机标签上的 MAC 地址：12 位 0-9 和 a-f，可带冒号；没有则留空。",
        ),
    ] = ""
    lamps: Annotated[
        tuple[Number, ...],
        Meta(max_length=40),
        help_text(
            "Extensions whose state its keys show, up to 40.", "话机按键指示灯监看的分机，最多 40 个。"
        ),
    ] = ()

    def __repr__(self) -> str:
        return f"Device({self.extension!r}, {self.account!r}, secret=***)"


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line bought from a SIP provider: one more trunk."""

    name: Annotated[
        str,
        Meta(pattern=r"\A[a-z][a-z0-9_-]{0,15}\Z"),
        help_text(
            "Name of the line, 1 to 16 small letters, digits and dashes; no other line has it.",
            "线路名，1 到 16 位小写字母、数字或横线，不可重复。",
        ),
    ]
    servers: Annotated[
        tuple[Annotated[str, Meta(pattern=SERVER_PATTERN)], ...],
        Meta(min_length=1, max_length=4),
        help_text(
            "The provider's servers, the best first, 1 to 4: host, host:port or host:port;tcp "
            "(udp, tcp, tls).",
            "服务商服务器，按优先顺序 1 到 4 个：主机、主机:端口 或 主机:端口;tcp（udp、tcp、tls）。",
        ),
    ]
    username: Annotated[
        str,
        Meta(pattern=r"\A[!-~]{1,64}\Z"),
        help_text("User name at the provider, 1 to 64 characters.", "服务商用户名，1 到 64 个字符。"),
    ]
    secret: Annotated[
        str,
        Meta(pattern=r"\A[ -~]{0,64}\Z"),
        help_text("Password at the provider, up to 64 characters.", "服务商密码，最多 64 个字符。"),
    ] = ""
    domain: Annotated[
        str,
        Meta(pattern=r"\A[A-Za-z0-9.-]{0,253}\Z"),
        help_text("The provider's domain; empty for the server's name.", "服务商域名；留空则用服务器名。"),
    ] = ""
    number: Annotated[
        str,
        Meta(pattern=r"\A(\+?[0-9]{2,20})?\Z"),
        help_text(
            "Number shown for calls to the outside, digits only; empty for the user name.",
            "外呼显示的号码，只填数字；留空则用用户名。",
        ),
    ] = ""
    registers: Annotated[
        bool,
        help_text(
            "Whether the box registers there (true), or the provider knows its address (false).",
            "是否需要注册（true），或服务商已知本机地址（false）。",
        ),
    ] = True
    expires_seconds: Annotated[
        int,
        Meta(ge=60, le=7200),
        help_text("How long a registration holds, 60 to 7200 seconds.", "注册有效期，60 到 7200 秒。"),
    ] = 600
    most_calls: Annotated[
        int,
        Meta(ge=1, le=60),
        help_text("Most calls at once, 1 to 60.", "最多同时通话数，1 到 60。"),
    ] = 10
    caller_id: Annotated[
        Literal["account", "asserted", "from"],
        help_text(
            "How callers are shown: account (always our number), asserted (P-Asserted-Identity) or from.",
            "主叫号码方式：account（总是本机号码）、asserted（P-Asserted-Identity）或 from。",
        ),
    ] = "account"

    def __repr__(self) -> str:
        return f"Provider({self.name!r}, {self.username!r}, secret=***)"
