"""`zongji devices` and `zongji invite`: people's phones, and letting one set itself up."""

from __future__ import annotations

from pathlib import Path

import click

from extensions.provisioning.device import Make
from firmware.cli.options import existing_state, language_option, state_option
from firmware.cli.tables import table
from firmware.control.client import BlockingClient
from firmware.control.phones import DevicesReply, InvitationReply, InviteDevice, ListDevices

_HEADINGS = {
    "en": ("Extension", "Name", "Account", "What", "Encrypted", "Registered"),
    "zh": ("分机", "姓名", "账号", "说明", "加密", "注册"),
}
_YES = {"en": "yes", "zh": "是"}
_NO = {"en": "no", "zh": "否"}
_INVITED_DESK_PHONE = {
    "en": "Enter in the phone, as the folder of its configuration:  {url}",
    "zh": "在话机中填写自动配置目录：  {url}",
}
_INVITED_SOFTPHONE = {
    "en": "For the phone, as QR code or typed:  {qr}",
    "zh": "二维码内容，或手动输入：  {qr}",
}
_GOOD_FOR = {
    "en": "Good for {hours:g} hours; the password is given out once.",
    "zh": "{hours:g} 小时内有效；密码只发放一次。",
}
_SECURED = {"en": "Or over HTTPS:  {url}", "zh": "或 HTTPS 地址：  {url}"}


@click.command()
@state_option
@language_option
def devices(state: Path, language: str) -> None:
    """Every phone account: whose it is, what it is, where it is registered."""
    client = BlockingClient(existing_state(state).control_socket)
    found = client.ask(ListDevices(), DevicesReply).devices
    rows = [
        [
            one.extension,
            one.name,
            one.account,
            " ".join(filter(None, (one.label, one.make, one.mac))),
            (_YES if one.srtp else _NO)[language],
            ", ".join(one.contacts) or _NO[language],
        ]
        for one in found
    ]
    click.echo(table(list(_HEADINGS[language]), rows))


@click.command()
@click.argument("account")
@click.option("--make", default="", help="linphone or generic, for a phone that isn't under devices.")
@click.option("--host", default="", help="How the phone reaches the box; the box's own address else.")
@state_option
@language_option
def invite(account: str, make: str, host: str, state: Path, language: str) -> None:
    """Let the phone of ACCOUNT fetch its configuration, with its password, once."""
    client = BlockingClient(existing_state(state).control_socket)
    reply = client.ask(InviteDevice(account=account, make=make, host=host), InvitationReply)
    if Make(reply.make).has_mac:
        click.echo(_INVITED_DESK_PHONE[language].format(url=reply.url))
        if reply.secure_url:
            click.echo(_SECURED[language].format(url=reply.secure_url))
    else:
        click.echo(_INVITED_SOFTPHONE[language].format(qr=reply.qr))
    click.echo(_GOOD_FOR[language].format(hours=reply.valid_hours))
