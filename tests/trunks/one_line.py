"""One GSM line with its trunks and a media plane without sound."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from firmware.trunks.line_leg import LineLeg
from firmware.trunks.trunks import Trunks
from hal.fake.quirks import Quirks
from hal.line import Line, LineState
from tests.hal.bench import Bench
from tests.media.fake_media import FakeMedia


class Office:
    """One GSM line with its trunks."""

    def __init__(self, quirks: Quirks | None = None) -> None:
        self.bench = Bench(quirks=quirks)
        self.media = FakeMedia()
        self.offered: asyncio.Queue[LineLeg] = asyncio.Queue()
        self.trunks = Trunks([self.bench.line], self.media, self._take)

    def _take(self, leg: LineLeg, line: Line) -> None:
        assert line is self.bench.line
        self.offered.put_nowait(leg)

    async def ready(self) -> None:
        while self.bench.line.state is not LineState.READY:
            await asyncio.sleep(0.1)

    async def caller(self, number: str | None = "13800138000", *, withheld: bool = False) -> LineLeg:
        self.bench.call(number, withheld=withheld)
        return await self.offered.get()


@contextlib.asynccontextmanager
async def office(quirks: Quirks | None = None) -> AsyncIterator[Office]:
    place = Office(quirks)
    place.bench.come_back()
    await place.trunks.start()
    try:
        await place.ready()
        yield place
    finally:
        await place.trunks.stop()
        await place.bench.end()
        assert place.media.ports == {}
