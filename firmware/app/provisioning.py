"""Phones that set themselves up: the desk behind its small web server, led by the section `devices`."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import logging
import ssl
from collections import OrderedDict
from contextlib import AsyncExitStack

from extensions.certificates import Certificates
from extensions.feature_codes import CodeBook, Feature
from extensions.provisioning.desk import Invitation, ProvisioningDesk
from extensions.provisioning.device import Configuration, Device, Make, mac_of
from extensions.provisioning.http import ProvisioningServer
from extensions.provisioning.tickets import MOST, TicketState
from firmware.app.accounts import accounts_of
from firmware.app.addresses import own_host, with_port
from firmware.app.api import phones as api
from firmware.app.parts import Parts
from firmware.core.errors import UserError
from firmware.core.trace.phones import Phones as Words
from firmware.settings.document import Settings
from firmware.settings.sip import Device as Registering

logger = logging.getLogger(__name__)

# How softphones that have no MAC address are told apart: a locally administered one made of the account.
_INVENTED = "02"


class Provisioning:
    """Which device may fetch what.

    Args:
        parts: Of the switch.
        certificates: The box's.
    """

    def __init__(self, parts: Parts, certificates: Certificates) -> None:
        self.running = False
        """Whether phones can reach it."""
        self.certificates = certificates
        self.port = self.tls_port = 0
        """Where it listens; 0 where it doesn't."""
        self.desk = ProvisioningDesk(self._device_of, self._configure, self._authority)
        self._parts = parts
        self._invited: OrderedDict[str, Device] = OrderedDict()
        """Devices by MAC address that were invited without being in the settings."""

    def invite(self, account: str, make: str, host: str) -> Invitation:
        """Let an account's device fetch its configuration once.

        Args:
            account: Its user name.
            make: For a device that isn't in the settings.
            host: How it will reach the box; "" for the box's own address.

        Raises:
            UserError: There is no such account, or nothing can be fetched now.
        """
        if not self.running:
            raise UserError(
                "Phones can't fetch their configuration: sip.provisioning is off, or its port is taken. "
                "Switch it on, or choose another sip.provisioning_port, and start the switch anew. / "
                "话机无法获取配置：自动配置已关闭或端口被占用。请启用 sip.provisioning 或更换 "
                "sip.provisioning_port，然后重启交换机。"
            )
        device = self._known(account) or self._made_up(account, make)
        base = f"http://{with_port(host or own_host(self._parts.profile), self.port)}"
        return self.desk.issue(device, base, asyncio.get_running_loop().time())

    def invited(self, account: str) -> TicketState | None:
        """Return how an account's invitation is; None when it has none that holds."""
        device = self._known(account)
        mac = _invented(account) if device is None else device.mac
        return self.desk.state(mac, asyncio.get_running_loop().time())

    def follow(self, before: Settings, after: Settings) -> None:
        """Void the invitations of accounts that are gone: a namesake is another person."""
        left = {one.user for one in accounts_of(after)}
        for account in {one.user for one in accounts_of(before)} - left:
            self.desk.revoke(_invented(account))
        for device in before.devices:
            if device.account not in left:
                self.desk.revoke(_mac_of(device))

    def secured(self, url: str) -> str:
        """Return an invitation's address over HTTPS; "" without TLS."""
        if not self.tls_port:
            return ""
        base, slashes, path = url.rpartition("/p/")
        return f"https{base.removeprefix('http').rpartition(':')[0]}:{self.tls_port}{slashes}{path}"

    def withdraw(self, account: str) -> None:
        """Void an account's invitation.

        Raises:
            UserError: There is no such account.
        """
        self.desk.revoke((self._known(account) or self._made_up(account, "")).mac)

    def _known(self, account: str) -> Device | None:
        """Return the device the settings name for an account."""
        for device in self._parts.settings.current.devices:
            if device.account == account and device.make:
                return Device(_mac_of(device), Make(device.make), device.extension, account)
        return None

    def _made_up(self, account: str, make: str) -> Device:
        found = self._parts.phones.accounts.find(account)
        if found is None:
            raise UserError(f"There is no phone account {account[:40]}. / 没有话机账号 {account[:40]}。")
        try:
            wanted = Make(make or Make.LINPHONE)
        except ValueError:
            raise UserError(
                f"{make[:40]} is no make; choose one of {', '.join(Make)}. / "
                f"没有品牌 {make[:40]}；可选：{'、'.join(Make)}。"
            ) from None
        if wanted.has_mac:
            raise UserError(
                f"A {wanted} phone is known by its MAC address: add it under devices first, then invite "
                "it. / "
                f"{wanted} 话机按 MAC 地址识别：请先在话机列表中添加，再发出邀请。"
            )
        device = Device(_invented(account), wanted, found.extension, account)
        self._invited[device.mac] = device
        self._invited.move_to_end(device.mac)
        if len(self._invited) > MOST:
            self._invited.popitem(last=False)
        return device

    def _device_of(self, mac: str) -> Device | None:
        for device in self._parts.settings.current.devices:
            if device.make and mac == _mac_of(device):
                return Device(mac, Make(device.make), device.extension, device.account)
        return self._invited.get(mac)

    def _configure(self, device: Device, host: str) -> Configuration | None:
        current, phones = self._parts.settings.current, self._parts.phones
        account = next((one for one in accounts_of(current) if one.user == device.account), None)
        if account is None:
            return None
        lamps = next((one.lamps for one in current.devices if one.account == device.account), ())
        codes = CodeBook(current.features.codes).codes
        named = [(number, phones.accounts.name_of(number)) for number in lamps]
        return Configuration(
            extension=account.extension,
            user=account.user,
            name=account.name,
            secret=account.secret,
            host=host or own_host(self._parts.profile),
            port=phones.tls_port if account.srtp else phones.port,
            transport="tls" if account.srtp else "udp",
            srtp=account.srtp,
            web_port=self.port,
            language=current.office.language,
            utc_offset_minutes=_utc_offset_minutes(),
            lamps=tuple((number, name) for number, name in named if name is not None),
            pickup_code=codes.get(Feature.PICKUP, ""),
            messages_code=codes.get(Feature.MESSAGES, ""),
        )

    def _authority(self) -> bytes | None:
        try:
            return self.certificates.authority.read_bytes()
        except OSError:
            return None


