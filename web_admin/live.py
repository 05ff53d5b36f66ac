"""The live pages' stream: every viewer gets the regions of the page that are other than what it has seen.

     Box ─ changed ─► Stage (renders each region once per language) ─► viewer: {"board": "<div…", …}

Server-sent events (HTML standard, section 9.2). A viewer that reads slowly misses pictures in between, never
the newest one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable

from web_admin.box import Box
from web_admin.pictures.switchboard import board
from web_admin.rendering import Pages
from web_admin.words import Words

MAX_VIEWERS = 64

_QUIET_S = 15.0
"""Longest silence on a stream: proxies and browsers give up on quieter ones."""

REGIONS = ("banner", "faults", "hours", "board", "live", "queues", "today", "lines")


class Stage:
    """The regions as they are now, in each language asked for."""

    def __init__(self, box: Box, pages: Pages) -> None:
        self._box = box
        self._pages = pages
        self._rendered: dict[str, tuple[int, dict[str, str]]] = {}

    def regions(self, words: Words) -> dict[str, str]:
        """Return region → HTML."""
        known = self._rendered.get(words.language)
        if known is not None and known[0] == self._box.version:
            return known[1]
        picture = self._box.picture
        values = {
            "now": picture,
            "board": None if picture is None else board(picture),
            "agents": {} if picture is None else {one.number: one for one in picture.agents},
            "names": {} if picture is None else {one.number: one.name for one in picture.people},
            "away_since": self._box.away_since,
        }
        regions = {
            name: self._pages.text(f"regions/{name}.html", words, **values).strip() for name in REGIONS
        }
        self._rendered[words.language] = (self._box.version, regions)
        return regions


class Hub:
    """The viewers."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._closing = asyncio.Event()
        self.viewers = 0

    def close(self) -> None:
        """Let go of all viewers; they come back by themselves when there is somewhere to come back to."""
        self._closing.set()

    def is_full(self) -> bool:
        return self.viewers >= MAX_VIEWERS

    async def stream(
        self,
        regions_now: Callable[[], dict[str, str]],
        is_welcome: Callable[[], bool],
        name: str = "regions",
    ) -> AsyncGenerator[bytes, None]:
        """Yield the events for one viewer until it goes, or isn't welcome any more.

        Args:
            regions_now: Draws what this viewer sees: region → HTML.
            is_welcome: Whether it may go on.
            name: Of the events.
        """
        changed = asyncio.Event()
        unsubscribe = self._box.subscribe(changed.set)
        shown: dict[str, str] = {}
        self.viewers += 1
        try:
            yield b"retry: 1000\n\n"
            while not self._closing.is_set() and is_welcome():
                changed.clear()
                regions = regions_now()
                other = {name: html for name, html in regions.items() if shown.get(name) != html}
                if other:
                    shown.update(other)
                    picture = self._box.picture
                    # What the clock at the box says, so that durations count alike on every screen.
                    other["at"] = str(int(time.time() * 1000) if picture is None else picture.at_wall_ms)
                    data = json.dumps(other, ensure_ascii=False)
                    yield f"event: {name}\ndata: {data}\n\n".encode()
                else:
                    yield b": still here\n\n"
                await self._wait(changed)
        finally:
            self.viewers -= 1
            unsubscribe()

    async def _wait(self, changed: asyncio.Event) -> None:
        waiting = [asyncio.ensure_future(changed.wait()), asyncio.ensure_future(self._closing.wait())]
        try:
            await asyncio.wait(waiting, timeout=_QUIET_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
