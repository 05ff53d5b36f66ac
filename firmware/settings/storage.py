"""What is kept on the box and for how long, the long-term archive, encryption, and backups."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.settings.fields import help_text

MOST_DAYS = 36_500
MOST_GIGABYTES = 100_000

Days = Annotated[int, Meta(ge=1, le=MOST_DAYS)]
Gigabytes = Annotated[int, Meta(ge=1, le=MOST_GIGABYTES)]


class StorageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    recording_days: Annotated[
        Days | None,
        help_text(
            "Days recordings are kept, 1 to 36500; none for as long as there is room.",
            "录音保存天数，1 到 36500；留空则空间允许时一直保存。",
        ),
    ] = 180
    recording_gb: Annotated[
        Gigabytes | None,
        help_text(
            "Most gigabytes of recordings; the oldest go first. None for no limit.",
            "录音最多占用的 GB 数，超出时先删最旧的；留空不限。",
        ),
    ] = None
    voicemail_days: Annotated[
        Days | None,
        help_text(
            "Days heard voicemail is kept, 1 to 36500; none for as long as there is room. Unheard ones stay.",
            "已听留言保存天数，1 到 36500；留空则一直保存。未听的留言不会删除。",
        ),
    ] = 365
    voicemail_gb: Annotated[
        Gigabytes | None,
        help_text("Most gigabytes of voicemail; none for no limit.", "留言最多占用的 GB 数；留空不限。"),
    ] = None
    record_days: Annotated[
        Days | None,
        help_text(
            "Days call records are kept, 1 to 36500; none for ever.",
            "通话记录保存天数，1 到 36500；留空则永久保存。",
        ),
    ] = None
    archive_folder: Annotated[
        str,
        Meta(max_length=200),
        help_text(
            "USB stick that audio is copied to for long keeping, such as /media/archive; empty for none. "
            "Nothing is written there while no stick is in.",
            "长期存档用的 U 盘目录，如 /media/archive；留空则不存档。未插 U 盘时不会写入。",
        ),
    ] = ""
    archive_first: Annotated[
        bool,
        help_text(
            "Whether audio may only be cleared away once it is in the archive: true or false.",
            "是否必须先存档才能清理：true 或 false。",
        ),
    ] = False
    owner_key: Annotated[
        str,
        Meta(pattern=r"\A(age1[02-9ac-hj-np-z]{58})?\Z"),
        help_text(
            "The owner's public key, age1…, made by `zongji owner-key`; backups and archive can then be "
            "read with the private key only. Empty for no encryption.",
            "所有者公钥（age1…，由 zongji owner-key 生成）；设置后备份和存档只能用私钥读取。留空则不加密。",
        ),
    ] = ""
    encrypt_recordings: Annotated[
        bool,
        help_text(
            "Whether recordings on the box are encrypted, too: true or false. Listening on the page then "
            "needs the private key on the box.",
            "是否同时加密本机上的录音：true 或 false。启用后在网页上收听需要本机存有私钥。",
        ),
    ] = False


class S3Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Storage that speaks S3."""

    endpoint: Annotated[
        str,
        Meta(pattern=r"\A(https?://\S+)?\Z", max_length=200),
        help_text(
            "Address of the storage, such as https://oss-cn-shanghai.aliyuncs.com.",
            "存储服务地址，如 https://oss-cn-shanghai.aliyuncs.com。",
        ),
    ] = ""
    region: Annotated[
        str, Meta(max_length=40), help_text("Its region, such as cn-shanghai.", "区域，如 cn-shanghai。")
    ] = "us-east-1"
    bucket: Annotated[
        str,
        Meta(pattern=r"\A([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?\Z"),
        help_text("Name of the bucket.", "存储桶名称。"),
    ] = ""
    access_key: Annotated[
        str, Meta(max_length=128), help_text("Access key id.", "访问密钥 ID（AccessKey ID）。")
    ] = ""
    access_secret: Annotated[
        str, Meta(max_length=128), help_text("Access key secret.", "访问密钥（AccessKey Secret）。")
    ] = ""
    path_style: Annotated[
        bool,
        help_text(
            "Whether the bucket is in the path (MinIO) instead of the host's name: true or false.",
            "存储桶是否写在路径中（如 MinIO）而不是域名中：true 或 false。",
        ),
    ] = False

    def __repr__(self) -> str:
        return f"S3Settings({self.endpoint!r}, {self.bucket!r}, access_secret=***)"


class BackupSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: Annotated[
        Literal["off", "folder", "s3", "https"],
        help_text(
            "Where backups go: off, folder (a USB stick), s3 or https (PUT).",
            "备份位置：off 关闭、folder 目录（U 盘）、s3 对象存储、https 上传（PUT）。",
        ),
    ] = "off"
    hour: Annotated[
        int,
        Meta(ge=0, le=23),
        help_text("Hour of the day backups are made, 0 to 23.", "每天备份的钟点，0 到 23。"),
    ] = 3
    keep: Annotated[
        int,
        Meta(ge=1, le=366),
        help_text("How many backups are kept, 1 to 366.", "保留的备份份数，1 到 366。"),
    ] = 14
    recordings: Annotated[
        bool,
        help_text(
            "Whether recordings and messages are backed up, too: true or false. They can be large.",
            "是否同时备份录音和留言：true 或 false，可能很大。",
        ),
    ] = False
    folder: Annotated[
        str,
        Meta(max_length=200),
        help_text(
            "For `folder`: where the stick is mounted, such as /media/backup.",
            "目录备份：U 盘挂载点，如 /media/backup。",
        ),
    ] = ""
    url: Annotated[
        str,
        Meta(pattern=r"\A(https?://\S+)?\Z", max_length=300),
        help_text(
            "For `https`: address the file's name is put behind, such as https://files.example.com/box1/.",
            "https 备份：地址前缀，后接文件名，如 https://files.example.com/box1/。",
        ),
    ] = ""
    token: Annotated[
        str,
        Meta(max_length=200),
        help_text("For `https`: bearer token; empty for none.", "https 备份：Bearer 令牌，可留空。"),
    ] = ""
    s3: S3Settings = S3Settings()

    def __repr__(self) -> str:
        return f"BackupSettings({self.to!r}, {self.folder!r}, {self.url!r}, token=***)"
