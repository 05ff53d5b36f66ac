"""`./flash.sh sim --demo`: one complete call, judged by what each side heard.

caller 440 Hz ─► modem ─► switch ─► phone 101          caller keys 101 during the greeting
caller ◄─ modem ◄─ switch ◄─ 1000 Hz phone 101         the recording: caller left, phone right
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from extensions.softphone import PhoneError, SoftPhone
from firmware.cli.journeys import call_story, calls_table
from firmware.cli.options import language_of_environment
from firmware.cli.tables import table
from firmware.control.client import ControlClient
from firmware.control.processes import process_status
from firmware.core.errors import ZongjiError
from firmware.core.paths import StatePaths
from firmware.core.records import Journey, Outcome
from firmware.sim.listening import Samples, find_tone, read_wav, write_tone
from firmware.sim.simulation import Simulation
from hal.fake.control import World, WorldError
from hal.fake.network import PartyScript

_Result = TypeVar("_Result")

EXTENSION = "101"
CALLER = "13800138000"
CALLER_HZ, PHONE_HZ = 440.0, 1000.0
TALK_SECONDS = 4.0
# What a tone sent at -15 dBm0 has left of it, in dBFS, and how far off a channel may be.
_SENT_DBFS, _LEVEL_WITHIN_DB = -21.15, 2.0
_LONGEST_GAP_MS = 40.0
_STEP_SECONDS = 30.0
# What the product wants of itself on a Pi; shown beside the figures, not enforced here.
_WANTED_READY_SECONDS, _WANTED_MEGABYTES = 2.0, 200.0


class DemoFailed(ZongjiError):
    """A step of the demo didn't come true; the text says which and what happened instead."""


async def demonstrate(paths: StatePaths, sip_port: int, tell: Callable[[str], None]) -> int:
    """Run the demo; return the exit status: 0 when every step came true."""
    heard = paths.root / "heard"
    heard.mkdir(parents=True, exist_ok=True)
    try:
        progress = partial(_indented, tell)
        async with Simulation(paths, sip_port, progress, _free_port()) as simulation:
            await _one_call(simulation, heard, tell)
    except (ZongjiError, WorldError) as error:
        tell(f"\nThe demo failed: {error}")
        tell(f"Logs: {paths.root / 'log'}")
        return 1
    tell("\nEverything came true.")
    return 0


def _indented(tell: Callable[[str], None], line: str) -> None:
    tell(f"  {line}")


