"""What no single field of the SIP sections can say."""

from __future__ import annotations

import ipaddress

from extensions.provisioning.device import Make, mac_of
from firmware.core.errors import UserError
from firmware.settings.document import Settings

_PORTS = 65_536


def check_sip(settings: Settings) -> None:
    """Check the sections `sip`, `devices` and `providers`.

    Raises:
        UserError: Two fields contradict each other; the text names one and the remedy.
    """
    for text in filter(None, settings.sip.never_banned.split(",")):
        try:
            ipaddress.ip_network(text)
        except ValueError:
            raise _refusal(
                "sip.never_banned", f"{text} is no network", "Write it as 192.168.1.0/24"
            ) from None
    numbers = {extension.number for extension in settings.extensions}
    _check_devices(settings, numbers)
    seen = set()
    for index, provider in enumerate(settings.providers):
        where = f"providers[{index}]"
        if provider.name in seen:
            raise _refusal(f"{where}.name", f"{provider.name} is taken", "Give one of them another name")
        seen.add(provider.name)
        for server in provider.servers:
            port = server.partition(";")[0].partition(":")[2]
            if port and not 0 < int(port) < _PORTS:
                raise _refusal(f"{where}.servers", f"{port} is no port", "Use 1 to 65535")


def _check_devices(settings: Settings, numbers: set[str]) -> None:
    accounts, macs = set(), set()
    for index, device in enumerate(settings.devices):
        where = f"devices[{index}]"
        if device.extension not in numbers:
            raise _refusal(
                f"{where}.extension", f"there is no extension {device.extension}", "Name an existing one"
            )
        if device.account in accounts or (device.account in numbers and device.account != device.extension):
            raise _refusal(f"{where}.account", f"{device.account} is taken", "Give the device another one")
        accounts.add(device.account)
        if device.mac:
            mac = mac_of(device.mac)
            if mac in macs:
                raise _refusal(
                    f"{where}.mac", f"{device.mac} is another device's", "Look at the phone's label"
                )
            macs.add(mac)
        if device.make and not device.mac and Make(device.make).has_mac:
            raise _refusal(f"{where}.mac", "missing", f"A {device.make} phone is known by its MAC address")
        if device.srtp and not settings.sip.tls:
            raise _refusal(
                f"{where}.srtp", "encrypted audio needs SIP over TLS", "Switch sip.tls on first, or srtp off"
            )


def _refusal(where: str, what: str, remedy: str) -> UserError:
    return UserError(f"Setting {where}: {what}. {remedy}. Nothing was changed.")
