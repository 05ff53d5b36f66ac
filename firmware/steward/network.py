"""The network: a profile of NetworkManager, tried in memory, and written to the card once somebody confirms.

set ─► keyfile in /run ─► `nmcli connection up` ─► TRYING ──keep──► the same keyfile in /etc
                                                     └──nobody confirms in time──► that of /etc again

A power cut ends a trial, too: whoever set a network that locks him out pulls the plug.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import uuid
from pathlib import Path
from typing import Final

import msgspec

from firmware.control.steward import Method, Network, NetworkIs
from firmware.core.errors import UserError
from firmware.steward.host import Host
from firmware.update.places import replace_file

_FOLDER: Final = Path("etc/NetworkManager/system-connections")
_TRIAL_FOLDER: Final = Path("run/NetworkManager/system-connections")
_NAME: Final = "zongji"
_TRIAL_NAME: Final = "zongji-trial"
_NAMESPACE: Final = uuid.UUID("0d6f7c1e-6a57-5f0c-9d33-2f1a6f1f5b10")
_WIFI_KEY: Final = range(8, 64)
"""Characters of a WPA passphrase (IEEE 802.11, annex J)."""


def checked(network: Network) -> Network:
    """Return `network` if it can be used.

    Raises:
        UserError: It can't; the text names the field and the remedy.
    """
    if not network.interface.replace("-", "").replace(".", "").isalnum() or len(network.interface) > 15:
        raise UserError(
            "interface: a name such as eth0 or wlan0 is wanted. / 接口：请输入 eth0 或 wlan0 之类的名称。"
        )
    if any(ord(letter) < 32 for letter in network.ssid + network.password):
        raise UserError(
            "ssid, password: control characters have no place there. / Wi-Fi 名称或密码含控制字符。"
        )
    if network.ssid and len(network.password) not in (0, *_WIFI_KEY):
        raise UserError("password: a Wi-Fi's has 8 to 63 characters. / 密码：Wi-Fi 密码为 8 到 63 个字符。")
    if network.ssid and network.vlan:
        raise UserError("vlan: not over Wi-Fi. / VLAN：不能用于 Wi-Fi。")
    if network.method is Method.DHCP:
        return network
    try:
        address = ipaddress.ip_interface(network.address)
    except ValueError:
        raise UserError(
            "address: with its prefix, such as 192.168.1.10/24. / 地址：须带前缀，如 192.168.1.10/24。"
        ) from None
    if "/" not in network.address or address.network.num_addresses < 4:
        raise UserError(
            "address: with its prefix, such as 192.168.1.10/24. / 地址：须带前缀，如 192.168.1.10/24。"
        )
    if address.ip in (address.network.network_address, address.network.broadcast_address):
        raise UserError("address: that one is the network's own. / 地址：这是网络地址或广播地址。")
    for field, text in (("gateway", network.gateway), *(("dns", one) for one in network.dns)):
        if not text:
            continue
        try:
            other = ipaddress.ip_address(text)
        except ValueError:
            raise UserError(f"{field}: {text!r} is no address. / {field}：不是有效地址。") from None
        if field == "gateway" and (other not in address.network or other == address.ip):
            raise UserError(
                "gateway: must be another address of that network. / 网关：须为同一网络的另一地址。"
            )
    return network


def keyfile(network: Network, name: str = _NAME) -> str:
    """Return the profile as NetworkManager reads it (nm-settings-keyfile(5)); one on trial goes first."""
    parent = f"{network.interface}.{network.vlan}" if network.vlan else network.interface
    kind = "wifi" if network.ssid else "vlan" if network.vlan else "ethernet"
    lines = [
        "[connection]",
        f"id={name}",
        f"uuid={uuid.uuid5(_NAMESPACE, parent if name == _NAME else f'{name} {parent}')}",
        f"type={kind}",
        f"interface-name={parent}",
        "autoconnect=true",
        f"autoconnect-priority={100 if name == _NAME else 101}",
        "",
    ]
    if network.ssid:
        lines += ["[wifi]", "mode=infrastructure", f"ssid={_escaped(network.ssid)}", ""]
        if network.password:
            lines += ["[wifi-security]", "key-mgmt=wpa-psk", f"psk={_escaped(network.password)}", ""]
    elif network.vlan:
        lines += ["[vlan]", f"id={network.vlan}", f"parent={network.interface}", ""]
    lines.append("[ipv4]")
    if network.method is Method.STATIC:
        gateway = f",{network.gateway}" if network.gateway else ""
        lines += ["method=manual", f"address1={network.address}{gateway}"]
        if network.dns:
            lines.append("dns=" + "".join(f"{one};" for one in network.dns))
    else:
        lines.append("method=auto")
    lines += ["", "[ipv6]", "method=auto", "addr-gen-mode=stable-privacy", ""]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """GKeyFile takes backslashes as escapes and strips leading blanks."""
    text = text.replace("\\", "\\\\").replace(";", "\\;")
    return "\\s" + text[1:] if text.startswith(" ") else text


class NetworkDesk:
    """What is set, what is tried. Used from one event loop."""

    def __init__(self, host: Host, kept: Path) -> None:
        self._host = host
        self._kept = kept
        self._profile = host.root / _FOLDER / f"{_NAME}.nmconnection"
        self._trial_profile = host.root / _TRIAL_FOLDER / f"{_TRIAL_NAME}.nmconnection"
        self._tried = Network()
        self._trial: asyncio.Task[None] | None = None

    @property
    def trying(self) -> bool:
        return self._trial is not None and not self._trial.done()

    def wanted(self) -> Network:
        """Return what is set or tried; DHCP on the first cable before anybody has set anything."""
        if self.trying:
            return self._tried
        try:
            return msgspec.json.decode(self._kept.read_bytes(), type=Network)
        except (OSError, msgspec.MsgspecError):
            return Network()

    def state(self) -> NetworkIs:
        """Return what is set and what is so."""
        interfaces: list[str] = []
        addresses: list[str] = []
        with contextlib.suppress(UserError, msgspec.MsgspecError):
            for one in msgspec.json.decode(self._host.run("ip", "-json", "address"), type=list[_Interface]):
                if one.ifname != "lo":
                    interfaces.append(one.ifname)
                    addresses += [f"{one.ifname} {a.local}/{a.prefixlen}" for a in one.addr_info]
        shown = msgspec.structs.replace(self.wanted(), password="")
        return NetworkIs(wanted=shown, interfaces=interfaces, addresses=addresses, trying=self.trying)

    async def set(self, network: Network, confirm_s: int) -> None:
        """Try a network for so long.

        Raises:
            UserError: It can't be used; the old one stays.
        """
        if self.trying:
            raise UserError("Another network is being tried; keep it, or wait. / 正在试用另一网络设置。")
        _put(self._trial_profile, keyfile(checked(network), _TRIAL_NAME).encode())
        try:
            await self._reload(up=_TRIAL_NAME)
        except UserError:
            await self._take_back()
            raise
        self._tried = network
        self._trial = asyncio.create_task(self._take_back_after(confirm_s), name="network trial")

    async def keep(self) -> bool:
        """Keep what is being tried; False when nothing is."""
        if not self.trying or self._trial is None:
            return False
        self._trial.cancel()
        self._trial = None
        _put(self._profile, keyfile(self._tried).encode())
        _put(self._kept, msgspec.json.encode(self._tried))
        # The one in memory stays up until the next start: changing over would interrupt calls for nothing.
        await self._reload()
        return True

    async def reset(self) -> None:
        """Forget what was set and what is tried; NetworkManager takes an address on any cable then."""
        if self._trial is not None:
            self._trial.cancel()
            self._trial = None
        for path in (self._trial_profile, self._profile, self._kept):
            path.unlink(missing_ok=True)
        with contextlib.suppress(UserError):
            await self._reload()

    async def resume(self) -> None:
        """Take back what a steward that died was trying."""
        with contextlib.suppress(FileNotFoundError):
            tried = self._trial_profile.read_text("utf-8")
            if tried != keyfile(self.wanted(), _TRIAL_NAME):
                await self._take_back()

    async def _take_back_after(self, confirm_s: int) -> None:
        await asyncio.sleep(confirm_s)
        await self._take_back()

    async def _take_back(self) -> None:
        self._trial_profile.unlink(missing_ok=True)
        with contextlib.suppress(UserError):
            await self._reload(up=_NAME if self._profile.exists() else "")

    async def _reload(self, up: str = "") -> None:
        await asyncio.to_thread(self._host.run, "nmcli", "connection", "reload")
        if up:
            await asyncio.to_thread(self._host.run, "nmcli", "--wait", "30", "connection", "up", up)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content, 0o600)


class _Address(msgspec.Struct):
    local: str
    prefixlen: int


class _Interface(msgspec.Struct):
    ifname: str
    addr_info: list[_Address] = []
