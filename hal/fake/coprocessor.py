"""The HAT's coprocessor without the HAT: the real board code in the real MicroPython, an exchange, a
telephone.

    firmware ── UART (pty) ── FakeCoprocessor ── node: MicroPython, board/coprocessor
                                   │ levels
                    FakeExchange ◄─┴─► FakeTelephone        sounds: in words, for whoever plays the codec

Needs node and board/node_modules (`npm ci --prefix board`). Runs in the owner's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hal.fake.analog import RING_HERTZ, FakeExchange, FakeTelephone, Sounds
from hal.fake.network import FakeMobileNetwork
from hal.fake.pty_port import PtyPort
from hal.fake.schedule import Schedule

REPOSITORY = Path(__file__).parents[2]
MODULE = "board/node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"
LOOK = 0.01
"""Seconds between looks at the levels."""


def _nothing(kind: str, what: str) -> None:
    return


class FakeCoprocessor:
    """One board with its two wires.

    Args:
        link: Lasting name of its UART.
        sounds: Told what sounds on the exchange line.
        exchange: Options of the `FakeExchange`.
    """

    def __init__(self, link: Path, sounds: Sounds = _nothing, **exchange: bool) -> None:
        self.schedule = Schedule()
        self.network = FakeMobileNetwork(self.schedule)
        self.exchange = FakeExchange(self.network, sounds, **exchange)
        self.telephone = FakeTelephone(self.network)
        self.uart = PtyPort(link)
        self.levels: dict[str, Any] = {}
        """What the board's outputs are."""
        self.on_levels: Callable[[], None] | None = None
        self._buttons = [False, False]
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._told: dict[str, Any] = {}

    async def start(self) -> None:
        """Power the board on, within the running loop."""
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(Path(__file__).with_name("micropython_board.mjs")),
            str(REPOSITORY / MODULE),
            str(REPOSITORY),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self.uart.plug()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.uart.fileno, self._from_box)
        self._tasks = [asyncio.create_task(self._from_board()), asyncio.create_task(self._live())]

    async def stop(self) -> None:
        """Take its power away."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.uart.fileno >= 0:
            asyncio.get_running_loop().remove_reader(self.uart.fileno)
        self.uart.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()

    def press(self, button: int, *, down: bool) -> None:
        """Hold one of the board's buttons, or let it go."""
        self._buttons[button] = down

    def _send(self, message: dict[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def _from_box(self) -> None:
        data = self.uart.read()
        if data:
            self._send({"uart": data.hex()})

    async def _from_board(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        while line := await self._process.stdout.readline():
            with contextlib.suppress(json.JSONDecodeError):
                message = json.loads(line)
                if "uart" in message:
                    self.uart.write(bytes.fromhex(message["uart"]))
                self.levels.update(message.get("levels", {}))
                if self.on_levels is not None:
                    self.on_levels()

    async def _live(self) -> None:
        """Carry levels between the board and the world."""
        loop = asyncio.get_running_loop()
        self.schedule.now = loop.time()
        while True:
            self.schedule.handle_timer(loop.time())
            self.exchange.hook(closed=bool(self.levels.get("closed")))
            levels = {
                "battery": self.exchange.battery,
                "loop_current": self.exchange.loop_current,
                "reversed": self.exchange.reversed,
                "handset_closed": self.telephone.closed,
                "buttons": list(self._buttons),
                "ring_hertz": RING_HERTZ if self.exchange.ringing else 0,
            }
            if levels != self._told:
                self._told = levels
                self._send({"levels": levels})
            await asyncio.sleep(LOOK)
