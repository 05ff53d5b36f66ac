"""Acts as a caller on the simulated mobile network, from a script, telling what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from hal.fake.control import World, WorldError
from hal.fake.network import Happening, PartyScript

__all__ = ["PartyScript", "WorldError", "call", "script"]


def script(
    number: str,
    *,
    digits: str = "",
    digits_after: float = 1.0,
    play: str | None = None,
    loop: bool = True,
    play_after: float = 0.0,
    hear: Path | None = None,
    seconds: float | None = None,
) -> PartyScript:
    """Return what a caller does.

    Args:
        number: Its own, or "withheld".
        digits: Keys it presses.
        digits_after: Seconds after the answer at which it begins to press.
        play: A WAV file or `tone:HERTZ[:DBM0]`; None for silence.
        loop: Whether that is played over and over.
        play_after: Seconds after the answer at which it begins to speak.
        hear: Where what it hears is written.
        seconds: When it hangs up, since the answer; None for never.
    """
    withheld = number == "withheld"
    spoken = () if play is None else (_item(play),)
    return PartyScript(
        number=None if withheld else number,
        withheld=withheld,
        play=spoken,
        loop=loop,
        play_after=play_after,
        hear=str(hear.resolve()) if hear else None,
        digits=digits,
        digits_after=digits_after,
        hang_up_after=seconds,
    )


async def use_handset(socket: Path, action: str, keys: str, play: str | None, hear: Path | None) -> None:
    """Lift the analog handset, press keys of it, or put it back.

    Raises:
        WorldError: The world isn't there or refuses.
    """
    async with World(socket) as world:
        match action:
            case "lift":
                said = () if play is None else (_item(play),)
                await world.lift(*said, hear=str(hear.resolve()) if hear else "")
            case "press":
                await world.dial_at_handset(keys)
            case _:
                await world.put_back()


def _item(play: str) -> str:
    return play if play.startswith("tone:") else str(Path(play).resolve())


async def call(socket: Path, what: PartyScript, tell: Callable[[str], None], hang_up: asyncio.Event) -> bool:
    """Make a call and wait for its end.

    Args:
        socket: The simulated world's control socket.
        what: What the caller does.
        tell: Called with a line for every thing that happens.
        hang_up: Set it to have the caller hang up.

    Returns:
        Whether the call was answered.

    Raises:
        WorldError: The world isn't there or refuses.
    """

    def happened(happening: Happening) -> None:
        if happening.call == caller.id:
            tell(f"{happening.word} {happening.detail}".rstrip())

    async with World(socket) as world:
        caller = await world.call(what)
        for past in caller.history:
            happened(past)
        world.subscribe(happened)
        over = asyncio.create_task(caller.ended())
        impatient = asyncio.create_task(hang_up.wait())
        await asyncio.wait({over, impatient}, return_when=asyncio.FIRST_COMPLETED)
        impatient.cancel()
        if not over.done():
            await caller.hang_up()
        await over
        return caller.has("answered")
