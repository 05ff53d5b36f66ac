"""Keeps us registered at a registrar (RFC 3261 §10.2): a client, as a phone is.

Theory of operation
-------------------
`start` sends REGISTER; a challenge is answered, a 423 obeyed, and the timer "refresh" repeats the whole at
half of the granted time. A failure is told and tried again after `RETRY_S`. `stop` removes the binding.
"""

from __future__ import annotations

from extensions.sip.client_auth import ClientAuth
from extensions.sip.compose import contact_uri, new_call_id, new_request, new_tag
from extensions.sip.core import Core
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import RegistrationChanged
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr
from extensions.sip.message import Response
from extensions.sip.params import param
from extensions.sip.timers import Timer
from extensions.sip.transaction.base import ClientTransaction, Failure
from extensions.sip.uri import SipUri

# After a failure, in seconds: soon enough after a restart of the registrar, no load on one that refuses.
RETRY_S = 30.0
# Answers to challenges and 423s in a row before it counts as a failure.
_MOST_ATTEMPTS = 4


class Registration:
    """One address of record, registered from one flow.

    Args:
        core: The agent.
        flow: How the registrar is reached.
        aor: Our address of record, such as `sip:101@box.lan`.
        auth: Our credentials.
        expires_s: The time we ask for, in seconds.
        contact_user: The user part of the Contact; the agent's own when empty.
    """

    def __init__(
        self, core: Core, flow: Flow, aor: str, auth: ClientAuth, expires_s: int, contact_user: str = ""
    ) -> None:
        self._contact = f"<{contact_uri(contact_user, flow)}>" if contact_user else core.contact(flow)
        self.armed: dict[str, Timer] = {}
        self.registered = False
        self._core = core
        self._flow = flow
        self._aor = NameAddr(aor)
        self._auth = auth
        self._expires_s = expires_s
        self._call_id = new_call_id()
        self._tag = new_tag()
        self._number = 0
        self._attempts = 0
        self._stopping = False

    def start(self, now: float) -> None:
        self._attempts = 0
        self._send(self._expires_s, now)

    def stop(self, now: float) -> None:
        """Remove the binding; RegistrationChanged tells when that is done."""
        self._stopping = True
        self._core.timers.disarm_all(self)
        self._attempts = 0
        self._send(0, now)

    def abandon(self) -> None:
        """Let go without a word: the registrar is not to be reached."""
        self._stopping = True
        self.registered = False
        self._core.timers.disarm_all(self)

    def on_timer(self, name: str, now: float) -> None:
        self.start(now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if response.status < 200:
            return
        if response.status < 300:
            self.registered = not self._stopping
            if self.registered:
                self._core.timers.arm(self, "refresh", now + self._granted(response) / 2)
            self._tell(f"{response.status} {response.reason}")
            return
        again = self._attempts < _MOST_ATTEMPTS and (
            self._auth.take(response, transaction.request) or self._lengthen(response)
        )
        if again:
            self._send(0 if self._stopping else self._expires_s, now)
        else:
            self._failed(f"{response.status} {response.reason}", now)

    def on_failure(self, transaction: ClientTransaction, failure: Failure, now: float) -> None:
        self._failed("no answer" if failure is Failure.TIMEOUT else "connection lost", now)

    def _send(self, expires_s: int, now: float) -> None:
        self._attempts += 1
        self._number += 1
        uri = self._aor.sip_uri
        registrar = str(SipUri(uri.scheme, None, uri.host, uri.port))
        request = new_request(
            "REGISTER", registrar, self._flow,
            from_=self._aor.tagged(self._tag), to=self._aor, call_id=self._call_id, cseq=self._number,
        )  # fmt: skip
        request.headers.set("contact", self._contact)
        request.headers.set("expires", str(expires_s))
        self._auth.sign(request)
        self._core.transactions.request(request, self._flow, self, now)

    def _granted(self, response: Response) -> int:
        """Return the seconds our contact got; what we asked for when the registrar doesn't say."""
        ours = self._contact.strip("<>")
        try:
            for contact in response.contacts():
                text = param(contact.params, "expires") or ""
                if contact.uri == ours and text.isascii() and text.isdigit():
                    return max(2, min(int(text), self._expires_s))
        except MalformedMessage:
            return self._expires_s
        return self._expires_s

    def _lengthen(self, response: Response) -> bool:
        """Obey 423 Interval Too Brief."""
        text = response.headers.get("min-expires") or ""
        if response.status != 423 or not (text.isascii() and text.isdigit() and len(text) < 8):
            return False
        longer = int(text) > self._expires_s
        self._expires_s = max(int(text), self._expires_s)
        return longer

    def _failed(self, detail: str, now: float) -> None:
        self.registered = False
        if not self._stopping:
            self._core.timers.arm(self, "refresh", now + RETRY_S)
        self._tell(detail)

    def _tell(self, detail: str) -> None:
        self._core.emit(RegistrationChanged(self, self.registered, detail))