def _free_port() -> int:
    """Return a TCP port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _one_call(simulation: Simulation, heard: Path, tell: Callable[[str], None]) -> None:
    paths = simulation.paths
    async with ControlClient(paths.control_socket) as switch:
        account = next(phone for phone in await switch.phones() if phone.number == EXTENSION)
    host, _, port = account.server.rpartition(":")
    voice = heard / "phone-says.wav"
    write_tone(voice, PHONE_HZ, 10, _SENT_DBFS)
    phone = SoftPhone(host, int(port), EXTENSION, account.secret, plays=voice, answer_after=1.0)
    try:
        await phone.start()
        await _step("phone 101 registers", phone.register())
        ready = time.monotonic() - simulation.switch_started
        tell(f"phone {EXTENSION} registered {ready:.2f} s after the switch was started")
        await simulation.until_line_ready()
        async with World(paths.world_socket) as world:
            caller = await world.call(
                PartyScript(
                    number=CALLER,
                    digits=EXTENSION,
                    digits_after=2.0,
                    play=(f"tone:{CALLER_HZ:.0f}:-15",),
                    loop=True,
                    hear=str(heard / "caller.wav"),
                )
            )
            tell(f"{CALLER} calls the office")
            await _step("the office answers", caller.answered())
            tell(f"answered; the caller hears the greeting and keys {EXTENSION}")
            await _step("the phone takes the call", phone.wait_for_call())
            tell(f"phone {EXTENSION} rang, showing {phone.caller}, and took the call")
            await asyncio.sleep(TALK_SECONDS)
            await _show_processes(simulation, ready, tell)
            await caller.hang_up()
            await _step("the phone is let go", phone.call_over())
        phone.write_heard(heard / "phone.wav")
    except (PhoneError, OSError) as error:
        raise DemoFailed(f"phone {EXTENSION}: {error}") from error
    finally:
        await phone.stop()
    journey = await _step("the journey is written", _journey(paths))
    _check(paths, journey, heard, tell)
    tell("\n" + calls_table([journey], language_of_environment()))
    tell("\n" + call_story(journey, language_of_environment(), paths.recordings))


async def _journey(paths: StatePaths) -> Journey:
    async with ControlClient(paths.control_socket) as switch:
        while True:
            ended = [journey for journey in await switch.calls(1) if journey.outcome is not None]
            if ended:
                return ended[0]
            await asyncio.sleep(0.05)


def _check(paths: StatePaths, journey: Journey, heard: Path, tell: Callable[[str], None]) -> None:
    """Judge the journey and everything that was heard.

    Raises:
        DemoFailed: Something isn't as it must be.
    """
    if journey.outcome is not Outcome.ANSWERED:
        raise DemoFailed(f"the journey says {journey.outcome}, not {Outcome.ANSWERED}")
    if not journey.recordings or not journey.recordings[0].complete:
        raise DemoFailed("the call has no complete recording")
    _, recorded = read_wav(paths.recordings / journey.recordings[0].path)
    _, by_phone = read_wav(heard / "phone.wav")
    _, by_caller = read_wav(heard / "caller.wav")
    rows = [
        _judge("the phone", by_phone[:, 0], CALLER_HZ),
        _judge("the caller", by_caller[:, 0], PHONE_HZ),
        _judge("recording, left", recorded[:, 0], CALLER_HZ),
        _judge("recording, right", recorded[:, 1], PHONE_HZ),
    ]
    headings = ["Who heard", "Tone", "Level", "Longest gap", "For"]
    tell("\n" + table(headings, rows, right=frozenset({1, 2, 3, 4})))


def _judge(who: str, samples: Samples, hertz: float) -> list[str]:
    tone = find_tone(samples, 8000, hertz)
    if tone is None:
        raise DemoFailed(f"{who} did not hear {hertz:.0f} Hz")
    if abs(tone.level_dbfs - _SENT_DBFS) > _LEVEL_WITHIN_DB:
        raise DemoFailed(f"{who} heard {hertz:.0f} Hz at {tone.level_dbfs:.1f} dBFS, not {_SENT_DBFS}")
    if tone.longest_gap_ms > _LONGEST_GAP_MS:
        raise DemoFailed(f"{who} heard {hertz:.0f} Hz with a gap of {tone.longest_gap_ms:.0f} ms")
    if tone.lasted_seconds < TALK_SECONDS - 1:
        raise DemoFailed(f"{who} heard {hertz:.0f} Hz for {tone.lasted_seconds:.1f} s only")
    return [
        who,
        f"{tone.hertz:.1f} Hz",
        f"{tone.level_dbfs:.1f} dBFS",
        f"{tone.longest_gap_ms:.0f} ms",
        f"{tone.lasted_seconds:.1f} s",
    ]


async def _show_processes(simulation: Simulation, ready: float, tell: Callable[[str], None]) -> None:
    """Show what the box takes, in mid-call; the simulated world isn't part of it."""
    status = await simulation.status()
    processes = list(status.processes)
    if simulation.web is not None and simulation.web.pid is not None:
        processes.append(process_status("web", simulation.web.pid))
    total = sum(process.rss_kb for process in processes) / 1024
    rows = [[process.name, str(process.pid), f"{process.rss_kb / 1024:.1f} MB"] for process in processes]
    rows.append(["together", "", f"{total:.1f} MB"])
    if simulation.world.pid is not None:
        world = process_status("world", simulation.world.pid)
        rows.append(["(simulated world)", str(world.pid), f"{world.rss_kb / 1024:.1f} MB"])
    tell("\n" + table(["Process", "PID", "Memory"], rows, right=frozenset({1, 2})))
    tell(f"wanted: together at most {_WANTED_MEGABYTES:.0f} MB, ready within {_WANTED_READY_SECONDS:.0f} s")
    tell(f"ready after {ready:.2f} s; tick lateness p99 {status.media['lateness_p99_ms']:.2f} ms\n")


async def _step(what: str, doing: Awaitable[_Result]) -> _Result:
    """Do a step within its time.

    Raises:
        DemoFailed: It took too long.
    """
    try:
        async with asyncio.timeout(_STEP_SECONDS):
            return await doing
    except TimeoutError:
        raise DemoFailed(f"{what}: not within {_STEP_SECONDS:.0f} s") from None
