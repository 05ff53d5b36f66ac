"""Answers about phones' devices, their set-up, and who is kept out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.app.addresses import own_host, with_port
from firmware.app.parts import Parts
from firmware.control.base import BaseReply
from firmware.control.phones import (
    AuthorityReply,
    BanNow,
    BansReply,
    DeviceNow,
    DevicesReply,
    DoneReply,
    GetAuthority,
    InvitationNow,
    InvitationReply,
    InviteDevice,
    LiftBans,
    ListBans,
    ListDevices,
    SecretReply,
    ShowSecret,
    WithdrawInvitation,
)
from firmware.core.errors import UserError

if TYPE_CHECKING:
    from extensions.provisioning.tickets import TicketState
    from firmware.app.provisioning import Provisioning

_SECONDS_PER_HOUR = 3600


def answer(parts: Parts, provisioning: Provisioning) -> None:
    """Answer the requests of `firmware.control.phones`."""

    async def invite(request: InviteDevice) -> BaseReply:
        invitation = provisioning.invite(request.account, request.make, request.host)
        return InvitationReply(
            make=invitation.make,
            url=invitation.url,
            qr=invitation.qr,
            secure_url=provisioning.secured(invitation.url),
            valid_hours=invitation.valid_s / _SECONDS_PER_HOUR,
        )

    async def withdraw(request: WithdrawInvitation) -> BaseReply:
        provisioning.withdraw(request.account)
        return DoneReply()

    async def authority(_: GetAuthority) -> BaseReply:
        try:
            pem = await asyncio.to_thread(provisioning.certificates.authority.read_text)
        except OSError:
            raise UserError(
                "The box has no certificate authority yet; start the switch anew. / "
                "本机尚无证书颁发机构；请重启交换机。"
            ) from None
        return AuthorityReply(pem=pem, fingerprint=provisioning.certificates.fingerprint())

    async def bans(_: ListBans) -> BaseReply:
        now = asyncio.get_running_loop().time()
        return BansReply(bans=[_ban(key, left) for key, left in parts.phones.bans.current(now)])

    async def lift(request: LiftBans) -> BaseReply:
        parts.phones.bans.forgive(request.host)
        return DoneReply()

    async def secret(request: ShowSecret) -> BaseReply:
        found = parts.phones.accounts.find(request.account)
        if found is None:
            raise UserError(
                f"There is no phone account {request.account[:40]}. / 没有话机账号 {request.account[:40]}。"
            )
        return SecretReply(secret=found.secret)

    async def devices(request: ListDevices) -> BaseReply:
        host = request.host or own_host(parts.profile)
        return DevicesReply(
            devices=_devices(parts, provisioning, host),
            provisioning=provisioning.running,
            tls_port=parts.phones.tls_port,
        )

    parts.answers.on(ListDevices, devices)
    parts.answers.on(ShowSecret, secret)
    parts.answers.on(InviteDevice, invite)
    parts.answers.on(WithdrawInvitation, withdraw)
    parts.answers.on(GetAuthority, authority)
    parts.answers.on(ListBans, bans)
    parts.answers.on(LiftBans, lift)


def _devices(parts: Parts, provisioning: Provisioning, host: str) -> list[DeviceNow]:
    known = {device.account: device for device in parts.settings.current.devices}
    registrations = parts.phones.registrations()
    found = []
    for account in parts.phones.accounts.all():
        device = known.get(account.user)
        mine = [one for one in registrations if one.account == account.user]
        found.append(
            DeviceNow(
                extension=account.extension,
                name=account.name,
                account=account.user,
                label="" if device is None else device.label,
                make="" if device is None else device.make,
                mac="" if device is None else device.mac,
                srtp=account.srtp,
                server=with_port(host, parts.phones.tls_port if account.srtp else parts.phones.port),
                contacts=[f"{one.address} {one.transport}" for one in mine],
                user_agents=[one.user_agent for one in mine],
                invitation=_invitation(provisioning.invited(account.user)),
            )
        )
    return found


def _invitation(state: TicketState | None) -> InvitationNow | None:
    if state is None:
        return None
    fetched = None if state.used_s_ago is None else round(state.used_s_ago)
    return InvitationNow(serial=state.serial, seconds_left=round(state.seconds_left), fetched_s_ago=fetched)


def _ban(key: tuple[str, ...], seconds_left: float) -> BanNow:
    match key:
        case ("user", host, account):
            return BanNow(host, account, round(seconds_left))
        case ("host", host):
            return BanNow(host, "", round(seconds_left))
        case _:
            return BanNow("", key[-1], round(seconds_left))
