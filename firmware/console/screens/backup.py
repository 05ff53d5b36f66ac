"""Backups onto a USB stick and back."""

from __future__ import annotations

from typing import Final

from firmware.console.session import BY, Session
from firmware.control.editing import SetFields
from firmware.control.steward import (
    RESET_WORD,
    CopyToStick,
    Done,
    ListSticks,
    RestoreBackup,
    Stick,
    Sticks,
)
from firmware.control.storage import BackingUpReply, BackUp, GetStorage, StorageReply

_FOLDER: Final = "/var/lib/zongji/uploads"
"""Where backups wait to be copied; only root mounts sticks."""

BUNDLE: Final = ".bundle"
"""How the names of updates end; what else lies beside them on a stick is a backup."""


async def backup(session: Session) -> None:
    """The menu of the backups."""
    await session.menu(
        "backup", (("backup_state", state), ("backup_to_stick", to_stick), ("backup_from_stick", from_stick))
    )


async def state(session: Session) -> None:
    """How the storage and the last backup stand."""
    storage = await session.ask_switch(GetStorage(), StorageReply)
    used = 100 * storage.used_bytes / max(1, storage.total_bytes)
    session.show("storage_used", used=f"{used:.0f}", database=storage.database_bytes // 2**20)
    kept = storage.backup
    if kept.last_ms is None:
        session.show("backup_none")
    else:
        session.show("backup_last", name=kept.last_name, size=kept.last_bytes // 1024)
    if kept.fault:
        session.show("failed", why=session.words.mine(kept.fault))
    await session.pause()


async def which_stick(session: Session) -> Stick | None:
    """Have a USB stick chosen; None for back, or when there is none."""
    found = (await session.steward(ListSticks(by=BY), Sticks)).sticks
    if not found:
        session.show("no_stick")
        await session.pause()
        return None
    names = [f"{one.device}  {one.label}  {one.size_mb} MB" for one in found]
    taken = await session.choose(session.words("which_stick"), names)
    return None if taken is None else found[taken]


async def to_stick(session: Session) -> None:
    """Make a backup and copy it onto a stick."""
    stick = await which_stick(session)
    if stick is None:
        return
    async with session.switch() as switch:
        before = (await switch.ask(GetStorage(), StorageReply)).backup
        if before.to == "off":
            edit = SetFields("backup", {"to": "folder", "folder": _FOLDER})
            await switch.change_settings([edit], BY)
        await switch.ask(BackUp(), BackingUpReply)
        session.show("meter_any_key")
        while True:
            now = (await switch.ask(GetStorage(), StorageReply)).backup
            if not now.running and (now.last_name != before.last_name or now.fault):
                break
            if await session.terminal.live(session.words("backup_runs")):
                return
    session.terminal.show("")
    if now.fault:
        session.show("failed", why=session.words.mine(now.fault))
    elif now.to == "folder":
        await session.steward(CopyToStick(device=stick.device, name=now.last_name, by=BY), Done)
        session.show("backup_copied", name=now.last_name)
    else:
        session.show("backup_elsewhere", name=now.last_name, to=now.to)
    await session.pause()


async def from_stick(session: Session) -> None:
    """Put a backup from a stick in the place of what is on the box."""
    stick = await which_stick(session)
    if stick is None:
        return
    # The steward names whatever lies in the stick's folder.
    names = [name for name in stick.backups if not name.endswith(BUNDLE)]
    if not names:
        session.show("no_backups")
        await session.pause()
        return
    taken = await session.choose(session.words("which_backup"), names)
    if taken is None:
        return
    key = await session.ask("backup_key", secret=True)
    session.show("restore_what")
    typed = await session.ask("reset_type", word=RESET_WORD)
    if typed != RESET_WORD:
        session.show("reset_not")
        await session.pause()
        return
    await session.steward(RestoreBackup(device=stick.device, name=names[taken], key=key, by=BY), Done)
    session.show("done")
    await session.pause()
