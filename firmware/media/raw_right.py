"""The right to open raw sockets: used once, before anything from a wire is read, then given up for good."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
from typing import Final

_CAP_NET_RAW: Final = 13
"""This and what follows: linux/capability.h, linux/prctl.h."""
_VERSION_3: Final = 0x20080522
_HEADER: Final = struct.Struct("=Ii")
"""Version, thread (0: the calling one)."""
_SETS: Final = struct.Struct("=6I")
"""Effective, permitted and inheritable capabilities 0 to 31, and then 32 to 63."""
_PR_CAPBSET_DROP: Final = 24
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_LOWER: Final = 3


def open_raw_socket() -> socket.socket | None:
    """Return an IPv4 raw socket that sends what it is given and receives nothing, or None without the right.

    Either way there is no second one: neither this thread, nor those it starts, nor any program they execute
    can open one from now on (the last as far as we may say so, or `no_new_privs` is set, as in the service).
    To be called while there is one thread.

    Raises:
        OSError: The right could not be given up.
    """
    sock: socket.socket | None = None
    with contextlib.suppress(OSError):
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    _give_up()
    return sock


def _give_up() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    # From the bounding set a program may take something only with CAP_SETPCAP.
    libc.prctl(_PR_CAPBSET_DROP, _CAP_NET_RAW, 0, 0, 0)
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_LOWER, _CAP_NET_RAW, 0, 0)
    header = _HEADER.pack(_VERSION_3, 0)
    sets = ctypes.create_string_buffer(_SETS.size)
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    low, high = _SETS.unpack(sets.raw)[:3], _SETS.unpack(sets.raw)[3:]
    kept = [word & ~(1 << _CAP_NET_RAW) for word in low]
    if libc.capset(header, _SETS.pack(*kept, *high)):
        raise OSError(ctypes.get_errno(), "capset")
