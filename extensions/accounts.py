"""Who may register as a phone: the contract that the settings store fulfils.

A person (an extension) may have several devices, each with an account and a secret of its own, so that one
that is lost can be shut out alone. The first device's user name is usually the extension's number.
"""

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
    """One device's account."""

    extension: str
    """Whose device it is."""
    name: str
    """Of the person."""
    secret: str
    algorithm: Algorithm = Algorithm.MD5
    username: str = ""
    """What the device calls itself; the extension's number when empty."""
    srtp: bool = False
    """Only encrypted audio: the device must speak SIP over TLS, through which the keys travel."""

    @property
    def user(self) -> str:
        return self.username or self.extension

    def __repr__(self) -> str:
        return f"Account({self.extension!r}, {self.name!r}, secret=…, {self.algorithm}, {self.username!r})"


class AccountSource(Protocol):
    """Where accounts come from; asked at every request, so that changes apply at once."""

    def find(self, username: str) -> Account | None: ...
    def all(self) -> Iterable[Account]: ...
    def extension_of(self, user: str) -> str | None:
        """Return whom a user part means: an extension's number, or a device's user name."""

    def name_of(self, extension: str) -> str | None:
        """Return the name of whoever has an extension; None when nobody has."""


class Accounts:
    """Accounts by user name; doesn't change.

    Args:
        accounts: All of them. Of two with one user name the first counts.
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._accounts: dict[str, Account] = {}
        self._names: dict[str, str] = {}
        for account in accounts:
            self._accounts.setdefault(account.user, account)
            self._names.setdefault(account.extension, account.name)

    def find(self, username: str) -> Account | None:
        return self._accounts.get(username)

    def all(self) -> Iterable[Account]:
        return list(self._accounts.values())

    def extension_of(self, user: str) -> str | None:
        if user in self._names:
            return user
        account = self._accounts.get(user)
        return None if account is None else account.extension

    def name_of(self, extension: str) -> str | None:
        return self._names.get(extension)
