"""The clock, passwords, the shell, and how to begin anew."""

from __future__ import annotations

import datetime

from firmware.console.screens.update import update
from firmware.console.session import BY, LoggedOut, Session
from firmware.control.access import AllowPasswordReset, PasswordResetReply
from firmware.control.care import LeaveSafeMode, LeavingReply
from firmware.control.steward import (
    RESET_WORD,
    Done,
    FactoryReset,
    OwnerShell,
    PowerOff,
    Reboot,
    SetOwner,
    SetTime,
    SetZone,
)

_ZONES = ("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Europe/Berlin", "UTC")


async def clock(session: Session) -> None:
    """Date, time and zone."""
    words = session.words
    session.terminal.show(f"  {datetime.datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}")
    taken = await session.choose(words("choice"), [words("clock_set"), words("clock_zone")])
    if taken is None:
        return
    if taken == 0:
        typed = await session.ask("clock_ask")
        if not typed:
            return
        try:
            datetime.datetime.strptime(typed, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - the person's own watch
        except ValueError:
            session.show("clock_form")
            await session.pause()
            return
        await session.steward(SetTime(at=typed, by=BY), Done)
    else:
        zone = await session.choose(words("clock_zone"), list(_ZONES))
        if zone is None:
            return
        await session.steward(SetZone(zone=_ZONES[zone], by=BY), Done)
    session.show("done")
    await session.pause()


async def system(session: Session) -> None:
    """The menu of the system."""
    await session.menu(
        "system",
        (
            ("update", update),
            ("owner_password", owner_password),
            ("admin_reset", admin_reset),
            ("shell", shell),
            ("leave_safe", leave_safe),
            ("reboot", reboot),
            ("power_off", power_off),
            ("factory_reset", factory_reset),
        ),
    )


async def owner_password(session: Session) -> None:
    """Change the password of this console."""
    old = await session.ask("password", secret=True)
    first = await session.ask("new_password", secret=True)
    if first != await session.ask("again_password", secret=True):
        session.show("not_same")
    else:
        await session.steward(SetOwner(password=first, old=old, by=BY), Done)
        session.show("done")
    await session.pause()


async def admin_reset(session: Session) -> None:
    """Let the owner of the pages choose another password."""
    if not await session.sure("admin_sure"):
        return
    reply = await session.ask_switch(AllowPasswordReset(), PasswordResetReply)
    session.show("admin_allowed", minutes=reply.seconds // 60)
    await session.pause()


async def shell(session: Session) -> None:
    """A shell for the owner, on this terminal."""
    if not session.tty:
        session.show("shell_nowhere")
        await session.pause()
        return
    password = await session.ask("password", secret=True)
    await session.steward(OwnerShell(tty=session.tty, password=password, by=BY), Done)
    session.show("shell_comes")
    raise LoggedOut


async def leave_safe(session: Session) -> None:
    """Start everything again after safe mode."""
    await session.ask_switch(LeaveSafeMode(), LeavingReply)
    session.show("done")
    await session.pause()


async def reboot(session: Session) -> None:
    """Restart the box."""
    if await session.sure("reboot_sure"):
        await session.steward(Reboot(by=BY), Done)
        raise LoggedOut


async def power_off(session: Session) -> None:
    """Switch the box off."""
    if await session.sure("power_off_sure"):
        await session.steward(PowerOff(by=BY), Done)
        raise LoggedOut


async def factory_reset(session: Session) -> None:
    """Forget everything."""
    session.show("reset_what")
    typed = await session.ask("reset_type", word=RESET_WORD)
    if typed != RESET_WORD:
        session.show("reset_not")
        await session.pause()
        return
    await session.steward(FactoryReset(typed=typed, by=BY), Done)
    session.show("done")
    raise LoggedOut
