"""HTTPS with the box's own authority: a key of this process, a certificate the switch signs, HTTP sent on
once somebody has seen the lock closed.

    key (ours, 0600) ─► signing request ─► switch: authority signs ─► certificate ─► TLS socket
                          names and addresses of this box             again when they change, or it ends soon
"""

from __future__ import annotations

import datetime
import ipaddress
import logging
import socket
import ssl
from pathlib import Path

import ifaddr
import msgspec

from firmware.control.certificates import SignedReply, SignPages, is_local
from firmware.core.errors import ZongjiError
from web_admin.box import Box
from web_admin.files import replace_file

logger = logging.getLogger(__name__)

_RENEW_BEFORE = datetime.timedelta(days=30)


def names_of_box(extra: frozenset[str]) -> list[str]:
    """Return the names and addresses browsers may reach this box by."""
    name = socket.gethostname().split(".")[0].lower()
    found = {"localhost", "127.0.0.1", "zongji.local", "zongji", name, f"{name}.local", *extra}
    for adapter in ifaddr.get_adapters():
        for one in adapter.ips:
            text = one.ip if isinstance(one.ip, str) else one.ip[0]
            address = ipaddress.ip_address(text)
            if not (address.is_link_local and address.version == 6):
                found.add(str(address))
    return sorted(host for host in found if is_local(host))


class Shown(msgspec.Struct, frozen=True):
    """A certificate, as a person looks at it."""

    until_ms: int
    """When it ends, ms since 1970 UTC; it is renewed by itself before."""
    names: list[str]


class Https:
    """The certificate's files in one folder, and whether plain requests are sent on.

    Args:
        folder: The web process's own.
        names: Host names besides those of the box.
    """

    def __init__(self, folder: Path, names: frozenset[str]) -> None:
        self._key = folder / "https.key"
        self._certificate = folder / "https.pem"
        self._said = folder / "https.json"
        self._trusted = folder / "https.trusted"
        self._names = names
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.port: int | None = None
        """Where it is served; None until it is."""

    @property
    def is_trusted(self) -> bool:
        """Whether somebody has said that the browser shows the lock closed."""
        return self._trusted.exists()

    def trust(self, *, on: bool) -> None:
        """Send plain requests on from now on, or no longer."""
        if on:
            replace_file(self._trusted, b"yes\n")
        else:
            self._trusted.unlink(missing_ok=True)

    def redirect_port(self) -> int | None:
        """Return where plain requests are sent; None while they are answered themselves."""
        return self.port if self.port is not None and self.is_trusted else None

    def shown(self) -> Shown | None:
        """Return what the certificate says; None where there is none yet."""
        if not (self._certificate.exists() and self._key.exists()):
            return None
        try:
            return msgspec.json.decode(self._said.read_bytes(), type=Shown)
        except (OSError, msgspec.MsgspecError):
            return None

    async def ensure(self, box: Box, now: datetime.datetime, *, anew: bool = False) -> bool:
        """Have a certificate, new where needed, and load it; tell whether there is one.

        Args:
            box: Asked to sign.
            now: The time, with its zone.
            anew: Whether another is wanted in any case, with another key.
        """
        names = names_of_box(self._names)
        try:
            if anew:
                self._key.unlink(missing_ok=True)
            if anew or not self._is_good(names, now):
                await self._have_signed(box, names)
            self.context.load_cert_chain(self._certificate, self._key)
        except (ZongjiError, OSError, ValueError, ssl.SSLError) as error:
            logger.warning("no certificate for HTTPS yet: %s", error)
            return False
        return True

    def _is_good(self, names: list[str], now: datetime.datetime) -> bool:
        shown = self.shown()
        if shown is None:
            return False
        until = datetime.datetime.fromtimestamp(shown.until_ms / 1000, datetime.UTC)
        return set(names) <= set(shown.names) and until - now > _RENEW_BEFORE

    async def _have_signed(self, box: Box, names: list[str]) -> None:
        # Here, because it takes megabytes that are wanted once in years.
        from web_admin.security.signing import said_by, signing_request

        async with box.ask() as switch:
            asked = SignPages(request=signing_request(self._key), hosts=names)
            signed = await switch.ask(asked, SignedReply)
        until_ms, known = said_by(signed.certificate)
        replace_file(self._certificate, (signed.certificate + signed.authority).encode())
        replace_file(self._said, msgspec.json.encode(Shown(until_ms, known)))
