"""The media process: the engine, its sockets, its two threads, and the clock that drives them.

    sleep ─► tick ─► events ─► next deadline = this one + 20 ms
      └─ something was said ─► sleep to 4 ms before the deadline ─► commands (bounded) ─► sleep

What is commanded is done by the very next tick: a prompt is heard, or falls silent, 4 to 24 ms after its
command came. A file that is asked for has the while until the tick to be read. Where nobody is connected to
anything, ticks up to the next pulse are slept through, until a command comes.
Deadlines are absolute, so lateness does not add up. After a stop of over 200 ms (the computer slept) the
ticks in between are left out instead of being hurried through.
"""

from __future__ import annotations

import argparse
import array
import math
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from firmware.core import notify
from firmware.media import protocol
from firmware.media.control import BUDGET_SECONDS, ControlServer
from firmware.media.devices import open_device
from firmware.media.engine import Engine
from firmware.media.loader import FileLoader
from firmware.media.realtime import allow_many_sockets, settle
from firmware.media.rtp_sockets import RtpSockets
from firmware.media.writer import RecordingWriter

TICK: Final = 0.02
"""Seconds."""
MAX_BEHIND: Final = 0.2
"""Seconds behind after which ticks are left out."""
PULSE_TICKS: Final = 10
STATS_TICKS: Final = 50
ORPHAN_SECONDS: Final = 60.0
"""Without a switch and without any audio arriving, nobody needs us any more but a service manager."""
GIL_SECONDS: Final = 0.0005
"""After which a file thread must let the tick have the interpreter; Python's 5 ms is a quarter of a tick."""
LATENESS_TICKS: Final = 3000
"""One minute."""


class _Lateness:
    """How late the last minute's ticks began."""

    def __init__(self) -> None:
        self._seconds = array.array("f", bytes(4 * LATENESS_TICKS))
        self._count = 0

    def note(self, seconds: float) -> None:
        self._seconds[self._count % LATENESS_TICKS] = seconds
        self._count += 1

    def percentiles_ms(self) -> tuple[float, float, float]:
        """Return the 50th and 99th percentile and the greatest, in milliseconds."""
        if not self._count:
            return (0.0, 0.0, 0.0)
        p50, p99, worst = np.percentile(self._seconds[: self._count], (50, 99, 100)) * 1000
        return float(p50), float(p99), float(worst)


class MediaProcess:
    """Everything of one process.

    Args:
        socket_path: Where the switch finds us.
        rtp_ports: Lowest and highest local RTP port.
    """

    def __init__(self, socket_path: str, rtp_ports: tuple[int, int]) -> None:
        self._control = ControlServer(socket_path)
        self._network = RtpSockets(*rtp_ports)
        self._loader = FileLoader()
        self._writer = RecordingWriter()
        self._engine = Engine(self._network, open_device, self._loader, self._writer)
        self._lateness = _Lateness()
        self._overruns = 0
        self._refused = 0
        self._orphaned_ticks = 0
        self._stopping = False
        self._real_time = False
        self._managed = notify.watchdog_period() is not None

    def run(self) -> None:
        """Tick until told to stop, or until nobody needs us."""
        self._loader.start()
        self._writer.start()
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        sys.setswitchinterval(GIL_SECONDS)
        self._real_time = settle()
        notify.ready()
        deadline = time.monotonic() + TICK
        while not self._stopping:
            if self._engine.has_nobody:
                deadline = self._rest(deadline)
            if self._control.wait(deadline - time.monotonic()):
                # A little later more has been said, and all of it is done in one go.
                _sleep_until(deadline - BUDGET_SECONDS)
                self._control.receive(self._apply, deadline)
            _sleep_until(deadline)
            self._lateness.note(time.monotonic() - deadline)
            self._engine.tick()
            self._control.send(self._engine.take_events())
            self._report()
            deadline += TICK
            behind = time.monotonic() - deadline
            if behind > MAX_BEHIND:
                left_out = int(behind / TICK)
                self._overruns += left_out
                deadline += left_out * TICK
        self._close()

    def _rest(self, deadline: float) -> float:
        """Sleep until a command comes or the tick of the next pulse is due; return when the next tick is."""
        spare = -(self._engine.ticks + 1) % PULSE_TICKS
        self._control.wait(deadline + spare * TICK - BUDGET_SECONDS - time.monotonic())
        late = time.monotonic() + BUDGET_SECONDS - deadline
        left_out = min(spare, max(0, math.ceil(late / TICK)))
        self._engine.sleep_through(left_out)
        return deadline + left_out * TICK

    def _stop(self, _signal: int, _frame: object) -> None:
        self._stopping = True

    def _apply(self, command: protocol.Command) -> None:
        if isinstance(command, protocol.Hello) and command.version != protocol.VERSION:
            # A switch of another version starts its own media process once this one is gone.
            self._stopping = True
            return
        try:
            self._engine.apply(command)
        except (ValueError, TypeError, OverflowError, OSError) as error:
            # A number or a name no array or socket takes; nobody's call shall end for it.
            self._refused += 1
            sys.stderr.write(f"media: {type(command).__name__} refused: {error}\n")

    def _report(self) -> None:
        ticks = self._engine.ticks
        if ticks % STATS_TICKS == 0:
            notify.alive()
        if self._control.connected:
            self._orphaned_ticks = 0
            if ticks % PULSE_TICKS == 0:
                self._control.send([protocol.Pulse(ticks)])
            if ticks % STATS_TICKS == 0:
                self._control.send([self._stats()])
        elif not self._managed:
            self._orphaned_ticks += 1
            if min(self._orphaned_ticks, self._engine.idle_ticks) * TICK > ORPHAN_SECONDS:
                self._stopping = True

    def _stats(self) -> protocol.MediaStats:
        p50, p99, worst = self._lateness.percentiles_ms()
        stats = self._engine.stats()
        return msgspec.structs.replace(
            stats,
            pid=os.getpid(),
            lateness_p50_ms=p50,
            lateness_p99_ms=p99,
            lateness_max_ms=worst,
            overruns=self._overruns,
            rss_kb=_rss_kb(),
            refused_commands=stats.refused_commands + self._control.refused + self._refused,
            real_time=self._real_time,
        )

    def _close(self) -> None:
        self._engine.close()
        self._writer.stop()
        self._control.send(self._engine.take_events())
        self._loader.stop()
        self._network.close_all()
        self._control.close()


def _sleep_until(moment: float) -> None:
    wait = moment - time.monotonic()
    if wait > 0:
        time.sleep(wait)


def _rss_kb() -> int:
    """Return our resident memory in kB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def _port_range(text: str) -> tuple[int, int]:
    """Parse "20000-20999".

    Raises:
        ValueError: It is no range of ports.
    """
    low, _, high = text.partition("-")
    if not 1024 <= int(low) < int(high) <= 65535:
        raise ValueError(text)
    return int(low), int(high)


def main() -> int:
    """Run the process; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m firmware.media", description="The media process.")
    parser.add_argument("--socket", required=True, metavar="PATH", help="control socket to listen at")
    parser.add_argument("--rtp-ports", type=_port_range, default=(20000, 20999), metavar="LOW-HIGH")
    arguments = parser.parse_args()
    allow_many_sockets()
    try:
        process = MediaProcess(arguments.socket, arguments.rtp_ports)
    except OSError as error:
        sys.stderr.write(f"media: {error}\n")
        return 1
    process.run()
    return 0
