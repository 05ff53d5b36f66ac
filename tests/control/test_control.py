"""The control socket: questions, answers, and clients that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.control import client as client_module
from firmware.control import server as server_module
from firmware.control.answers import answers_of
from firmware.control.client import BlockingClient, ControlClient, NoSwitch
from firmware.control.processes import process_status
from firmware.control.schema import MAX_CALLS, MAX_REQUEST_BYTES, ControlApi
from firmware.control.server import MAX_CONNECTIONS, ControlServer
from firmware.core.errors import PeerError, UserError
from tests.control.switch import FIRST_ID, SECRET, FakeSwitch


@pytest.fixture
def path() -> Iterator[Path]:
    # A Unix socket's path holds 107 bytes at most; pytest's own folders can be longer.
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        yield Path(folder) / "control.sock"


@pytest.fixture
def switch() -> FakeSwitch:
    return FakeSwitch()


@pytest.fixture
async def server(path: Path, switch: FakeSwitch) -> AsyncIterator[ControlServer]:
    api: ControlApi = switch
    server = ControlServer(path, answers_of(api))
    await server.start()
    yield server
    await server.close()


class Wire:
    """A client that writes what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, line: bytes) -> dict[str, Any]:
        self.writer.write(line)
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        reply: dict[str, Any] = json.loads(await asyncio.wait_for(self.reader.readline(), 5))
        return reply


@contextlib.asynccontextmanager
async def wire(path: Path) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


GOOD = b'{"do":"calls","v":1,"id":7,"limit":1}\n'


async def test_every_question_has_its_answer(server: ControlServer, path: Path, switch: FakeSwitch) -> None:
    async with ControlClient(path) as client:
        status = await client.status()
        assert (status.lines[0].name, status.ready_ms) == ("gsm1", 1234)
        assert (await client.phones())[0].secret == SECRET
        assert await client.calls(5) == switch.journeys
        assert await client.call(FIRST_ID) == switch.journeys[1]


async def test_a_users_mistake_comes_back_in_the_switchs_words(server: ControlServer, path: Path) -> None:
    async with ControlClient(path) as client:
        with pytest.raises(UserError, match="There is no call 9"):
            await client.call("9")
        assert len(await client.calls()) == 2, "the connection goes on after an error"


async def test_a_defect_of_the_switch_stays_in_its_log(
    server: ControlServer, path: Path, switch: FakeSwitch, caplog: pytest.LogCaptureFixture
) -> None:
    switch.broken = True
    async with ControlClient(path) as client:
        with pytest.raises(PeerError, match="its log says why"):
            await client.status()
    assert "secret detail" in caplog.text


async def test_questions_of_several_tasks_get_their_own_answers(server: ControlServer, path: Path) -> None:
    async with ControlClient(path) as client:
        answers = await asyncio.gather(*(client.calls(1 + number % 2) for number in range(20)))
    assert [len(answer) for answer in answers] == [1, 2] * 10


async def test_a_question_given_up_does_not_get_the_next_ones_answer(
    server: ControlServer, path: Path
) -> None:
    async with ControlClient(path) as client:
        asking = asyncio.ensure_future(client.status())
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        with contextlib.suppress(NoSwitch):
            assert len(await client.calls(1)) == 1


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (-5, 1), (7, 7), (10**9, MAX_CALLS)])
async def test_a_reply_holds_a_bounded_number_of_calls(
    server: ControlServer, path: Path, switch: FakeSwitch, asked: int, given: int
) -> None:
    async with ControlClient(path) as client:
        await client.calls(asked)
    assert switch.asked == [given]


async def test_only_user_and_group_may_connect(server: ControlServer, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"null\n",
        b"{}\n",
        b"[1,2]\n",
        b"\xff\xfe\x00\n",
        b'{"do":"calls","v":1,"id":"x"}\n',
        b'{"do":"calls","v":1,"limit":"all"}\n',
        b'{"do":"reboot","v":1}\n',
        b'{"do":"call","v":1}\n',
        b'{"do":"call","v":1,"call":"\xed\xa0\x80"}\n',
        b'{"do":"calls","v":2}\n',
        b"[" * 5000 + b"\n",
    ],
)
async def test_a_line_that_makes_no_sense_is_answered_and_the_next_one_counts(
    server: ControlServer, path: Path, line: bytes
) -> None:
    async with wire(path) as client:
        reply = await client.say(line)
        assert (reply["is"], reply["kind"]) == ("error", "protocol")
        assert (await client.say(GOOD))["is"] == "calls"
    assert server.refused == 1


async def test_a_client_of_another_version_is_told_so(server: ControlServer, path: Path) -> None:
    async with wire(path) as client:
        reply = await client.say(b'{"do":"teleport","v":9,"id":3}\n')
    assert reply["id"] == 3
    assert "version 1" in reply["message"]


