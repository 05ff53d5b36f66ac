"""The network: DHCP, a fixed address, Wi-Fi, VLAN; tried, and taken back unless somebody confirms."""

from __future__ import annotations

from typing import Final

import msgspec

from firmware.console.session import BY, Session
from firmware.control.steward import Done, GetNetwork, KeepNetwork, Method, Network, NetworkIs, SetNetwork
from firmware.core.errors import ZongjiError

_CONFIRM_S: Final = 90
_MOST_DNS: Final = 3


async def network(session: Session) -> None:
    """Show the network and have it changed."""
    words = session.words
    now = await session.steward(GetNetwork(by=BY), NetworkIs)
    for address in now.addresses:
        session.terminal.show(f"  {address}")
    session.show("network_now", what=told(session, now.wanted))
    taken = await session.choose(
        words("choice"),
        [words("network_dhcp"), words("network_static"), words("network_wifi"), words("network_vlan")],
    )
    if taken is None:
        return
    wanted = now.wanted
    if taken == 2:
        wanted = await _wifi(session, now)
    else:
        names = [name for name in now.interfaces if not name.startswith("wl")]
        cable = await _interface(session, names or ["eth0"])
        if taken == 3:
            tag = int(await session.number("network_tag", 0, 4094, wanted.vlan))
            wanted = msgspec.structs.replace(wanted, interface=cable, vlan=tag, ssid="", password="")
        elif taken == 0:
            wanted = Network(interface=cable, vlan=wanted.vlan)
        else:
            wanted = await _static(session, msgspec.structs.replace(wanted, interface=cable, ssid=""))
    session.show("network_will", what=told(session, wanted))
    if not await session.sure("network_sure", seconds=_CONFIRM_S):
        return
    await session.steward(SetNetwork(network=wanted, confirm_s=_CONFIRM_S, by=BY), Done)
    # Who can't answer any more has lost the box: it goes back by itself.
    if await session.sure("network_keep", seconds=_CONFIRM_S):
        await session.steward(KeepNetwork(by=BY), Done)
        session.show("network_kept")
    else:
        session.show("network_back", seconds=_CONFIRM_S)
    await session.pause()


def told(session: Session, network: Network) -> str:
    """Return a network in a line."""
    parts = [network.interface]
    if network.ssid:
        parts.append(f"Wi-Fi “{network.ssid}”")
    if network.vlan:
        parts.append(f"VLAN {network.vlan}")
    if network.method is Method.STATIC:
        parts += [network.address, f"→ {network.gateway or '-'}", f"DNS {', '.join(network.dns) or '-'}"]
    else:
        parts.append("DHCP")
    return " ".join(parts)


async def _interface(session: Session, names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    taken = await session.choose(session.words("network_interface"), names)
    return names[taken or 0]


async def _static(session: Session, wanted: Network) -> Network:
    address = await session.ask("network_address", default=wanted.address)
    gateway = await session.ask("network_gateway", default=wanted.gateway)
    typed = await session.ask("network_dns", default=",".join(wanted.dns))
    names = [one.strip() for one in typed.replace("，", ",").split(",") if one.strip()]
    return msgspec.structs.replace(
        wanted, method=Method.STATIC, address=address, gateway=gateway, dns=names[:_MOST_DNS]
    )


async def _wifi(session: Session, now: NetworkIs) -> Network:
    names = [name for name in now.interfaces if name.startswith("wl")] or ["wlan0"]
    interface = await _interface(session, names)
    while True:
        ssid = await session.ask("network_ssid")
        password = await session.ask("network_password", secret=True)
        try:
            return msgspec.convert({"interface": interface, "ssid": ssid, "password": password}, Network)
        except (msgspec.ValidationError, ZongjiError) as error:
            session.fail(error)
