"""Answers devices that ask for their configuration; sans-IO, so a web server may stand before it as well."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import msgspec

from extensions.provisioning.device import Configuration, Device, Make
from extensions.provisioning.makes import document, file_names
from extensions.provisioning.tickets import LIFE_S, Tickets, TicketState

logger = logging.getLogger(__name__)

_PREFIX = "/p/"
AUTHORITY_PATH = "/ca.pem"


class Reply(msgspec.Struct, frozen=True):
    status: int
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""


class Invitation(msgspec.Struct, frozen=True):
    """How a device gets at its configuration; for the administrator's eyes, once."""

    make: Make
    """Of the device, whose file it is."""
    url: str
    """To key into the phone, or for DHCP option 66: the folder its file lies in."""
    qr: str
    """What a QR code for a mobile softphone holds: the file's own address."""
    valid_s: float
    """How long both can be used."""


class ProvisioningDesk:
    """The devices that may fetch a configuration.

    Args:
        device_of: Returns the device with a MAC address; None when there is none.
        configure: Returns what a device is told, with the secret, and the host at which it reaches the box.
        authority: Returns the box's certificate authority as PEM; None without TLS.
    """

    def __init__(
        self,
        device_of: Callable[[str], Device | None],
        configure: Callable[[Device, str], Configuration | None],
        authority: Callable[[], bytes | None] = lambda: None,
    ) -> None:
        self.counters: Counter[str] = Counter()
        """served (with the secret), refreshed (without), refused."""
        self._device_of = device_of
        self._configure = configure
        self._authority = authority
        self._tickets = Tickets()

    def issue(self, device: Device, base: str, now: float) -> Invitation:
        """Let a device fetch its configuration with the secret once: an administrator's act.

        Args:
            device: One that `device_of` knows.
            base: Where the box is reached: "http://192.168.1.2:8088".
            now: On the clock that `get` is told.
        """
        ticket = self._tickets.issue(device.mac, urlsplit(base).hostname or "", now)
        folder = f"{base.rstrip('/')}{_PREFIX}{ticket}/"
        logger.info("a configuration ticket was issued for %s (%s)", device.extension, device.mac)
        return Invitation(device.make, folder, folder + file_names(device.make, device.mac)[0], LIFE_S)

    def revoke(self, mac: str) -> None:
        """Void the device's ticket."""
        self._tickets.revoke(mac)

    def state(self, mac: str, now: float) -> TicketState | None:
        """Return how the device's ticket is; None when it has none that holds."""
        return self._tickets.state(mac, now)

    def get(self, path: str, now: float) -> Reply:
        """Answer a GET."""
        if path == AUTHORITY_PATH:
            pem = self._authority()
            return Reply(404) if pem is None else Reply(200, "application/x-x509-ca-cert", pem)
        if not path.startswith(_PREFIX):
            return self._refuse()
        ticket, _, name = path.removeprefix(_PREFIX).partition("/")
        mac = self._tickets.look(ticket, now)
        device = None if mac is None else self._device_of(mac)
        # A device asks for files of its make that we don't have; they must not use the ticket up.
        if device is None or not _is_for(unquote(name), device):
            return self._refuse()
        redeemed = self._tickets.redeem(ticket, now)
        configuration = None if redeemed is None else self._configure(device, redeemed.host)
        if configuration is None or redeemed is None:
            return self._refuse()
        if not redeemed.with_secret:
            configuration = msgspec.structs.replace(configuration, secret=None)
        self.counters["served" if redeemed.with_secret else "refreshed"] += 1
        logger.info(
            "%s fetched its configuration%s", mac, "" if redeemed.with_secret else " without the secret"
        )
        content_type, body = document(device.make, configuration)
        return Reply(200, content_type, body)

    def _refuse(self) -> Reply:
        self.counters["refused"] += 1
        return Reply(404)


def _is_for(name: str, device: Device) -> bool:
    """Tell whether a file name is the device's own; Snom puts its model into it."""
    plain = name.lower()
    if device.make is Make.SNOM and plain.startswith("snom") and plain.endswith(f"-{device.mac}.htm"):
        return True
    return plain in file_names(device.make, device.mac)
