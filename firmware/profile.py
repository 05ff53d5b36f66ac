"""The board's profile: which wires this box has and where. One TOML file of `board/profiles`, never edited
by an administrator.

    country = "CN"
    [sip]
    host = "127.0.0.1"
    port = 5060
    [board]                    which hardware it is for
    [panel]                    pins of lamps, buttons, fan
    [power.gsm1]               a modem's power key
    [[lines]]                  fields: hal.modems.build
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from firmware.core.errors import UserError


class SipProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str = "0.0.0.0"  # noqa: S104 - a phone system answers its LAN; the firewall keeps the rest out
    """Address of the network that phones are in."""
    port: int = 5060
    """UDP and TCP; 0 takes a free one."""


class MediaProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rtp_ports: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4,5}-[0-9]{4,5}\Z")] = "20000-20999"
    """Lowest and highest local RTP port."""


class BoardProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which hardware the profile is for; a box with other hardware refuses it."""

    name: str = ""
    hat: str = ""
    """Part of the product's name in the HAT's EEPROM."""
    usb: tuple[str, ...] = ()
    """Modems, "vendor:product", any of which may be there."""


class PanelProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The front panel's pins, BCM numbers; what the board doesn't have is left out."""

    green: int | None = None
    amber: int | None = None
    red: int | None = None
    reset_button: int | None = None
    fan: int | None = None
    night: int | None = None
    night_button: int | None = None


class PowerProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one line's modem is switched (telephony-reference A7). BCM numbers and seconds."""

    key: int
    status: int | None = None
    status_on_high: bool = True
    on_seconds: float = 2.0
    off_seconds: float = 3.0
    boot_seconds: float = 20.0
    port_tells: bool = False
    reset: int | None = None
    reset_seconds: float = 0.3


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A board as its profile describes it."""

    lines: tuple[dict[str, Any], ...] = ()
    """Entries for `hal.modems.build.build_line`."""
    country: str = "CN"
    language: str = "zh-CN"
    sip: SipProfile = SipProfile()
    media: MediaProfile = MediaProfile()
    board: BoardProfile = BoardProfile()
    panel: PanelProfile = PanelProfile()
    power: dict[str, PowerProfile] = {}
    """By the line's name."""


def load_profile(path: Path, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Profile:
    """Read a profile.

    Args:
        path: The TOML file.
        overrides: Fields of sections to replace, as a command line does.

    Raises:
        UserError: The file is missing, isn't TOML, or a field can't be used; the text names it.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"profile {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"profile {path}: {error}") from error
    for section, fields in (overrides or {}).items():
        document[section] = {**document.get(section, {}), **fields}
    try:
        return msgspec.convert(document, Profile)
    except msgspec.ValidationError as error:
        raise UserError(f"profile {path}: {error}") from error
