"""What the tick asks of the kernel: to be woken in time. Everything is tried, nothing is demanded."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import os
import resource
import threading
from pathlib import Path
from typing import Final

TIMER_SLACK_NS: Final = 1000
"""Instead of 50 µs, by which the kernel would delay every wake-up."""
PRIORITY: Final = 10
"""SCHED_FIFO: above everything ordinary, below the kernel's own threads (50)."""
FILE_PRIORITY: Final = PRIORITY - 1
"""Of the threads that read and write files. As ordinary threads they could be interrupted by any busy process
while they hold the interpreter, and the tick would wait for them, and so for that process."""
_DESCRIPTORS: Final = 4096
"""Of 1365 ports; as many as the service's limit allows (zongji-media.service)."""
_MCL_CURRENT: Final = 1
_MCL_FUTURE: Final = 2
_MCL_ONFAULT: Final = 4
"""Lock pages when they are first used; else numpy's whole library would be read in (from mman.h)."""


def settle() -> bool:
    """Prepare the calling thread for the tick, and those it may wait for; call it after all were started.

    Returns:
        Whether SCHED_FIFO was granted.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/timerslack_ns").write_text(str(TIMER_SLACK_NS), encoding="ascii")
    _lock_memory()
    gc.collect()
    gc.freeze()
    gc.disable()
    own = threading.get_native_id()
    try:
        os.sched_setscheduler(own, os.SCHED_FIFO, os.sched_param(PRIORITY))
        for thread in threading.enumerate():
            if thread.native_id is not None and thread.native_id != own:
                os.sched_setscheduler(thread.native_id, os.SCHED_FIFO, os.sched_param(FILE_PRIORITY))
    except OSError:
        return False
    return True


def _lock_memory() -> None:
    """Keep our pages out of swap, unless a limit would then make a later allocation fail."""
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if os.geteuid() == 0 or soft == resource.RLIM_INFINITY:
        ctypes.CDLL(None).mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)


def allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one, and make room for them: a port takes three sockets.

    To be called while there is one thread: where the kernel's table of descriptors grows in a process of
    several, whoever opens a socket then waits for all processors (`synchronize_rcu`), 5 to 12 ms.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.suppress(OSError), Path(os.devnull).open("rb") as file:
        os.close(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, descriptors() - 1))


def descriptors() -> int:
    """Return for how many descriptors there is room from the start."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, _DESCRIPTORS)
