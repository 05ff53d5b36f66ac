"""Which hosts are heard at all: decided on the address alone, before a byte is parsed."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

# What an office LAN is made of: private, link-local and loopback networks (RFC 1918, 6598, 4193, 4291).
LAN = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8",
    "fc00::/7", "fe80::/10", "::1/128",
)  # fmt: skip
EVERYBODY = ("0.0.0.0/0", "::/0")
# Verdicts remembered; forged addresses must cost no memory.
_REMEMBERED = 4096


class Acl:
    """Hosts of some networks; whoever else speaks is not heard.

    Args:
        networks: In CIDR notation.

    Raises:
        ValueError: One of them is no network.
    """

    def __init__(self, networks: Iterable[str] = LAN) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        self._verdicts: dict[str, bool] = {}
        self.replace(networks)

    def replace(self, networks: Iterable[str]) -> None:
        """Hear other networks from now on.

        Raises:
            ValueError: One of them is no network; nothing was changed.
        """
        self._networks = [ip_network(text) for text in networks]
        self._verdicts.clear()

    def allows(self, host: str) -> bool:
        verdict = self._verdicts.get(host)
        if verdict is None:
            if len(self._verdicts) >= _REMEMBERED:
                self._verdicts.clear()
            verdict = self._verdicts[host] = self._decide(host)
        return verdict

    def _decide(self, host: str) -> bool:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        return any(address.version == net.version and address in net for net in self._networks)
