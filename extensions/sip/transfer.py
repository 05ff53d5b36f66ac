"""Transfers within a call: REFER, the NOTIFYs that tell what came of it, and Replaces (RFC 3515, 5589, 3891).

Theory of operation
-------------------
    peer: REFER ──► TransferAsked ──accept──► 202, NOTIFY "100 Trying" ──finish──► NOTIFY, terminated
                          └──refuse──► 4xx-6xx
    ours: refer() ──► REFER ──2xx──► NOTIFY "SIP/2.0 200 OK" ──► TransferProgressed

The owner must accept or refuse while it handles the event; a transfer nobody took is declined (603). One
transfer at a time: a second REFER meanwhile gets 491.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote as percent_decode

import msgspec

from extensions.sip.errors import MalformedMessage
from extensions.sip.events import TransferAsked, TransferProgressed
from extensions.sip.headers import NameAddr, Replaces
from extensions.sip.message import REASONS, Request, Response, respond_to
from extensions.sip.uri import SipUri

if TYPE_CHECKING:
    from extensions.sip.call import Call
    from extensions.sip.core import Core
    from extensions.sip.transaction.base import ServerTransaction

FRAGMENT_TYPE = "message/sipfrag"
# How long a transfer may take before the subscription that REFER makes expires, in seconds.
_LASTS_S = 180
_STATUS_LINE = re.compile(rb"\s*SIP/2\.0 ([1-6]\d\d)")


class ReferTarget(msgspec.Struct, frozen=True):
    """Where a Refer-To points."""

    uri: str
    """Without `?headers`."""
    user: str
    replaces: Replaces | None
    """The call to take the place of: an attended transfer."""

    @classmethod
    def parse(cls, text: str) -> ReferTarget:
        """Parse a Refer-To value.

        Raises:
            MalformedMessage: It is no sip address, or its Replaces is broken.
        """
        uri = NameAddr.parse(text).sip_uri
        replaces = None
        for pair in uri.headers.split("&"):
            name, _, value = pair.partition("=")
            if name.strip().lower() == "replaces":
                replaces = Replaces.parse(percent_decode(value))
        plain = SipUri(uri.scheme, uri.user, uri.host, uri.port, params=uri.params)
        return cls(str(plain), uri.user or "", replaces)


class Transfers:
    """The transfers of one call, asked by the peer or by us."""

    def __init__(self, call: Call, core: Core) -> None:
        self._call = call
        self._core = core
        self._waiting: ServerTransaction | None = None
        self._event: str | None = None
        """The Event value of the transfer that is under way; None when none is or no one wants to know."""
        self._known = 0
        self.busy = False

    # The peer asks

    def asked(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        lines = request.headers.items("refer-to")
        try:
            target = ReferTarget.parse(lines[0]) if len(lines) == 1 else None
        except MalformedMessage:
            target = None
        if target is None:
            self._call.reply(transaction, 400, now)
        elif self.busy:
            self._call.reply(transaction, 491, now)
        else:
            self._waiting = transaction
            self._call.emit(TransferAsked(self._call, target))

    def accept(self, now: float) -> None:
        """Say 202: the transfer is being carried out; `finish` tells what came of it."""
        if self._waiting is None:
            return
        transaction, self._waiting = self._waiting, None
        self.busy = True
        request = transaction.request
        response = respond_to(request, 202, tag=self._call.local_tag)
        response.headers.set("contact", self._core.contact(transaction.flow))
        quiet = (request.headers.get("refer-sub") or "").strip().lower() == "false"
        if quiet:
            response.headers.set("refer-sub", "false")
        transaction.respond(response, now)
        # The first transfer of a dialog may leave its id out; phones that don't know ids like that better.
        self._event = None if quiet else ("refer" if not self._known else f"refer;id={request.cseq.number}")
        self._known += 1
        self._notify(100, now, over=False)

    def refuse(self, status: int, now: float) -> None:
        """Turn the transfer down."""
        if self._waiting is not None:
            transaction, self._waiting = self._waiting, None
            self._call.reply(transaction, status, now)

    def finish(self, status: int, now: float) -> None:
        """Tell what came of an accepted transfer: 200, or the status it failed with."""
        if self.busy:
            self.busy = False
            self._notify(status, now, over=True)

    def _notify(self, status: int, now: float, *, over: bool) -> None:
        dialog = self._call.dialog
        if dialog is None or self._event is None:
            return
        request = dialog.request("NOTIFY")
        request.headers.set("event", self._event)
        state = "terminated;reason=noresource" if over else f"active;expires={_LASTS_S}"
        request.headers.set("subscription-state", state)
        request.headers.set("contact", self._core.contact(dialog.flow))
        request.headers.set("content-type", f"{FRAGMENT_TYPE};version=2.0")
        request.body = f"SIP/2.0 {status} {REASONS.get(status, 'Failed')}\r\n".encode()
        self._call.request_within(request, now)

    # We ask

    def refer(self, target: str, now: float, referred_by: str = "") -> None:
        """Ask the peer to call `target`; TransferProgressed tells how it goes."""
        dialog = self._call.dialog
        if dialog is None:
            return
        request = dialog.request("REFER")
        request.headers.set("refer-to", f"<{target}>")
        request.headers.set("contact", self._core.contact(dialog.flow))
        if referred_by:
            request.headers.set("referred-by", f"<{referred_by}>")
        self._call.request_within(request, now)

    def answered(self, response: Response) -> None:
        """Our REFER was answered."""
        if response.status >= 300:
            self._call.emit(TransferProgressed(self._call, response.status, over=True))

    def notified(self, transaction: ServerTransaction, request: Request, now: float) -> None:
        event = (request.headers.get("event") or "").partition(";")[0].strip().lower()
        if event != "refer":
            self._call.reply(transaction, 489, now)
            return
        self._call.reply(transaction, 200, now)
        match = _STATUS_LINE.match(request.body)
        if match is not None:
            status = int(match[1])
            state = (request.headers.get("subscription-state") or "").lower()
            over = status >= 200 or state.startswith("terminated")
            self._call.emit(TransferProgressed(self._call, status, over=over))
