"""The language of the steward's socket, and a client of it. The steward is the only part that runs as root;
it does a fixed list of things and nothing else.

    {"do":"set_zone","zone":"Asia/Shanghai"}          one request a connection,
    {"is":"progress","text":"…"}                      any number of these for what takes long,
    {"is":"done"} | {"is":"refused","message":"…"}    and one answer
"""

from __future__ import annotations

import asyncio
import enum
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from firmware.core.errors import UserError, ZongjiError

SOCKET = Path("/run/zongji/steward.sock")
SOCKET_VARIABLE = "ZONGJI_STEWARD"
"""Environment variable that names another socket."""

MAX_LINE = 64 * 1024
"""Bytes of a request or reply: a page of log is the longest."""

ANSWER_S = 900.0
"""An update makes a virtual environment on a slow card."""

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class StewardError(ZongjiError):
    """The steward isn't there, or broke off."""


class Request(msgspec.Struct, frozen=True, tag_field="do", kw_only=True, forbid_unknown_fields=True):
    by: Annotated[str, msgspec.Meta(max_length=60)] = ""
    """Who asks, for the log."""


class Method(enum.StrEnum):
    DHCP = "dhcp"
    STATIC = "static"


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the box is connected."""

    interface: _Name = "eth0"
    method: Method = Method.DHCP
    address: str = ""
    """With the prefix, for `static`: "192.168.1.10/24"."""
    gateway: str = ""
    dns: list[str] = []
    vlan: Annotated[int, msgspec.Meta(ge=0, le=4094)] = 0
    """IEEE 802.1Q tag; 0 for none."""
    ssid: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """Of a Wi-Fi; empty for a cable."""
    password: Annotated[str, msgspec.Meta(max_length=63)] = ""

    def __repr__(self) -> str:
        return f"Network({self.interface!r}, {self.method}, {self.address!r}, {self.vlan}, {self.ssid!r})"


class GetNetwork(Request, frozen=True, tag="network"):
    """What is set, and what is so."""


class SetNetwork(Request, frozen=True, tag="set_network"):
    """Try a network; it is taken back after `confirm_s` unless `KeepNetwork` comes."""

    network: Network
    confirm_s: Annotated[int, msgspec.Meta(ge=20, le=600)] = 90


class KeepNetwork(Request, frozen=True, tag="keep_network"):
    """The network that is being tried is right."""


class ResetNetwork(Request, frozen=True, tag="reset_network"):
    """Forget what was set: as on a new box, whether it comes up or not; for whom nothing else leads in."""


class SetTime(Request, frozen=True, tag="set_time"):
    """Set the clock by hand; time from the network sets it again as soon as there is some."""

    at: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?\Z")]
    """Local time."""


class SetZone(Request, frozen=True, tag="set_zone"):
    zone: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z_]+(/[A-Za-z0-9_+-]+){0,2}\Z", max_length=40)]


class GetLog(Request, frozen=True, tag="log"):
    """The newest lines of the log."""

    lines: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    unit: Annotated[str, msgspec.Meta(pattern=r"\A(switch|media|web|console|steward|all)\Z")] = "all"


class Update(Request, frozen=True, tag="update"):
    """Install a signed bundle."""

    path: Annotated[str, msgspec.Meta(max_length=4096)]
    force: bool = False
    """Also while calls are in progress."""


class GetVersions(Request, frozen=True, tag="versions"):
    """Which versions the box has, and what came of the last update."""


class RollBack(Request, frozen=True, tag="roll_back"):
    """Go back to the version before, with the settings of that time."""

    force: bool = False
    """Also while calls are in progress."""


class ListSticks(Request, frozen=True, tag="sticks"):
    """USB storage that is plugged in."""


class CopyToStick(Request, frozen=True, tag="to_stick"):
    """Copy a backup from STATE/uploads or STATE/backups to a USB stick."""

    device: _Name
    name: _Name


class CopyFromStick(Request, frozen=True, tag="from_stick"):
    """Copy a backup from a stick into STATE/uploads."""

    device: _Name
    name: _Name


class RestoreBackup(Request, frozen=True, tag="restore"):
    """Put a backup from a stick in the place of settings and records."""

    device: _Name
    name: _Name
    key: Annotated[str, msgspec.Meta(max_length=200)]
    """The owner's private key."""

    def __repr__(self) -> str:
        return f"RestoreBackup({self.device!r}, {self.name!r}, key=***)"


class FactoryReset(Request, frozen=True, tag="factory_reset"):
    """Forget everything: settings, records, recordings, passwords."""

    typed: str
    """What the person typed to confirm; must be `RESET_WORD`."""


