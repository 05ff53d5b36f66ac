"""Lets phones in: digest authentication of requests outside dialogs, and bans on guessing. Sans-IO.

banned? ── yes ───────────────────────────────────► 503 with Retry-After
    ▼
credentials? ── none ─────────────────────────────► 401 with a fresh nonce
    │  wrong secret, unknown user ── counted ─────► 401; too many: a ban (`bans.py`)
    │  right, but nonce old or used ──────────────► 401 stale=true (the phone just tries again)
    ▼
From names the same user? ── no ──────────────────► 403
    ▼
encrypted audio only, without TLS? ── yes ────────► 403
    ▼
the account's user name
"""

from __future__ import annotations

import logging
import math
from collections import Counter, OrderedDict

from extensions.accounts import REALM, AccountSource, Algorithm
from extensions.bans import Bans
from extensions.sip.compose import new_tag, stable_tag
from extensions.sip.digest import Challenge, Credentials, NonceBook, NonceVerdict
from extensions.sip.errors import MalformedMessage
from extensions.sip.flow import TLS, Flow
from extensions.sip.message import Request, Response, respond_to

logger = logging.getLogger(__name__)

# Hosts from which each account has authenticated lately: they are spared when the account is attacked from
# elsewhere.
_REMEMBERED = 10_000


class Gate:
    """Admits requests of phones.

    Args:
        accounts: Who there is.
        counters: Where `auth_failed` and `auth_braked` are counted.
        bans: Who may not even try.
    """

    def __init__(self, accounts: AccountSource, counters: Counter[str], bans: Bans | None = None) -> None:
        self._accounts = accounts
        self._counters = counters
        self._nonces = NonceBook()
        self.bans = bans or Bans()
        self._good: OrderedDict[tuple[str, str], None] = OrderedDict()

    def admit(self, request: Request, flow: Flow, now: float) -> Response | str:
        """Return the account that sent a request, or the response that challenges or refuses it."""
        claimed = _user_of(request)
        wait = 0.0 if (flow.host, claimed) in self._good else self.bans.retry_after(flow.host, claimed, now)
        if wait:
            self._counters["auth_braked"] += 1
            braked = respond_to(request, 503, tag=new_tag())
            braked.headers.set("retry-after", str(math.ceil(wait)))
            return braked
        credentials = self._credentials_of(request)
        if credentials is None:
            return self._challenge(request, claimed, now)
        account = self._accounts.find(credentials.username)
        algorithm = Algorithm.MD5 if account is None else account.algorithm
        if credentials.algorithm != algorithm:
            return self._challenge(request, claimed, now)
        # An unknown user costs the same work as a wrong secret, and looks the same from outside.
        knows = credentials.verify(account.secret if account is not None else "", request.method)
        if account is None or not knows:
            self._failed(flow, credentials.username, claimed, now)
            return self._challenge(request, claimed, now)
        verdict = self._nonces.check(credentials.nonce, now)
        if verdict is NonceVerdict.FRESH:
            verdict = self._nonces.use(credentials.nonce, credentials.nc)
        if verdict is not NonceVerdict.FRESH:
            return self._challenge(request, claimed, now, stale=True)
        if claimed != account.user:
            self._counters["auth_failed"] += 1
            return respond_to(request, 403, tag=new_tag())
        if account.srtp and flow.transport != TLS:
            # Its keys would travel in the clear.
            self._counters["auth_failed"] += 1
            return respond_to(request, 403, "TLS Required", tag=new_tag())
        self._good[flow.host, claimed] = None
        if len(self._good) > _REMEMBERED:
            self._good.popitem(last=False)
        return account.user

    def _credentials_of(self, request: Request) -> Credentials | None:
        for line in request.headers.lines("authorization"):
            try:
                credentials = Credentials.parse(line)
            except MalformedMessage:
                continue
            if credentials.realm == REALM:
                return credentials
        return None

    def _failed(self, flow: Flow, username: str, claimed: str, now: float) -> None:
        self._counters["auth_failed"] += 1
        self._good.pop((flow.host, claimed), None)
        self.bans.failed(flow.host, claimed, now)
        logger.warning("%s failed to authenticate as %r", flow, username[:40])

    def _challenge(self, request: Request, claimed: str, now: float, *, stale: bool = False) -> Response:
        account = self._accounts.find(claimed)
        algorithm = Algorithm.MD5 if account is None else account.algorithm
        challenge = Challenge(REALM, self._nonces.issue(now), algorithm, stale=stale)
        response = respond_to(request, 401, tag=stable_tag(request))
        response.headers.set("www-authenticate", str(challenge))
        return response


def _user_of(request: Request) -> str:
    """Return the user a request speaks for: To's in REGISTER, From's otherwise; `""` when unreadable."""
    try:
        address = request.to if request.method == "REGISTER" else request.from_
        return address.sip_uri.user or ""
    except MalformedMessage:
        return ""
