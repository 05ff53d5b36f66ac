"""Whether the profile is this board's, and its front panel where it has one (`front_panel`, loaded only
then).
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from firmware.app import line_cure
from firmware.app.parts import Parts
from firmware.app.voice import Voice
from firmware.core.errors import UserError
from firmware.profile import PanelProfile, Profile
from hal import detect


def check_board(profile: Profile) -> None:
    """Hold the profile against the hardware.

    Raises:
        UserError: They contradict each other.
    """
    why = detect.contradiction(profile.board.hat, profile.board.usb, detect.look())
    if why is not None:
        name = profile.board.name or "the board's profile"
        raise UserError(f"{name} can't be used here: {why}; choose another with --profile")


async def start(parts: Parts, voice: Voice, running: AsyncExitStack) -> None:
    """Begin to look after the lines, and where the board's profile names pins and the computer has them,
    after the front panel.
    """
    cures = line_cure.build(parts)
    await line_cure.start(cures, running)
    if parts.profile.panel == PanelProfile():
        return
    from firmware.app.front_panel import Panel
    from hal.panel import pins_are_there

    if not pins_are_there():
        return
    panel = Panel(parts, voice, cures)
    running.callback(panel.close)
    task = asyncio.create_task(panel.run(), name="panel")

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    running.push_async_callback(stop)
