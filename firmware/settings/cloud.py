"""Copies to the fleet's cloud, recordings to S3 storage, and other systems that are told of calls."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.settings.fields import help_text
from firmware.settings.storage import S3Settings

EVENTS = ("call.began", "call.ended", "call.missed", "call.changed", "voicemail.left", "alarm")
"""What a webhook can be told of."""


class CloudSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    way: Annotated[
        Literal["off", "https", "nats"],
        help_text(
            "How call records are copied to the fleet: off, https or nats (JetStream).",
            "通话记录上传方式：off 关闭、https 或 nats（JetStream）。",
        ),
    ] = "off"
    url: Annotated[
        str,
        Meta(pattern=r"\A((https?|tls|nats)://\S+)?\Z", max_length=200),
        help_text(
            "The fleet's address, such as https://fleet.example.com or tls://fleet.example.com:4222.",
            "云端地址，如 https://fleet.example.com 或 tls://fleet.example.com:4222。",
        ),
    ] = ""
    site: Annotated[
        str,
        Meta(pattern=r"\A[A-Za-z0-9_-]{0,64}\Z"),
        help_text(
            "This box's name there: letters, digits, - and _.", "本机在云端的名称：字母、数字、- 和 _。"
        ),
    ] = ""
    secret: Annotated[
        str,
        Meta(max_length=128),
        help_text("The key that `zongji-fleet add-site` printed.", "zongji-fleet add-site 打印的密钥。"),
    ] = ""
    nats_secret: Annotated[
        str,
        Meta(max_length=8000),
        help_text(
            "Content of the NATS credentials file (user JWT and seed); empty for none.",
            "NATS 凭据文件内容（用户 JWT 和种子）；没有则留空。",
        ),
    ] = ""
    authority: Annotated[
        str,
        Meta(max_length=16_000),
        help_text(
            "Certificate (PEM) of a private authority that signed the fleet's; empty for public ones.",
            "云端证书的私有 CA 证书（PEM）；公共 CA 则留空。",
        ),
    ] = ""
    redaction: Annotated[
        Literal["none", "pseudonym", "remove"],
        help_text(
            "Callers' numbers in the cloud: none (sent), pseudonym (repeats can be told) or remove.",
            "云端的来电号码：none 原样、pseudonym 假名（可识别重复来电）、remove 去除。",
        ),
    ] = "none"
    megabytes_a_day: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        help_text(
            "Most megabytes a day on a metered line, 1 to 100000; none for no limit.",
            "计费线路每天最多上传的 MB 数，1 到 100000；留空不限。",
        ),
    ] = None
    kilobits_a_second: Annotated[
        Annotated[int, Meta(ge=8, le=1_000_000)] | None,
        help_text(
            "Most kilobits a second on average, 8 to 1000000, so that calls over the same line keep theirs; "
            "none for no limit.",
            "平均上传速率上限，单位 kbit/s，8 到 1000000，避免与通话争用带宽；留空不限。",
        ),
    ] = None
    upload_recordings: Annotated[
        bool,
        help_text(
            "Whether recordings are uploaded to the S3 storage: true or false.",
            "是否把录音上传到 S3 存储：true 或 false。",
        ),
    ] = False
    s3: S3Settings = S3Settings()

    def __repr__(self) -> str:
        return f"CloudSettings({self.way!r}, {self.url!r}, site={self.site!r}, secret=***)"


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who is told of what happens, by POST."""

    url: Annotated[
        str,
        Meta(pattern=r"\Ahttps?://\S+\Z", max_length=300),
        help_text("Where events are posted to.", "事件推送地址。"),
    ]
    secret: Annotated[
        str,
        Meta(min_length=16, max_length=128),
        help_text(
            "Key of the signature (HMAC-SHA256 in Zongji-Signature), 16 to 128 characters.",
            "签名密钥（Zongji-Signature 头，HMAC-SHA256），16 到 128 个字符。",
        ),
    ]
    events: Annotated[
        tuple[
            Literal["call.began", "call.ended", "call.missed", "call.changed", "voicemail.left", "alarm"], ...
        ],
        help_text(
            f"Which events, of {', '.join(EVENTS)}; none of them means all.",
            f"推送哪些事件：{'、'.join(EVENTS)}；留空为全部。",
        ),
    ] = ()

    def __repr__(self) -> str:
        return f"Webhook({self.url!r}, secret=***, {self.events})"


class Integrations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    webhooks: Annotated[
        tuple[Webhook, ...],
        Meta(max_length=8),
        help_text("Systems that are told of calls, up to 8.", "事件推送目标，最多 8 个。"),
    ] = ()
    metrics_token: Annotated[
        str,
        Meta(pattern=r"\A([!-~]{16,128})?\Z"),
        help_text(
            "Bearer token that /metrics (Prometheus) asks for, 16 to 128 characters; empty closes it.",
            "/metrics（Prometheus）要求的 Bearer 令牌，16 到 128 个字符；留空则关闭。",
        ),
    ] = ""

    def __repr__(self) -> str:
        return f"Integrations({self.webhooks!r}, metrics_token=***)"
