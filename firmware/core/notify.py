"""Tells the service manager how a process is doing (sd_notify(3)). Without one, nothing happens.

A datagram of `NAME=value` lines to the socket named by NOTIFY_SOCKET; `@` at its beginning stands for the
abstract namespace. With WATCHDOG_USEC set, the manager restarts a process that hasn't sent `WATCHDOG=1` for
so long (sd_watchdog_enabled(3)).
"""

from __future__ import annotations

import contextlib
import os
import socket


def notify(state: str) -> bool:
    """Send `state`, such as "READY=1"; True when a manager was there to hear it. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.setblocking(False)
        wire.sendto(state.encode(), address)
        return True
    return False


def ready() -> bool:
    """Tell that the process does its work from now on."""
    return notify("READY=1")


def alive() -> bool:
    """Tell that the process isn't stuck."""
    return notify("WATCHDOG=1")


def stopping() -> bool:
    """Tell that the process was asked to end and is about it."""
    return notify("STOPPING=1")


def is_managed() -> bool:
    """Tell whether a service manager started this process and listens."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def watchdog_period() -> float | None:
    """Return how often to say `alive`, in seconds, half of what the manager allows; None: nobody waits."""
    text = os.environ.get("WATCHDOG_USEC", "")
    meant = os.environ.get("WATCHDOG_PID", "")
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        return None
    if meant and meant != str(os.getpid()):
        return None
    return int(text) / 2e6
