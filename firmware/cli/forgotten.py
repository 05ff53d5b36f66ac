"""`zongji forgotten`: let the owner who forgot the pages' password choose another one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from firmware.cli.options import existing_state, language_option, state_option
from firmware.control.access import AllowPasswordReset, PasswordResetReply
from firmware.control.client import ControlClient

_SAID = {
    "en": "For {minutes} minutes, the page “Forgotten your password?” asks for a new one.",
    "zh": "{minutes} 分钟内，网页“忘记密码？”会要求设置新密码。",
}


@click.command()
@state_option
@language_option
def forgotten(state: Path, language: str) -> None:
    """Let the pages' owner choose a new password, for some minutes."""

    async def allow() -> PasswordResetReply:
        async with ControlClient(existing_state(state).control_socket) as switch:
            return await switch.ask(AllowPasswordReset(), PasswordResetReply)

    reply = asyncio.run(allow())
    click.echo(_SAID[language].format(minutes=reply.seconds // 60 + 1))
