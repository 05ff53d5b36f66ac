"""The settings as the SIP side sees them: one account a device, the first of each person by its number."""

from __future__ import annotations

from collections.abc import Iterable

from extensions.accounts import Account, Accounts, Algorithm
from firmware.settings.document import Settings
from firmware.settings.store import SettingsStore


class SettingsAccounts:
    """An `extensions.accounts.AccountSource` over the settings in force at the moment of asking.

    Args:
        settings: Opened.
    """

    def __init__(self, settings: SettingsStore) -> None:
        self._settings = settings
        self._of: Settings | None = None
        self._accounts = Accounts([])

    def find(self, username: str) -> Account | None:
        return self._now().find(username)

    def all(self) -> Iterable[Account]:
        return self._now().all()

    def extension_of(self, user: str) -> str | None:
        return self._now().extension_of(user)

    def name_of(self, extension: str) -> str | None:
        return self._now().name_of(extension)

    def _now(self) -> Accounts:
        settings = self._settings.current
        if settings is not self._of:
            self._accounts, self._of = Accounts(accounts_of(settings)), settings
        return self._accounts


def accounts_of(settings: Settings) -> Iterable[Account]:
    """Return every device's account: people's first ones, then the others."""
    devices = {device.account: device for device in settings.devices}
    names = {}
    for person in settings.extensions:
        names[person.number] = person.name
        first = devices.get(person.number)
        yield Account(
            person.number,
            person.name,
            person.secret,
            Algorithm(person.algorithm),
            srtp=first is not None and first.srtp,
        )
    for device in settings.devices:
        if device.account != device.extension:
            yield Account(
                device.extension,
                names.get(device.extension, ""),
                device.secret,
                Algorithm(device.algorithm),
                device.account,
                device.srtp,
            )
