"""The lines: built from the board's profile, kept alive by the trunks."""

from __future__ import annotations

from contextlib import AsyncExitStack

from firmware.app.parts import Parts
from firmware.core.errors import UserError
from firmware.core.media import MediaPlane
from firmware.core.paths import StatePaths
from firmware.profile import Profile
from firmware.trunks.trunks import OnIncoming, Trunks
from hal.modems.build import ProfileError, build_line


def build(paths: StatePaths, profile: Profile, plane: MediaPlane, on_incoming: OnIncoming) -> Trunks:
    """Return the trunks, not started.

    Raises:
        UserError: The profile names a line that can't be built.
    """
    try:
        lines = [build_line(entry, str(paths.run)) for entry in profile.lines]
    except ProfileError as error:
        raise UserError(f"board profile: {error}") from error
    return Trunks(lines, plane, on_incoming)


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Begin to keep the lines alive, also those whose modem isn't there yet, and to carry messages."""
    await parts.trunks.start()
    running.push_async_callback(parts.trunks.stop)
    parts.texting.start()
    running.push_async_callback(parts.texting.stop)
