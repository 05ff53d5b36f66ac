"""SIPp as a phone that follows a script, and as a load generator. Scenarios are in `sipp/`.

    await sipp.run(tmp_path, "register", registrar_port=port, local_port=5071, user="101", secret=secret)
    async with sipp.running(tmp_path, "uas_answers", registrar_port=port, local_port=5071) as phone:
        ...
    assert phone.succeeded, phone.report()

| scenario          | what it does                                                            |
| register          | REGISTER, answers the 401, expects 200                                  |
| unregister        | the same with Expires: 0                                                |
| uas_answers       | 180, 200 with SDP (echoes RTP with `rtp_echo`), waits for BYE           |
| uas_busy          | 486                                                                     |
| uas_declines      | 603                                                                     |
| uas_never_answers | 180, then waits for CANCEL and says 487                                 |
| uac_calls         | INVITE with digest, ACK, `pause` ms, BYE                                |
| uac_cancels       | INVITE with digest, CANCEL after 180                                    |

Every run is bounded in time and ended by its pid.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

SCENARIOS = Path(__file__).parent / "sipp"
# SIPp's own exit code for "every call succeeded".
_ALL_WELL = 0
_GRACE_S = 10.0


class Sipp:
    """One run of SIPp."""

    def __init__(self, folder: Path, scenario: str) -> None:
        self.folder = folder
        self.scenario = scenario
        self.returncode: int | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def succeeded(self) -> bool:
        """Whether all its calls went as the scenario says."""
        return self.returncode == _ALL_WELL

    def report(self) -> str:
        """Return what it complained of."""
        parts = [f"{self.scenario} ended with {self.returncode}"]
        for name in ("errors.log", "output.log"):
            path = self.folder / name
            if path.exists():
                parts.append(path.read_text(errors="replace")[-3000:])
        return "\n".join(parts)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def wait(self) -> None:
        """Wait until all its calls are over."""
        assert self._process is not None
        self.returncode = await self._process.wait()

    async def _start(self, arguments: Sequence[str]) -> None:
        with (self.folder / "output.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "sipp",
                *arguments,
                cwd=self.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def _stop(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 2.0)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    scenario: str | Path,
    *,
    registrar_port: int,
    local_port: int,
    user: str = "",
    secret: str = "",
    number: str = "",
    calls: int = 1,
    rate: float = 10,
    transport: str = "udp",
    lost_percent: float = 0,
    pause_ms: int = 300,
    within_s: float = 30,
    extra: Sequence[str] = (),
) -> AsyncIterator[Sipp]:
    """Start a scenario; at the end give it a little time to finish, then end it.

    Args:
        folder: Where its logs go; a folder of its own is made in it.
        scenario: A file of `sipp/` without `.xml`, a file of one's own, or a built-in one as "-sn uas".
        registrar_port: The box's SIP port on 127.0.0.1.
        local_port: SIPp's own.
        user: Who it is, for REGISTER and From.
        secret: That user's secret.
        number: Whom it calls.
        calls: How many calls to make or take before it ends.
        rate: Calls per second.
        transport: `udp` or `tcp` (one connection).
        lost_percent: Share of packets it throws away, both ways.
        pause_ms: How long a call lasts.
        within_s: After how long it gives up.
        extra: Further options.
    """
    file = scenario if isinstance(scenario, Path) else SCENARIOS / f"{scenario}.xml"
    source = str(scenario).split() if str(scenario).startswith("-sn") else ["-sf", str(file)]
    place = folder / f"sipp-{file.stem.replace(' ', '')}-{local_port}"
    place.mkdir(parents=True, exist_ok=True)
    sipp = Sipp(place, file.stem)
    arguments = [
        f"127.0.0.1:{registrar_port}", *source,
        "-i", "127.0.0.1", "-p", str(local_port), "-mi", "127.0.0.1",
        "-s", number or user or "service", "-au", user or "nobody", "-ap", secret or "none",
        "-key", "user", user or "nobody", "-m", str(calls), "-r", str(rate), "-d", str(pause_ms),
        "-t", "u1" if transport == "udp" else "t1", "-nostdin", "-timeout", f"{within_s:g}s",
        "-trace_err", "-error_file", "errors.log", *extra,
    ]  # fmt: skip
    if lost_percent:
        arguments += ["-lost", f"{lost_percent:g}"]
    await sipp._start(arguments)
    try:
        yield sipp
        if sipp.returncode is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(sipp.wait(), _GRACE_S)
    finally:
        await sipp._stop()


async def run(
    folder: Path, scenario: str | Path, *, registrar_port: int, local_port: int, **options: object
) -> Sipp:
    """Run a scenario to its end; options as for `running`."""
    async with running(
        folder,
        scenario,
        registrar_port=registrar_port,
        local_port=local_port,
        **options,  # type: ignore[arg-type] # handed on
    ) as sipp:
        await sipp.wait()
    return sipp
