"""The whole box on this computer: the simulated outside world, the switch, and what they leave behind.

world   python -m hal.fake    for each line: its network and its device, on ptys linked into STATE/run
switch  python -m firmware    the real one, which starts the media process itself
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware.control.client import ControlClient, NoSwitch
from firmware.control.schema import StatusReply
from firmware.core.errors import UserError
from firmware.core.paths import StatePaths
from firmware.profile import load_profile
from firmware.sim.processes import Child, ProcessFailed, until_listening, until_there
from firmware.sim.worlds import LINE, PROFILE, world_socket, worlds_of
from ivr.prompts import speak_missing

_READY_SECONDS = 20.0
# A switch that dies at once each time is not restarted for ever; systemd's units say the same.
_RESTARTS = 5
_RESTART_PAUSE_SECONDS = 0.2


class Simulation:
    """Everything running; enter it to start, leave it to end.

    Args:
        paths: The state folder; nobody else may simulate in it at the same time.
        sip_port: 0 takes a free one.
        tell: Called with a line of progress for the person watching.
        web_port: Where the admin's pages are, on this computer only; None for no pages.
        profile: The board's; its lines are simulated.
    """

    def __init__(
        self,
        paths: StatePaths,
        sip_port: int,
        tell: Callable[[str], None],
        web_port: int | None = None,
        profile: Path = PROFILE,
    ) -> None:
        self.paths = paths
        self._tell = tell
        logs = paths.root / "log"
        self.worlds = [
            (self.socket_of(world.line), Child(name, world.command, logs / f"{name}.log"))
            for world in worlds_of(load_profile(profile).lines, str(paths.run), self.socket_of)
            for name in ("world" if world.line == LINE else f"world-{world.line}",)
        ]
        """A network and a device for each line or board, in the profile's order."""
        self.world = self.worlds[0][1]
        switch: list[str | Path] = ["-m", "firmware", "--state", paths.root, "--profile", profile]
        self.switch = Child("switch", [*switch, "--sip-port", str(sip_port)], logs / "switch.log")
        self.web: Child | None = None
        self._web_port = web_port
        if web_port is not None:
            web: list[str | Path] = ["-m", "web_admin", "--state", paths.root]
            self.web = Child("web", [*web, "--host", "127.0.0.1", "--port", str(web_port)], logs / "web.log")
        self.switch_started = 0.0
        """Monotonic seconds when the switch process was started last."""
        self._lock: int | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.paths.ensure()
        self._take_lock()
        try:
            for spoken in speak_missing(self.paths.prompts):
                self._tell(f"spoke {spoken}")
            self.paths.control_socket.unlink(missing_ok=True)
            for socket, world in self.worlds:
                socket.unlink(missing_ok=True)
                await world.start()
                await until_there(socket, world, _READY_SECONDS)
            await self._start_switch()
            if self.web is not None and self._web_port is not None:
                await self.web.start()
                await until_listening(self._web_port, self.web, _READY_SECONDS)
        except BaseException:
            await self._stop()
            raise
        self._keeper = asyncio.create_task(self._keep_switch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def status(self) -> StatusReply:
        """Return the switch's own word on how it is doing.

        Raises:
            NoSwitch: It isn't running.
        """
        async with ControlClient(self.paths.control_socket) as switch:
            return await switch.status()

    async def until_line_ready(self) -> None:
        """Wait until the simulated line takes calls.

        Raises:
            ProcessFailed: It doesn't, in reasonable time; the text says what the line says.
        """
        detail = "the switch doesn't answer"
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while True:
                    with contextlib.suppress(NoSwitch):
                        waiting = [line for line in (await self.status()).lines if line.state != "ready"]
                        if not waiting:
                            return
                        detail = f"{waiting[0].name}: {waiting[0].detail}"
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise ProcessFailed(f"a line is not ready: {detail}") from None

    def socket_of(self, line: str) -> Path:
        """Return the remote control of a line's world."""
        return world_socket(self.paths, line)

    async def _start_switch(self) -> None:
        self.switch_started = time.monotonic()
        await self.switch.start()
        await until_there(self.paths.control_socket, self.switch, _READY_SECONDS)

    async def _keep_switch(self) -> None:
        """Restart the switch when it dies, as systemd does on the box."""
        for _ in range(_RESTARTS):
            status = await self.switch.wait()
            self._tell(f"the switch ended with status {status}; it is started again")
            await asyncio.sleep(_RESTART_PAUSE_SECONDS)
            self.paths.control_socket.unlink(missing_ok=True)
            try:
                await self._start_switch()
            except ProcessFailed as error:
                self._tell(str(error))
        self._tell(f"the switch died {_RESTARTS} times; see {self.switch.log}")

    async def _stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self.web is not None:
            await self.web.stop()
        await self.switch.stop()
        for _, world in self.worlds:
            await world.stop()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        lock = os.open(self.paths.run / "simulation.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise UserError(
                f"a simulation already runs on {self.paths.root}; end it, or name another folder with --state"
            ) from None
        self._lock = lock
