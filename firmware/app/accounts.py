"""The settings as the SIP side sees them: each extension is one account."""

from __future__ import annotations

from collections.abc import Iterable

from extensions.accounts import Account, Algorithm
from firmware.settings.people import Extension
from firmware.settings.store import SettingsStore


class SettingsAccounts:
    """An `extensions.accounts.AccountSource` over the settings in force at the moment of asking.

    Args:
        settings: Opened.
    """

    def __init__(self, settings: SettingsStore) -> None:
        self._settings = settings

    def find(self, username: str) -> Account | None:
        extension = self._settings.current.extension(username)
        return None if extension is None else _account(extension)

    def all(self) -> Iterable[Account]:
        return [_account(extension) for extension in self._settings.current.extensions]


def _account(extension: Extension) -> Account:
    return Account(extension.number, extension.name, extension.secret, Algorithm(extension.algorithm))