RESET_WORD = "ERASE"


class OwnerShell(Request, frozen=True, tag="shell"):
    """Open a shell on a terminal, for who knows the owner's password."""

    tty: Annotated[str, msgspec.Meta(pattern=r"\Atty[A-Za-z0-9]{1,12}\Z")]
    password: Annotated[str, msgspec.Meta(max_length=200)]

    def __repr__(self) -> str:
        return f"OwnerShell({self.tty!r}, password=***)"


class SetOwner(Request, frozen=True, tag="set_owner"):
    """Set the owner's password: at first without the old one, later with it."""

    password: Annotated[str, msgspec.Meta(max_length=200)]
    old: Annotated[str, msgspec.Meta(max_length=200)] = ""

    def __repr__(self) -> str:
        return "SetOwner(password=***)"


class CheckOwner(Request, frozen=True, tag="check_owner"):
    """Whether that is the owner's password; with none set, whether there is one."""

    password: Annotated[str, msgspec.Meta(max_length=200)] = ""

    def __repr__(self) -> str:
        return "CheckOwner(password=***)"


class Reboot(Request, frozen=True, tag="reboot"):
    pass


class PowerOff(Request, frozen=True, tag="power_off"):
    pass


Requests = (
    GetNetwork
    | SetNetwork
    | KeepNetwork
    | ResetNetwork
    | SetTime
    | SetZone
    | GetLog
    | Update
    | GetVersions
    | RollBack
    | ListSticks
    | CopyToStick
    | CopyFromStick
    | RestoreBackup
    | FactoryReset
    | OwnerShell
    | SetOwner
    | CheckOwner
    | Reboot
    | PowerOff
)


class Reply(msgspec.Struct, frozen=True, tag_field="is", kw_only=True):
    pass


class Progress(Reply, frozen=True, tag="progress"):
    text: str


class Done(Reply, frozen=True, tag="done"):
    text: str = ""


class Refused(Reply, frozen=True, tag="refused"):
    message: str


class NetworkIs(Reply, frozen=True, tag="network"):
    wanted: Network
    interfaces: list[str]
    addresses: list[str]
    """As they are now: "eth0 192.168.1.10/24"."""
    trying: bool = False


class Log(Reply, frozen=True, tag="log"):
    lines: list[str]


class LastUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the last update."""

    from_id: str
    to_id: str
    done: bool
    why: str = ""
    """Why the box went back: what was wrong, or "by hand"."""


class VersionsAre(Reply, frozen=True, tag="versions"):
    running: str
    """Empty on a box that was not installed from a bundle."""
    before: str = ""
    """The version to go back to; empty for none."""
    phase: str = ""
    """How far an update has come that is in progress: staging, stopped, switching, trial, back."""
    last: LastUpdate | None = None


class Stick(msgspec.Struct, frozen=True):
    device: str
    """Such as `sda1`."""
    label: str
    size_mb: int
    backups: list[str] = []


class Sticks(Reply, frozen=True, tag="sticks"):
    sticks: list[Stick]


class Owner(Reply, frozen=True, tag="owner"):
    is_set: bool
    right: bool = False
    wait_s: int = 0
    """How long nobody may try, after too many wrong ones."""


Replies = Progress | Done | Refused | NetworkIs | Log | VersionsAre | Sticks | Owner

_REPLIES = msgspec.json.Decoder(Replies)
_Answer = TypeVar("_Answer", bound=Reply)


def socket_path() -> Path:
    """Return where the steward listens."""
    return Path(os.environ.get(SOCKET_VARIABLE, SOCKET))


async def ask_steward(request: Requests, tell: Callable[[str], None] | None = None) -> Reply:
    """Have the steward do something; `tell` hears of its progress.

    Raises:
        UserError: It refuses; the text says why.
        StewardError: It isn't there, or broke off.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket_path()), limit=MAX_LINE * 4)
    except OSError as error:
        raise StewardError("the steward isn't there: this works on an installed box only") from error
    try:
        writer.write(msgspec.json.encode(request) + b"\n")
        await writer.drain()
        while True:
            async with asyncio.timeout(ANSWER_S):
                line = await reader.readline()
            if not line.endswith(b"\n"):
                raise StewardError("the steward broke off; its log says why")
            reply: Reply = _REPLIES.decode(line)
            if isinstance(reply, Refused):
                raise UserError(reply.message)
            if not isinstance(reply, Progress):
                return reply
            if tell is not None:
                tell(reply.text)
    except (OSError, TimeoutError, ValueError, msgspec.MsgspecError) as error:
        raise StewardError(f"the steward doesn't answer: {error}") from error
    finally:
        writer.close()