async def test_a_line_without_end_is_cut_off(server: ControlServer, path: Path) -> None:
    async with wire(path) as client, wire(path) as other:
        reply = await client.say(b"x" * (MAX_REQUEST_BYTES * 3))
        assert "longer than" in reply["message"]
        with contextlib.suppress(ConnectionError):
            assert await client.reader.read() == b""
        assert (await other.say(GOOD))["is"] == "calls"


async def test_one_byte_at_a_time_is_as_good_as_all_at_once(server: ControlServer, path: Path) -> None:
    async with wire(path) as client:
        for position in range(len(GOOD)):
            client.writer.write(GOOD[position : position + 1])
            await client.writer.drain()
            await asyncio.sleep(0)
        assert (await client.hear())["id"] == 7


@pytest.mark.parametrize("seed", range(5))
async def test_noise_on_the_socket_leaves_others_alone(server: ControlServer, path: Path, seed: int) -> None:
    dice = random.Random(seed)
    async with wire(path) as noisy, wire(path) as other:
        for _ in range(20):
            line = bytearray(GOOD)
            for _ in range(dice.randrange(1, 6)):
                line[dice.randrange(len(line) - 1)] = dice.choice(
                    [0, 0x22, 0x5B, 0x7B, 0xFF, dice.randrange(11, 256)]
                )
            reply = await noisy.say(bytes(line))
            assert reply["is"] in {"calls", "error"}
        assert (await other.say(GOOD))["is"] == "calls"


async def test_too_many_clients_are_told_to_wait(server: ControlServer, path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(wire(path)) for _ in range(MAX_CONNECTIONS)]
        for client in clients:
            assert (await client.say(GOOD))["is"] == "calls"
        late = await stack.enter_async_context(wire(path))
        assert "close one" in (await late.hear())["message"]
        assert (await clients[0].say(GOOD))["is"] == "calls"
    await asyncio.sleep(0.01)
    async with wire(path) as client:
        assert (await client.say(GOOD))["is"] == "calls"


async def test_a_client_that_falls_silent_is_let_go(
    server: ControlServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_IDLE_S", 0.02)
    async with wire(path) as client:
        assert await asyncio.wait_for(client.reader.read(), 5) == b""


async def test_closing_lets_go_of_everyone_and_takes_the_socket_away(path: Path, switch: FakeSwitch) -> None:
    server = ControlServer(path, answers_of(switch))
    await server.start()
    async with wire(path) as client:
        assert (await client.say(GOOD))["is"] == "calls"
        await server.close()
        assert await asyncio.wait_for(client.reader.read(), 5) == b""
    assert not path.exists()
    await server.close()


async def test_a_socket_left_by_a_killed_switch_is_taken_over(path: Path, switch: FakeSwitch) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with pytest.raises(NoSwitch):
        await ControlClient(path).connect()
    server = ControlServer(path, answers_of(switch))
    await server.start()
    async with ControlClient(path) as client:
        assert len(await client.calls()) == 2
    await server.close()


async def test_a_second_switch_on_the_same_folder_is_refused(server: ControlServer, path: Path) -> None:
    with pytest.raises(UserError, match="Another switch already runs"):
        await ControlServer(path, answers_of(FakeSwitch())).start()
    async with ControlClient(path) as client:
        assert len(await client.calls()) == 2


async def test_a_path_too_long_for_a_socket_is_explained(path: Path, switch: FakeSwitch) -> None:
    with pytest.raises(UserError, match="too long"):
        await ControlServer(path.parent / ("x" * 120), answers_of(switch)).start()


async def test_a_switch_that_does_not_answer_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_ANSWER_S", 0.02)
    async with mute_switch(path, b""), ControlClient(path) as client:
        with pytest.raises(PeerError, match="did not answer"):
            await client.status()


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\n",
        b"\xff\n",
        b'{"is":"calls","id":99,"journeys":[]}\n',
        b'{"is":"phones","id":1,"phones":[]}\n',
    ],
)
async def test_a_senseless_answer_is_refused(path: Path, answer: bytes) -> None:
    async with mute_switch(path, answer), ControlClient(path) as client:
        with pytest.raises(PeerError):
            await client.calls()


@contextlib.asynccontextmanager
async def mute_switch(path: Path, answer: bytes) -> AsyncIterator[None]:
    """Serve the socket with one fixed answer, or with none at all."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(serve, str(path))
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.01)


async def test_the_blocking_client_asks_the_same(
    server: ControlServer, path: Path, switch: FakeSwitch
) -> None:
    client = BlockingClient(path)
    assert await asyncio.to_thread(client.calls, 5) == switch.journeys
    assert (await asyncio.to_thread(client.call, FIRST_ID)).id == FIRST_ID
    assert (await asyncio.to_thread(client.status)).live_calls == 1
    assert len(await asyncio.to_thread(client.phones)) == 1


def test_passwords_do_not_show_in_a_log() -> None:
    phones = asyncio.run(FakeSwitch().phones())
    assert phones[0].secret not in repr(phones)


def test_a_process_tells_its_memory_and_a_dead_one_none() -> None:
    assert process_status("tests", os.getpid()).rss_kb > 5_000
    assert process_status("gone", 2**30).rss_kb == 0
