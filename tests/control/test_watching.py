"""Watching the switchboard, and getting a recording's file, through the socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from firmware.control import server as server_module
from firmware.control.answers import answers_of
from firmware.control.client import ControlClient, NoSwitch, open_recording
from firmware.control.search import CallFilter
from firmware.control.server import ControlServer
from firmware.core.errors import PeerError, UserError
from tests.control.switch import FIRST_ID, FakeSwitch
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        yield Path(folder)


@pytest.fixture
def switch(folder: Path) -> FakeSwitch:
    return FakeSwitch(folder)


@pytest.fixture
async def server(folder: Path, switch: FakeSwitch) -> AsyncIterator[ControlServer]:
    server = ControlServer(folder / "control.sock", answers_of(switch))
    await server.start()
    yield server
    await server.close()


@pytest.fixture
def path(server: ControlServer, folder: Path) -> Path:
    return folder / "control.sock"


async def test_a_watcher_sees_the_picture_at_once_and_every_change(path: Path, switch: FakeSwitch) -> None:
    async with ControlClient(path) as client, contextlib.aclosing(client.watch()) as pictures:
        assert (await anext(pictures)).calls[0].people == ["101"]
        switch.goes_on(calls=[])
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await anext(pictures)).calls == []


async def test_a_quiet_switch_shows_that_it_lives(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEARTBEAT_S", 0.0)
    async with ControlClient(path) as client, contextlib.aclosing(client.watch()) as pictures:
        first = await anext(pictures)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await anext(pictures) == first


async def test_a_picture_that_only_grew_older_is_not_sent(path: Path, switch: FakeSwitch) -> None:
    async with ControlClient(path) as client, contextlib.aclosing(client.watch()) as pictures:
        await anext(pictures)
        switch.goes_on(at_wall_ms=switch.picture.at_wall_ms + 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.7):
                await anext(pictures)


async def test_a_watcher_learns_that_the_switch_went_away(path: Path, server: ControlServer) -> None:
    async with ControlClient(path) as client, contextlib.aclosing(client.watch()) as pictures:
        await anext(pictures)
        await server.close()
        with pytest.raises(NoSwitch):
            await anext(pictures)


async def test_watchers_are_few_and_leave_room_when_they_go(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_MAX_WATCHING", 1)
    first = ControlClient(path)
    await first.connect()
    watching = first.watch()
    await anext(watching)
    async with ControlClient(path) as second, contextlib.aclosing(second.watch()) as pictures:
        with pytest.raises(PeerError, match="watch already"):
            await anext(pictures)
    await watching.aclose()
    await first.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with ControlClient(path) as third, contextlib.aclosing(third.watch()) as pictures:
                with contextlib.suppress(PeerError):
                    await anext(pictures)
                    break
            await asyncio.sleep(0.05)


async def test_a_recording_comes_as_an_open_file(path: Path, folder: Path, switch: FakeSwitch) -> None:
    name = switch.journeys[1].recordings[0].path
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(b"RIFF and so on")
    opened = await asyncio.to_thread(open_recording, path, FIRST_ID)
    with os.fdopen(opened.descriptor, "rb") as file:
        assert file.read() == b"RIFF and so on"
    assert opened.reply.size == 14
    assert opened.reply.name == f"{FIRST_ID}-1.wav"


async def test_a_recording_that_is_gone_is_told_in_words(path: Path) -> None:
    with pytest.raises(UserError, match="not there"):
        await asyncio.to_thread(open_recording, path, FIRST_ID, 7)


async def test_no_descriptor_is_left_behind(path: Path, folder: Path, switch: FakeSwitch) -> None:
    name = switch.journeys[1].recordings[0].path
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(b"RIFF")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - proc has no better words for it
    for _ in range(20):
        opened = await asyncio.to_thread(open_recording, path, FIRST_ID)
        os.close(opened.descriptor)
    await asyncio.sleep(0.05)
    assert len(os.listdir("/proc/self/fd")) <= before + 3  # noqa: PTH208 - as above


async def test_calls_are_found_page_by_page(path: Path) -> None:
    async with ControlClient(path) as client:
        first = await client.find(CallFilter(), limit=1)
        assert len(first.calls) == 1
        assert first.more is not None
        rest = await client.find(CallFilter(), limit=1, after=first.more)
        assert rest.calls[0].id != first.calls[0].id
        assert rest.more is None
        assert (await client.find(CallFilter(text="999"))).calls == []
