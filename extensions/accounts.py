"""Who may register as a phone: the contract that the settings store fulfils."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Protocol

import msgspec

# The digest realm of this box. It is hashed into stored credentials of some phones: never change it.
REALM = "zongji"


class Algorithm(enum.StrEnum):
    """The digest a phone is challenged with. Some phones abort at the sight of SHA-256 (baresip 1.0)."""

    MD5 = "MD5"
    SHA256 = "SHA-256"


class Account(msgspec.Struct, frozen=True):
    """One phone account: the extension is the user name."""

    extension: str
    name: str
    secret: str
    algorithm: Algorithm = Algorithm.MD5

    def __repr__(self) -> str:
        return f"Account({self.extension!r}, {self.name!r}, secret=…, {self.algorithm})"


class AccountSource(Protocol):
    """Where accounts come from; asked at every request, so that changes apply at once."""

    def find(self, username: str) -> Account | None: ...
    def all(self) -> Iterable[Account]: ...


class FixedAccounts:
    """Accounts that don't change: for tests, benches and the demo."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._accounts = {account.extension: account for account in accounts}

    def find(self, username: str) -> Account | None:
        return self._accounts.get(username)

    def all(self) -> Iterable[Account]:
        return list(self._accounts.values())
