"""Messages of the box: off the SIM once they are stored, tried until the network has them, never doubled."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.core.clock import Instant
from firmware.core.errors import DeviceError, UserError
from firmware.core.texts import ReceivedText, TextState
from firmware.store import migrations
from firmware.store.texts import TextStore
from firmware.trunks.texting import REPORT_PATIENCE, Texting
from firmware.trunks.trunks import Trunks
from hal.line import LineState, SmsDelivery, SmsReport
from tests.hal.bench import Bench
from tests.media.fake_media import FakeMedia

pytestmark = pytest.mark.looptime


class Disk:
    """The records' database without its thread; a story fills it up."""

    def __init__(self, path: Path) -> None:
        self.connection = migrations.connect(path)
        migrations.migrate(self.connection)
        self.full = False
        self.reader: Any = self

    async def perform(self, job: Callable[[sqlite3.Connection], Any]) -> Any:
        if self.full:
            raise DeviceError("the disk is full")
        return job(self.connection)

    @contextlib.contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        yield self.connection


class Store(TextStore):
    """Reads without a thread: virtual time doesn't wait for one."""

    async def read(self, job: Callable[[sqlite3.Connection], Any]) -> Any:
        with self._records.reader.connected() as connection:
            return job(connection)


class Clock:
    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> Instant:
        return Instant(int(self.monotonic() * 1000), int(self.monotonic() * 1000), "boot", clock_set=True)


class Office:
    """A box with one line, its messages, and the people who write to it."""

    def __init__(self, disk: Disk, bench: Bench | None = None) -> None:
        self.bench = bench if bench is not None else Bench()
        self.disk = disk
        self.store = Store(disk, Clock())
        self.trunks = Trunks([self.bench.line], FakeMedia(), lambda leg, line: None)
        self.texting = Texting(self.trunks, self.store)
        self.heard: list[ReceivedText] = []

    async def begin(self) -> None:
        self.bench.come_back()
        await self.trunks.start()
        self.texting.start()
        while self.bench.line.state is not LineState.READY:
            await asyncio.sleep(0.1)

    async def end(self) -> None:
        await self.texting.stop()
        await self.trunks.stop()
        await self.bench.end()

    async def state(self, key: str, wanted: TextState, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while (text := await self.store.get(key)) is None or text.state is not wanted:
                await asyncio.sleep(0.2)

    def sent(self) -> list[tuple[str, str]]:
        return [(text.number, text.text) for text in self.bench.network.texts.joined()]


@contextlib.asynccontextmanager
async def running(office: Office) -> AsyncIterator[Office]:
    await office.begin()
    try:
        yield office
    finally:
        await office.end()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "records.sqlite")


async def test_a_message_is_stored_then_taken_off_the_sim_and_told(disk: Disk) -> None:
    async with running(Office(disk)) as office:
        office.texting.listen(office.heard.append)
        office.bench.text("+8613800138000", "明天开会")
        await asyncio.sleep(10)
        assert [(t.number, t.body) for t in office.heard] == [("+8613800138000", "明天开会")]
        assert office.bench.modem.sim.messages == {}
        assert await office.store.unhandled() == []


async def test_while_the_disk_is_full_a_message_stays_on_the_sim(disk: Disk) -> None:
    async with running(Office(disk)) as office:
        office.texting.listen(office.heard.append)
        disk.full = True
        office.bench.text("+8613800138000", "hello")
        await asyncio.sleep(10)
        assert office.heard == []
        assert len(office.bench.modem.sim.messages) == 1
        disk.full = False
        await asyncio.sleep(70)
        assert [t.body for t in office.heard] == ["hello"]
        assert office.bench.modem.sim.messages == {}


async def test_what_came_while_nobody_listened_is_told_later(disk: Disk) -> None:
    async with running(Office(disk)) as office:
        office.bench.text("10086", "您的余额")
        await asyncio.sleep(10)
    async with running(Office(disk)) as office:
        office.texting.listen(office.heard.append)
        await asyncio.sleep(1)
        assert [t.body for t in office.heard] == ["您的余额"]


async def test_a_message_is_sent_and_its_delivery_noted(disk: Disk) -> None:
    async with running(Office(disk)) as office:
        key = await office.texting.send("13900139000", "we missed you", purpose="missed call")
        await office.state(key, TextState.DELIVERED)
        assert office.sent() == [("13900139000", "we missed you")]


async def test_a_message_waits_for_the_modem_and_goes_out_once(disk: Disk) -> None:
    async with running(Office(disk)) as office:
        office.bench.vanish()
        key = await office.texting.send("13900139000", "hello")
        await asyncio.sleep(100)
        assert office.sent() == []
        office.bench.come_back()
        await office.state(key, TextState.DELIVERED)
        assert len(office.sent()) == 1


async def test_a_restart_of_the_firmware_sends_what_waits_and_doubles_nothing(disk: Disk) -> None:
    bench = Bench()
    async with running(Office(disk, bench)) as office:
        bench.vanish()
        key = await office.texting.send("13900139000", "long " * 60)
    async with running(Office(disk, Bench())) as office:
        await office.state(key, TextState.DELIVERED)
        assert [text for _, text in office.sent()] == ["long " * 60]
    async with running(Office(disk, Bench())) as office:
        await asyncio.sleep(100)
        assert office.sent() == []


async def test_a_message_in_doubt_is_settled_by_its_report(disk: Disk) -> None:
    bench = Bench()
    async with running(Office(disk, bench)) as office:
        bench.modem.quirks.sms_seconds = 3.0
        key = await office.texting.send("13900139000", "hello")
        await asyncio.sleep(2.0)
        bench.vanish()
        await office.state(key, TextState.UNCERTAIN)
        assert office.trunks.on_text is not None
        office.trunks.on_text(bench.line, SmsReport("+8613900139000", 7, SmsDelivery.DELIVERED))
        await office.state(key, TextState.DELIVERED)
        bench.come_back()
        await asyncio.sleep(REPORT_PATIENCE + 100)
        assert office.sent() == []


async def test_a_message_in_doubt_without_a_report_is_sent_again(disk: Disk) -> None:
    bench = Bench()
    async with running(Office(disk, bench)) as office:
        bench.modem.quirks.sms_seconds = 3.0
        key = await office.texting.send("13900139000", "hello")
        await asyncio.sleep(2.0)
        bench.vanish()
        await office.state(key, TextState.UNCERTAIN)
        bench.come_back()
        await office.state(key, TextState.DELIVERED, REPORT_PATIENCE + 100)
        assert len(office.sent()) == 1


@pytest.mark.parametrize(("number", "body"), [("12", "x"), ("+86;13", "x"), ("13900139000", " ")])
async def test_what_cannot_be_sent_is_refused_at_once(disk: Disk, number: str, body: str) -> None:
    async with running(Office(disk)) as office:
        with pytest.raises(UserError):
            await office.texting.send(number, body)
        assert await office.store.waiting() == []
