"""The box with its phones, and SIPp following a script as one of them: it calls, or it is called."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from extensions.accounts import Account, Accounts
from extensions.phones import Phones
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause, Side
from firmware.core.leg import Leg, Party
from tests.interop import sipp
from tests.interop.baresip import free_port
from tests.interop.lossy import lossy_path
from tests.interop.script import Called, Caller
from tests.interop.sipp import Sipp
from tests.media.fake_media import FakeMedia

KEY = "k7mn2pq9rs4tvw6xyz3a"
CALLER = Party("13800138000", "Li Lei")
LOST_PERCENT = 5
WITH_AND_WITHOUT_LOSS = pytest.mark.parametrize(
    "lost", [0, pytest.param(LOST_PERCENT, marks=pytest.mark.slow)], ids=["good", "lossy"]
)


class Box:
    def __init__(self) -> None:
        self.media = FakeMedia()
        accounts = Accounts([Account("101", "Ann", KEY), Account("102", "Bob", KEY)])
        self.phones = Phones(accounts, self.media, "127.0.0.1", 0)
        self.calls: asyncio.Queue[SipLeg] = asyncio.Queue()
        self.phones.on_incoming = lambda leg, _: self.calls.put_nowait(leg)
        self.paths = contextlib.AsyncExitStack()
        """On which phones reach it."""

    async def call(self) -> SipLeg:
        """Return the next call from a phone."""
        return await asyncio.wait_for(self.calls.get(), 20)


@contextlib.asynccontextmanager
async def open_box() -> AsyncIterator[Box]:
    """Yield a box; afterwards it must have met no bug and given back every port."""
    box = Box()
    await box.phones.start()
    async with box.paths:
        yield box
    await box.phones.stop()
    assert box.phones.counters["bugs"] == 0
    assert box.media.ports == {}


async def until(condition: Callable[[], bool], complaint: str) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)
    assert condition(), complaint


def calling(folder: Path, box: Box, script: Caller, lost: int) -> asyncio.Task[Sipp]:
    """Have 101 call 102 as the script says."""
    run = sipp.run(
        folder, script.write(folder), registrar_port=box.phones.port, user="101", secret=KEY, number="102",
        local_port=free_port(), lost_percent=lost, within_s=60,
    )  # fmt: skip
    return asyncio.create_task(run)


async def called(folder: Path, box: Box, script: Called, lost: int = 0) -> tuple[SipLeg, asyncio.Task[Sipp]]:
    """Ring 101's phone, which follows the script; so many of a hundred datagrams get lost on the way."""
    port = free_port()
    path = await box.paths.enter_async_context(lossy_path(box.phones.port))
    registered = await sipp.run(
        folder, "register", registrar_port=path.port, local_port=port, user="101", secret=KEY
    )
    assert registered.succeeded, registered.report()
    path.percent = lost
    run = sipp.run(folder, script.write(folder), registrar_port=path.port, local_port=port, within_s=60)
    running = asyncio.create_task(run)
    await asyncio.sleep(0.3)
    leg = box.phones.leg_to("101")
    await leg.ring(CALLER)
    return leg, running


async def is_over(leg: Leg, script: asyncio.Task[Sipp]) -> None:
    """The phone hangs up, and went through its script."""
    ending = await asyncio.wait_for(leg.ended(), 60)
    assert (ending.cause, ending.by) == (Cause.NORMAL, Side.THEM)
    done = await asyncio.wait_for(script, 60)
    assert done.succeeded, done.report()
