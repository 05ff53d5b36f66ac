"""Phone accounts as a phone takes them: Linphone's remote configuration behind a ticket that soon expires.

A QR code shows an address on this box with a random ticket; the app that scans it fetches the account there,
once or a few times, within some minutes. The password is never in the code itself.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from xml.sax.saxutils import escape

import msgspec
import segno

from firmware.control.schema import PhoneAccount

TICKET_MINUTES = 15
_USES = 5
"""An app may fetch twice; a link that was passed on shall not work all day."""

_MOST = 200

_TOKEN_BYTES = 18


class _Ticket(msgspec.Struct):
    number: str
    expires: float
    left: int


class Tickets:
    """Tickets handed out and not expired; in memory only."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._tickets: OrderedDict[str, _Ticket] = OrderedDict()

    def issue(self, number: str) -> str:
        """Return a new ticket for an extension's account."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._tickets[token] = _Ticket(number, self._now() + TICKET_MINUTES * 60, _USES)
        while len(self._tickets) > _MOST:
            self._tickets.popitem(last=False)
        return token

    def redeem(self, token: str) -> str | None:
        """Return whose account a ticket is for; None when it is unknown, expired or used up."""
        ticket = self._tickets.get(token)
        if ticket is None:
            return None
        if ticket.expires < self._now() or ticket.left <= 0:
            del self._tickets[token]
            return None
        ticket.left -= 1
        return ticket.number


def reachable(server: str, host: str) -> str:
    """Return a SIP server as a phone reaches it: the browser's word for a box that listens everywhere."""
    address, _, port = server.rpartition(":")
    return f"{host}:{port}" if address in ("", "0.0.0.0", "[::]", "::") else server  # noqa: S104 - compared


def linphone(account: PhoneAccount, server: str) -> str:
    """Return Linphone's configuration (its lpconfig XML) for an account."""
    identity = f'"{account.name}" <sip:{account.number}@{server}>'
    sections = {
        "misc": {"transient_provisioning": "1"},
        "proxy_0": {
            "reg_proxy": f"<sip:{server};transport=udp>",
            "reg_identity": identity,
            "reg_expires": "600",
            "reg_sendregister": "1",
        },
        "auth_info_0": {
            "username": account.number,
            "passwd": account.secret,
            "algorithm": account.algorithm,
        },
        "sip": {"default_proxy": "0"},
    }
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<config xmlns="http://www.linphone.org/xsds/lpconfig.xsd">',
    ]
    for section, entries in sections.items():
        parts.append(f'  <section name="{section}">')
        parts += [
            f'    <entry name="{name}" overwrite="true">{escape(value)}</entry>'
            for name, value in entries.items()
        ]
        parts.append("  </section>")
    return "\n".join([*parts, "</config>", ""])


def qr_path(text: str) -> tuple[int, str]:
    """Return a QR code: its side in modules, quiet zone included, and an SVG path of what is dark."""
    border = 2
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    path = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            if row[x]:
                run = x
                while run < len(row) and row[run]:
                    run += 1
                path.append(f"M{x + border} {y + border}h{run - x}v1h-{run - x}z")
                x = run
            x += 1
    return len(rows) + 2 * border, "".join(path)
