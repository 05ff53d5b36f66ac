"""Debian's libspandsp2, loaded when first asked for: whether it is there concerns the switch too, which has
no use for the arrays of `g722`.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Final

_LIBRARY: Final = "libspandsp.so.2"


class G722Unavailable(RuntimeError):
    """libspandsp2 is not installed, or has no memory."""


@functools.cache
def spandsp() -> ctypes.CDLL:
    """Load the library and tell ctypes its functions.

    Raises:
        G722Unavailable: It isn't installed.
    """
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise G722Unavailable(f"{_LIBRARY} can't be loaded") from error
    for side in ("encode", "decode"):
        init = getattr(library, f"g722_{side}_init")
        init.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
        init.restype = ctypes.c_void_p
        free = getattr(library, f"g722_{side}_free")
        free.argtypes = [ctypes.c_void_p]
        free.restype = ctypes.c_int
        run = getattr(library, f"g722_{side}")
        run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
        run.restype = ctypes.c_int
    return library


def available() -> bool:
    """Return whether G.722 can be used on this machine."""
    try:
        spandsp()
    except G722Unavailable:
        return False
    return True
