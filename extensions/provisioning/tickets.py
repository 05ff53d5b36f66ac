"""One-time tickets: with each, a device's secret leaves the box once and never again.

Theory of operation
-------------------
    issue (an administrator's act) ─► FRESH ──first use──► USED ──`LIFE_S` after issue──► forgotten

A used ticket still fetches the configuration without the secret. Tickets live in memory only, so nothing can
be fetched with an old one after a restart; they are kept hashed, so that whoever reads a dump of it can't use
one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict

import msgspec

# A working day: the phone is unpacked after the administrator has prepared it.
LIFE_S = 86_400.0
# Most tickets at once; the oldest is forgotten first.
MOST = 1000
_BYTES = 18


class Redeemed(msgspec.Struct, frozen=True):
    mac: str
    host: str
    with_secret: bool


class TicketState(msgspec.Struct, frozen=True):
    """How a device's ticket is; tells nothing that it could be used with."""

    serial: int
    """Counts the tickets that were issued."""
    seconds_left: float
    used_s_ago: float | None
    """Since its first use, which took the secret; None while it is fresh."""


class _Ticket:
    __slots__ = ("expires_at", "host", "mac", "serial", "used_at")

    def __init__(self, serial: int, mac: str, host: str, expires_at: float) -> None:
        self.serial = serial
        self.mac = mac
        self.host = host
        self.expires_at = expires_at
        self.used_at: float | None = None


class Tickets:
    """The tickets of all devices. `now` is on one monotonic clock throughout."""

    def __init__(self) -> None:
        self._tickets: OrderedDict[bytes, _Ticket] = OrderedDict()
        self._issued = 0

    def issue(self, mac: str, host: str, now: float) -> str:
        """Return a fresh ticket for a device; older ones of it are void.

        Args:
            mac: Of the device.
            host: How the device reaches the box.
            now: When.
        """
        self.revoke(mac)
        ticket = secrets.token_urlsafe(_BYTES)
        self._issued += 1
        self._tickets[_hash(ticket)] = _Ticket(self._issued, mac, host, now + LIFE_S)
        if len(self._tickets) > MOST:
            self._tickets.popitem(last=False)
        return ticket

    def revoke(self, mac: str) -> None:
        for key in [key for key, ticket in self._tickets.items() if ticket.mac == mac]:
            del self._tickets[key]

    def state(self, mac: str, now: float) -> TicketState | None:
        """Return how a device's ticket is; None when it has none that holds."""
        found = next((one for one in self._tickets.values() if one.mac == mac), None)
        if found is None or found.expires_at <= now:
            return None
        used_s_ago = None if found.used_at is None else now - found.used_at
        return TicketState(found.serial, found.expires_at - now, used_s_ago)

    def look(self, ticket: str, now: float) -> str | None:
        """Return the device a ticket is for, without using it; None when it is unknown or too old."""
        found = self._tickets.get(_hash(ticket))
        return None if found is None or found.expires_at <= now else found.mac

    def redeem(self, ticket: str, now: float) -> Redeemed | None:
        """Use a ticket; None when it is unknown or too old."""
        found = self._tickets.get(_hash(ticket))
        if found is None or found.expires_at <= now:
            return None
        first = found.used_at is None
        if first:
            found.used_at = now
        return Redeemed(found.mac, found.host, first)


def _hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "surrogateescape")).digest()
