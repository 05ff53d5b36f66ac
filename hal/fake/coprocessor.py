"""The HAT without the HAT: the real board code in the real MicroPython, an exchange, a telephone, a codec.

    firmware ── UART (pty) ── FakeCoprocessor ── node: MicroPython, board/coprocessor
        │                          │ levels
        └─ two ptys ─ FakeCodec ── FakeExchange, FakeTelephone

Needs node and board/node_modules (`npm ci --prefix board`). Runs in the owner's event loop. Without a codec
what sounds is told in words (`sounds`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hal.fake.analog import RING_HERTZ, ExchangeHabits, FakeExchange, FakeTelephone, Sounds
from hal.fake.codec import ExchangeSound, FakeCodec, TelephoneSound
from hal.fake.pty_port import PtyPort
from hal.fake.world import World

REPOSITORY = Path(__file__).parents[2]
MODULE = "board/node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"
LOOK = 0.01
"""Seconds between looks at the levels."""


class FakeCoprocessor(World):
    """One board with its two wires.

    Args:
        link: Lasting name of its UART.
        sounds: Told in words what sounds on the exchange line.
        audio: Lasting names of the codec's channels: exchange line, handset.
        habits: What the exchange does.
    """

    def __init__(
        self,
        link: Path,
        sounds: Sounds | None = None,
        audio: tuple[Path, Path] | None = None,
        habits: ExchangeHabits | None = None,
    ) -> None:
        super().__init__()
        self.exchange = FakeExchange(self.network, self._sounds, habits)
        self.telephone = FakeTelephone(self.network)
        self.uart = PtyPort(link)
        self.levels: dict[str, Any] = {}
        """What the board's outputs are."""
        self.on_levels: Callable[[], None] | None = None
        self._told_in_words = sounds
        self._line_sound = ExchangeSound(self.exchange, self._key_heard)
        self._codec: FakeCodec | None = None
        if audio is not None:
            line, handset = audio
            self._codec = FakeCodec((line, self._line_sound), (handset, TelephoneSound(self.telephone)))
        self._buttons = [False, False]
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._told: dict[str, Any] = {}

    async def power_on(self) -> None:
        """Power the board on, within the running loop."""
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(Path(__file__).with_name("micropython_board.mjs")),
            str(REPOSITORY / MODULE),
            str(REPOSITORY),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._begin()
        self.plug()
        if self._codec is not None:
            self._codec.start()
        self._tasks = [asyncio.create_task(self._from_board()), asyncio.create_task(self._live())]

    async def power_off(self) -> None:
        """Take its power away."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.unplug()
        self._end()
        self.uart.close()
        if self._codec is not None:
            self._codec.stop()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()

    def press(self, button: int, *, down: bool) -> None:
        """Hold one of the board's buttons, or let it go."""
        self._buttons[button] = down

    @property
    def plugged(self) -> bool:
        return self.uart.fileno >= 0

    @property
    def quirks(self) -> ExchangeHabits:
        return self.exchange.habits

    def plug(self) -> None:
        """Let the box reach the board. Does nothing when it does."""
        if self._loop is not None and not self.plugged:
            self.uart.plug()
            self._loop.add_reader(self.uart.fileno, self._from_box)

    def unplug(self) -> None:
        if self._loop is not None and self.plugged:
            self._loop.remove_reader(self.uart.fileno)
            self.uart.unplug()

    def commands(self) -> list[tuple[float, str]]:
        """Return nothing: the link's messages are octets."""
        return []

    def figures(self) -> Mapping[str, object]:
        return {
            "audio": self.exchange.hooked,
            "handset": "lifted" if self.telephone.lifted else "on its cradle",
            "handset_rings": bool(self.levels.get("ringing")),
            "underruns": self._codec.underruns if self._codec is not None else 0,
        }

    def settle(self) -> None:
        if self._codec is not None:
            self._codec.settle()

    def _send(self) -> None:
        """Nothing: levels are carried by `_live`."""

    def _sounds(self, kind: str, what: str) -> None:
        if kind in ("caller", "withheld") and self._codec is not None:
            self._line_sound.tell_caller(what or None)
        if self._told_in_words is not None:
            self._told_in_words(kind, what)

    def _key_heard(self, key: str) -> None:
        """Called in the codec's thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.exchange.key_heard, key)

    def _tell_board(self, message: dict[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def _from_box(self) -> None:
        data = self.uart.read()
        if data:
            self._tell_board({"uart": data.hex()})

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
        while True:
            self._advance()
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
                self._tell_board({"levels": levels})
            await asyncio.sleep(LOOK)
