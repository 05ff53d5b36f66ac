"""A device to be set up, and what its configuration says."""

from __future__ import annotations

import enum
import re

import msgspec

from firmware.core.errors import UserError

_MAC = re.compile(r"[0-9a-f]{12}\Z")


class Make(enum.StrEnum):
    YEALINK = "yealink"
    GRANDSTREAM = "grandstream"
    FANVIL = "fanvil"
    SNOM = "snom"
    LINPHONE = "linphone"
    """A softphone on a computer or mobile, which reads Linphone's XML."""
    GENERIC = "generic"
    """Whatever is set up by hand or by a script: plain JSON."""

    @property
    def has_mac(self) -> bool:
        """Whether it is known by its MAC address, and looks for its file by itself."""
        return self not in (Make.LINPHONE, Make.GENERIC)


class Device(msgspec.Struct, frozen=True):
    """One phone."""

    mac: str
    """Twelve lower-case hexadecimal digits; an invented one for a softphone."""
    make: Make
    extension: str
    account: str
    """What it registers as."""


class Configuration(msgspec.Struct, frozen=True):
    """What a device is told."""

    extension: str
    user: str
    """What it registers as; its extension's number for a person's first phone."""
    name: str
    secret: str | None
    """None after it was served once: devices keep what they have."""
    host: str
    port: int
    transport: str
    """`udp`, `tcp` or `tls`."""
    srtp: bool = False
    """Whether its audio must be encrypted."""
    web_port: int = 0
    """Where the box's authority can be fetched over HTTP."""
    language: str = "zh-CN"
    utc_offset_minutes: int = 480
    """How far the office's clock is ahead of UTC at the moment; a phone learns of summer time when it fetches
    its configuration anew."""
    lamps: tuple[tuple[str, str], ...] = ()
    """Extensions, with their names, whose state the device's keys show."""
    pickup_code: str = ""
    """What is dialled before an extension to take the call that rings there."""
    messages_code: str = ""
    """What the key for messages dials."""

    def __repr__(self) -> str:
        return f"Configuration({self.extension!r}, {self.name!r}, secret=…)"


def mac_of(text: str) -> str:
    """Return a MAC address as twelve lower-case digits, however it was written.

    Raises:
        UserError: It is none.
    """
    plain = re.sub(r"[-:. ]", "", text).lower()
    if not _MAC.match(plain):
        raise UserError(
            f"{text[:40]!r} is no MAC address; it has twelve digits 0-9 and a-f, as on the phone's label. / "
            f"{text[:40]!r} 不是 MAC 地址；应为话机标签上的 12 位 0-9 和 a-f。"
        )
    return plain
