"""Makes the box known on the office network as `zongji.local` (multicast DNS, RFC 6762 and 6763)."""

from __future__ import annotations

import ipaddress
import logging
import socket

from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from web_admin.security.https import names_of_box

logger = logging.getLogger(__name__)

_KIND = "_http._tcp.local."


class Announcement:
    """The box's name and page on the network, from `start` to `stop`.

    Args:
        name: The first part of the host name: "zongji" for zongji.local.
        port: Of the pages.
    """

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._port = port
        self._zeroconf: AsyncZeroconf | None = None

    async def start(self) -> None:
        """Announce it. A network that refuses is logged: the pages are there by address all the same."""
        addresses = [
            socket.inet_aton(host)
            for host in names_of_box(frozenset())
            if _is_ipv4(host) and not ipaddress.ip_address(host).is_loopback
        ]
        if not addresses:
            logger.warning("%s.local isn't announced: the box has no address on a network", self._name)
            return
        info = ServiceInfo(
            _KIND,
            f"{self._name}.{_KIND}",
            addresses=addresses,
            port=self._port,
            server=f"{self._name}.local.",
            properties={"path": "/"},
        )
        try:
            self._zeroconf = AsyncZeroconf(ip_version=IPVersion.V4Only)
            await self._zeroconf.async_register_service(info, allow_name_change=True)
        except (OSError, ValueError, RuntimeError) as error:
            logger.warning("%s.local can't be announced: %s", self._name, error)
            return
        logger.info("announced as http://%s.local:%d", self._name, self._port)

    async def stop(self) -> None:
        """Take it back."""
        if self._zeroconf is not None:
            await self._zeroconf.async_unregister_all_services()
            await self._zeroconf.async_close()
            self._zeroconf = None


def _is_ipv4(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False
