"""A small office on a network in memory: the box with its phones, and the people at them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from extensions.accounts import Account, Accounts, Algorithm
from extensions.phones import Phones
from extensions.sip.agent import Agent
from extensions.sip.events import Event
from extensions.sip.flow import Flow
from extensions.sip.net.driver import Driver
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause, Side
from firmware.core.leg import Leg, LegEnded, Party
from tests.extensions.far_phone import FarPhone
from tests.extensions.sip_net import GOOD, Line, Net, NetDriver
from tests.media.fake_media import FakeMedia

BOX = "10.0.0.1"
CALLER = Party("13800138000", "Li Lei")
SECRETS = {"101": "secret-of-101", "102": "secret-of-102", "103": "secret-of-103"}


class Office:
    """The box at 10.0.0.1; 103's phone is challenged with SHA-256."""

    def __init__(self, line: Line = GOOD, seed: int = 1) -> None:
        self.line = line
        self.net = Net(line, seed)
        self.media = FakeMedia()
        accounts = [
            Account(
                extension,
                f"Phone {extension}",
                secret,
                Algorithm.SHA256 if extension == "103" else Algorithm.MD5,
            )
            for extension, secret in SECRETS.items()
        ]
        self.phones = Phones(Accounts(accounts), self.media, BOX, 5060, make_driver=self._driver)
        self.incoming: asyncio.Queue[tuple[SipLeg, str]] = asyncio.Queue()
        self.phones.on_incoming = lambda leg, dialled: self.incoming.put_nowait((leg, dialled))
        self._hosts = 10

    async def open(self) -> None:
        await self.phones.start()

    async def phone(self, extension: str = "101", *, secret: str | None = None) -> FarPhone:
        """Return a registered phone."""
        far = self.unregistered(extension, secret=secret)
        await far.register(BOX, transport=self.line.transport)
        return far

    def unregistered(self, extension: str = "101", *, secret: str | None = None) -> FarPhone:
        self._hosts += 1
        return FarPhone(self.net, f"10.0.0.{self._hosts}", extension, secret or SECRETS[extension])

    async def settle(self) -> None:
        await asyncio.sleep(self.line.settle_s)

    def _driver(
        self, agent: Agent, on_event: Callable[[Event], None], closed: Callable[[Flow], None]
    ) -> Driver:
        return NetDriver(agent, on_event, self.net, BOX, on_flow_closed=closed)


async def opened(line: Line = GOOD) -> Office:
    """Return an office that has begun its day."""
    made = Office(line)
    await made.open()
    return made


async def refused(leg: Leg) -> tuple[Cause, Side, str]:
    """Wait until the leg was refused; return why."""
    with pytest.raises(LegEnded) as told:
        await asyncio.wait_for(leg.answered(), 100)
    return told.value.ending.cause, told.value.ending.by, told.value.ending.detail


async def talking(place: Office) -> tuple[FarPhone, Leg]:
    """Return a phone in a call that the box placed, and the call's leg."""
    far = await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    far.answer()
    await asyncio.wait_for(leg.answered(), 5)
    await place.settle()
    return far, leg


async def offered(place: Office) -> tuple[FarPhone, SipLeg]:
    """Return a phone that calls 101, and the leg of its call, which nobody has answered yet."""
    far = await place.phone("102")
    far.dial("101")
    leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
    return far, leg
