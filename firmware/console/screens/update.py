"""Updates: a signed bundle from a stick or the uploads folder, and back to the version before."""

from __future__ import annotations

from typing import Final

from firmware.console.screens.backup import BUNDLE, which_stick
from firmware.console.session import BY, Session
from firmware.control.steward import CopyFromStick, Done, GetVersions, RollBack, Update, VersionsAre

_UPLOADS: Final = "/var/lib/zongji/uploads"
"""Where a bundle without a folder in its name lies."""


async def update(session: Session) -> None:
    """Show which version runs, and have another one put in its place."""
    words = session.words
    now = await session.steward(GetVersions(by=BY), VersionsAre)
    session.show("update_runs", version=now.running or "-")
    if now.last is not None and now.last.done:
        session.show("update_done", before=now.last.from_id)
    elif now.last is not None:
        session.show("update_undone", wanted=now.last.to_id, why=now.last.why)
    ways = [words("update_stick"), words("update_file")]
    if now.before:
        ways.append(words("update_back", before=now.before))
    taken = await session.choose(words("choice"), ways)
    if taken is None:
        return
    if taken == 2:
        if not await session.sure("update_back_sure"):
            return
        await session.steward(RollBack(force=await _force(session), by=BY), Done)
    else:
        path = await (_from_stick if taken == 0 else _from_box)(session)
        if path is None:
            return
        await session.steward(Update(path=path, force=await _force(session), by=BY), Done)
    session.show("done")
    await session.pause()


async def _force(session: Session) -> bool:
    return await session.sure("update_force")


async def _from_box(session: Session) -> str | None:
    session.show("update_where")
    path = await session.ask("update_path")
    if not path:
        return None
    return path if "/" in path else f"{_UPLOADS}/{path}"


async def _from_stick(session: Session) -> str | None:
    stick = await which_stick(session)
    if stick is None:
        return None
    names = [name for name in stick.backups if name.endswith(BUNDLE)]
    if not names:
        session.show("no_bundles")
        await session.pause()
        return None
    taken = await session.choose(session.words("which_bundle"), names)
    if taken is None:
        return None
    await session.steward(CopyFromStick(device=stick.device, name=names[taken], by=BY), Done)
    return f"{_UPLOADS}/{names[taken]}"
