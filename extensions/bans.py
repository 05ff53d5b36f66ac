"""Who may not even try: bans that grow with each repetition, and the hosts that are never banned.

Theory of operation
-------------------
Failures are counted per key: a host, an account from one host, or an account from anywhere. Too many within
`WINDOW_S` ban the key for `FIRST_BAN_S`; every further ban of it within a day lasts four times as long, up to
`LONGEST_BAN_S`. A ban is told once, as an alarm. Allowed networks are counted and alarmed, never banned:
a phone with an old secret on the office's own LAN must not lock out the desk next to it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

import msgspec

from extensions.sip.acl import Acl

# Within this many seconds …
WINDOW_S = 60.0
# … so many failures of one account from one host, of one host under any names, or of one account from
# anywhere. A person who mistypes tries a few times; a phone with an old secret some times a minute.
MOST_PER_USER = 10
MOST_PER_HOST = 50
MOST_PER_ACCOUNT = 100
FIRST_BAN_S = 60.0
LONGEST_BAN_S = 86_400.0
_GROWTH = 4
# A key without failures for so long starts anew, in seconds.
_FORGIVEN_AFTER_S = 86_400.0
# Keys remembered; the oldest are forgotten first, so that a flood of addresses costs no memory.
_REMEMBERED = 10_000

Key = tuple[str, ...]


class Ban(msgspec.Struct, frozen=True):
    """An alarm: somebody is kept out."""

    host: str | None
    """None when an account is attacked from many hosts."""
    account: str | None
    """None when a host tried many names."""
    seconds: float
    failures: int


class _Record:
    __slots__ = ("bans", "began", "failures", "last", "until")

    def __init__(self, now: float) -> None:
        self.began = self.last = now
        self.failures = 0
        self.bans = 0
        self.until = 0.0


class Bans:
    """The failures of everybody, and what follows from them.

    Args:
        on_ban: Told each ban as it begins; must not raise.
        allowed: Networks that are never banned, in CIDR notation.
    """

    def __init__(self, on_ban: Callable[[Ban], None] | None = None, allowed: Iterable[str] = ()) -> None:
        self.on_ban = on_ban
        self._allowed = Acl(allowed)
        self._records: OrderedDict[Key, _Record] = OrderedDict()

    def allow(self, networks: Iterable[str]) -> None:
        """Replace the allow list.

        Raises:
            ValueError: One is no network.
        """
        self._allowed = Acl(networks)

    def retry_after(self, host: str, account: str, now: float) -> float:
        """Return for how many seconds a request is still banned; 0 when it isn't."""
        if self._allowed.allows(host):
            return 0.0
        until = 0.0
        for key in _keys(host, account):
            record = self._records.get(key)
            if record is not None:
                until = max(until, record.until)
        return max(0.0, until - now)

    def failed(self, host: str, account: str, now: float) -> None:
        """Somebody at `host` gave a wrong secret for `account`."""
        user, whole_host, everywhere = _keys(host, account)
        self._count(user, MOST_PER_USER, host, account, now)
        self._count(whole_host, MOST_PER_HOST, host, None, now)
        self._count(everywhere, MOST_PER_ACCOUNT, None, account, now)

    def forgive(self, host: str) -> None:
        """Lift every ban of a host: an administrator's act."""
        for key in [key for key in self._records if key[:2] in (("user", host), ("host", host))]:
            del self._records[key]

    def current(self, now: float) -> list[tuple[Key, float]]:
        """Return the bans in force with the seconds left, for a status page."""
        return [(key, one.until - now) for key, one in self._records.items() if one.until > now]

    def _count(self, key: Key, most: int, host: str | None, account: str | None, now: float) -> None:
        record = self._records.pop(key, None)
        if record is None or now - record.last > _FORGIVEN_AFTER_S:
            record = _Record(now)
        self._records[key] = record
        if len(self._records) > _REMEMBERED:
            self._records.popitem(last=False)
        if now - record.began >= WINDOW_S:
            record.began, record.failures = now, 0
        record.last = now
        record.failures += 1
        if record.failures < most or record.until > now:
            return
        seconds = min(FIRST_BAN_S * _GROWTH**record.bans, LONGEST_BAN_S)
        record.bans += 1
        record.until = now + seconds
        failures, record.failures = record.failures, 0
        allowed = host is not None and self._allowed.allows(host)
        if self.on_ban is not None:
            self.on_ban(Ban(host, account, 0.0 if allowed else seconds, failures))


def _keys(host: str, account: str) -> tuple[Key, Key, Key]:
    return ("user", host, account), ("host", host), ("account", account)
