"""The analog handset as one of the office's phones: dial tone, digits, ringing.

Theory of operation
-------------------
    lifted ─► dial tone ──a key──► silence, digits ──complete──► on_dialled(leg, digits): an offered leg
                  └── FIRST_KEY without one ──► busy tone until it is hung up

The leg is offered, so call control treats it as a phone that has dialled: `progress` makes it hear ringback,
`answer` puts it through, a refusal makes it hear busy. Its audio is open all the while. `leg_to` rings it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from firmware.core.leg import Direction, Party
from firmware.core.media import MediaError, MediaPlane, Playback, PlayTone
from firmware.core.tones import tones_of
from firmware.trunks.line_leg import LineLeg
from hal.line import CallEnded, DigitReceived, HandsetLike, LineError, LineEvent

logger = logging.getLogger(__name__)

FIRST_KEY = 16.0
"""Seconds of dial tone before it turns into busy (telephony-reference C1)."""
NEXT_KEY = 4.0
"""Seconds after the last key until what was dialled counts as complete."""
MOST_KEYS = 32

OnDialled = Callable[["HandsetLeg", str], None]


STUTTER_MS = (400, 40)
"""Cadence of the dial tone that tells of waiting messages, as China's special dial tone: on, off."""


class HandsetLeg(LineLeg):
    """A call that somebody at the handset began by dialling; it hears tones instead of words of a display."""

    tone: Callable[[str], None] | None = None
    """Sounds "ringback" or "busy" to it; empty for none."""

    async def _do_progress(self) -> None:
        if self.tone is not None:
            self.tone("ringback")

    async def _do_answer(self) -> None:
        if self.tone is not None:
            self.tone("")


class Handset:
    """The handset of the box.

    Args:
        line: It.
        media: Opens its audio.
        number: Its extension; empty for one that can't be rung.
        is_complete: Whether more keys can follow what was dialled.
        on_dialled: Told of the leg and the digits, within the loop.
    """

    def __init__(
        self,
        line: HandsetLike,
        media: MediaPlane,
        number: str,
        is_complete: Callable[[str], bool],
        on_dialled: OnDialled,
        country: str = "CN",
    ) -> None:
        self.line = line
        self.number = number
        self._media = media
        self._is_complete = is_complete
        self._on_dialled = on_dialled
        self._country = country
        self.waiting: Callable[[], bool] = lambda: False
        """Whether messages wait for its owner: the dial tone stutters then."""
        self._player: Playback | None = None
        self._task: asyncio.Task[None] | None = None

    def leg_to(self, name: str = "") -> LineLeg:
        """Return an idle leg that rings it."""
        party = Party(self.number, name or None)
        return LineLeg(self.line, self._media, Direction.OUTGOING, party, "handset", country=self._country)

    def lifted(self) -> None:
        """Somebody lifted it: give dial tone and collect what is dialled."""
        self._task = asyncio.create_task(self._serve(), name=f"handset {self.line.name}")

    async def stop(self) -> None:
        """Leave whoever is dialling alone."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self) -> None:
        leg = HandsetLeg(
            self.line,
            self._media,
            Direction.INCOMING,
            Party(self.number or None),
            "handset",
            country=self._country,
        )
        leg.tone = lambda name: self._sound(leg, name)
        keys: asyncio.Queue[str | None] = asyncio.Queue()

        def on_line(event: LineEvent) -> None:
            match event:
                case DigitReceived(digit):
                    keys.put_nowait(digit)
                case CallEnded():
                    keys.put_nowait(None)
                case _:
                    pass

        unsubscribe = self.line.subscribe(on_line)
        try:
            await self.line.answer()
            await leg.audible()
            self._sound(leg, "dial")
            digits = await self._collect(leg, keys)
        except (LineError, MediaError) as error:
            logger.warning("%s: %s", self.line.name, error)
            return
        finally:
            unsubscribe()
        if digits:
            self._on_dialled(leg, digits)
        elif leg.ending is None:
            self._sound(leg, "busy")

    async def _collect(self, leg: LineLeg, keys: asyncio.Queue[str | None]) -> str:
        digits = ""
        patience = FIRST_KEY
        while len(digits) < MOST_KEYS:
            try:
                async with asyncio.timeout(patience):
                    key = await keys.get()
            except TimeoutError:
                break
            if key is None:
                return ""
            self._sound(leg, "")
            if key == "#" and digits and digits[0] not in "*#":
                break
            digits += key
            patience = NEXT_KEY
            if self._is_complete(digits):
                break
        return digits

    def _sound(self, leg: LineLeg, name: str) -> None:
        if self._player is not None:
            self._player.stop()
            self._player = None
        if not name or leg.port is None:
            return
        tones = tones_of(self._country)
        tone: PlayTone = getattr(tones, name)
        if name == "dial" and self.waiting():
            tone = msgspec.structs.replace(tone, cadence_ms=STUTTER_MS)
        self._player = self._media.play(leg.port, [tone], repeat=True)
