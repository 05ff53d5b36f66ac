"""The addresses and networks of this machine's interfaces, as they are now: a DHCP server may change them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import ip_interface

import ifaddr

# Our own tools and the phones of a simulation are always heard.
LOOPBACK = ("127.0.0.0/8", "::1/128")


def networks_of(names: Collection[str]) -> tuple[str, ...]:
    """Return the networks, in CIDR notation, that some interfaces are in, and the loopback's.

    An interface that isn't there has none: nobody is heard through it.
    """
    found = [str(ip_interface(text).network) for name, text in _addresses() if name in names]
    return (*dict.fromkeys(found), *LOOPBACK)


def reachable_hosts() -> tuple[str, ...]:
    """Return the addresses under which others may reach this machine, IPv4 first, without link-local ones."""
    found = [ip_interface(text).ip for _, text in _addresses()]
    useful = [ip for ip in found if not (ip.is_loopback or ip.is_link_local)]
    return tuple(str(ip) for ip in sorted(useful, key=lambda ip: ip.version))


def _addresses() -> Iterator[tuple[str, str]]:
    """Yield every interface's name with an address and its prefix, "192.168.1.5/24"."""
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            host = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            yield adapter.name, f"{host.partition('%')[0]}/{ip.network_prefix}"
