"""What "does its work" means: each thing that fails is told, and it alone."""

from __future__ import annotations

import http.server
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.control.answers import Answers
from firmware.control.base import BaseReply, BaseRequest
from firmware.control.care import CareReply, GetCare, TestCall, TestCallReply
from firmware.control.schema import GetStatus, LineStatus, StatusReply
from firmware.control.server import ControlServer
from firmware.core.clock import Instant
from firmware.update.health import Before, look, look_for_wrong, until_well

READY = ["gsm1", "pstn1"]


class Running:
    """The version that runs, as it answers at its control socket and on its pages."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "control.sock"
        self.lines = {"gsm1": "ready", "pstn1": "in call"}
        self.safe_mode = False
        self.heard = TestCallReply(ok=True)
        self.page = 200
        self.calls = 0
        self.looks = 0

    def answers(self) -> Answers:
        found = Answers()

        async def status(_: BaseRequest) -> BaseReply:
            self.looks += 1
            return StatusReply(
                version="2",
                started=Instant(wall_ms=0, mono_ms=0, boot_id="b", clock_set=True),
                ready_ms=500,
                lines=[LineStatus(name, state, "no SIM") for name, state in self.lines.items()],
                phones_registered=0,
                live_calls=self.calls,
                processes=[],
                media={},
                counters={},
                faults=[],
            )

        async def care(_: BaseRequest) -> BaseReply:
            return CareReply(safe_mode=self.safe_mode)

        async def call(_: BaseRequest) -> BaseReply:
            return self.heard

        for request, answer in ((GetStatus, status), (GetCare, care), (TestCall, call)):
            found.on(request, answer)
        return found


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    made = Running(tmp_path)
    server = ControlServer(made.socket, made.answers())
    await server.start()
    yield made
    await server.close()


@pytest.fixture
def page(running: Running) -> Iterator[str]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(running.page)
            self.end_headers()

        def log_message(self, *_: Any, **__: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("status", [200, 303, 401])
async def test_a_version_whose_lines_call_and_pages_work_is_well(
    running: Running, page: str, status: int
) -> None:
    running.page = status
    assert await look_for_wrong(running.socket, page, READY) is None


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"lines": {"gsm1": "ready"}}, "line pstn1 is gone"),
        ({"lines": {"gsm1": "down", "pstn1": "ready"}}, "line gsm1 is down: no SIM"),
        ({"safe_mode": True}, "safe mode"),
        ({"heard": TestCallReply(ok=False, detail="nothing was heard")}, "nothing was heard"),
        ({"page": 500}, "the pages answer 500"),
    ],
)
async def test_each_thing_that_fails_is_told(
    running: Running, page: str, broken: dict[str, object], told: str
) -> None:
    for name, value in broken.items():
        setattr(running, name, value)
    assert told in (await look_for_wrong(running.socket, page, READY) or "")


async def test_a_line_that_did_not_work_before_is_not_the_updates_fault(running: Running, page: str) -> None:
    running.lines["gsm1"] = "down"
    assert await look_for_wrong(running.socket, page, ["pstn1"]) is None


async def test_pages_and_a_switch_that_are_not_there_are_told(
    running: Running, page: str, tmp_path: Path
) -> None:
    nowhere = "http://127.0.0.1:9/"
    assert "the pages don't answer" in (await look_for_wrong(running.socket, nowhere, READY) or "")
    assert await look_for_wrong(tmp_path / "nobody.sock", page, READY)


async def test_a_version_gets_the_time_it_takes_to_come_up(running: Running, page: str) -> None:
    class Registers(dict[str, str]):
        """The modem that registers between the first look and the second."""

        def items(self) -> Any:
            return {"gsm1": "ready" if running.looks > 1 else "starting", "pstn1": "ready"}.items()

    running.lines = Registers()
    assert await until_well(running.socket, page, READY) is None
    assert running.looks == 2


async def test_one_that_does_not_come_up_is_given_up(running: Running, page: str) -> None:
    running.lines["gsm1"] = "down"
    assert await until_well(running.socket, page, READY, limit_s=1.0)


async def test_before_an_update_one_looks_what_works_and_who_talks(running: Running, tmp_path: Path) -> None:
    running.lines["gsm1"], running.calls = "down", 2
    assert await look(running.socket) == Before(ready_lines=["pstn1"], live_calls=2)
    assert await look(tmp_path / "nobody.sock") == Before()