async def start(parts: Parts, certificates: Certificates, running: AsyncExitStack) -> None:
    """Serve phones their configurations; a port that is taken is told, and calls go on without."""
    current = parts.settings.current.sip
    provisioning = Provisioning(parts, certificates)
    api.answer(parts, provisioning)
    running.callback(parts.settings.subscribe(provisioning.follow))
    if not current.provisioning:
        return
    provisioning.port = await _serve(parts, provisioning, current.provisioning_port, None, running)
    provisioning.running = bool(provisioning.port)
    if current.tls and provisioning.running:
        context = certificates.server_context()
        provisioning.tls_port = await _serve(
            parts, provisioning, current.provisioning_tls_port, context, running
        )


async def _serve(
    parts: Parts,
    provisioning: Provisioning,
    port: int,
    context: ssl.SSLContext | None,
    running: AsyncExitStack,
) -> int:
    """Serve at a port; return it, or 0 when it is taken."""
    host, acl = parts.profile.sip.host, parts.phones.acl
    server = ProvisioningServer(provisioning.desk, host, port, acl=acl, tls=context)
    try:
        await server.start()
    except OSError as error:
        logger.warning("%s", Words.NO_PROVISIONING(port=port, why=error.strerror or str(error)))
        return 0
    running.push_async_callback(server.stop)
    return server.port


def _mac_of(device: Registering) -> str:
    """Return a device's MAC address, or one made up for a softphone, which has none."""
    return mac_of(device.mac) if device.mac else _invented(device.account)


def _utc_offset_minutes() -> int:
    """Return how far the office's clock, by which the switch lives, is ahead of UTC."""
    offset = datetime.datetime.now().astimezone().utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)


def _invented(account: str) -> str:
    return _INVENTED + hashlib.sha256(account.encode()).hexdigest()[:10]
