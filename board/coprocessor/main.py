"""What the RP2040 runs from power-up. It stays when the rest is exchanged, so it is small and loads late.

    power ─► Ctrl-C within WINDOW, or asked for by the box ──► a prompt on the UART, for who brings new files
        └──► service.run of the folder named in /current; one that can't be loaded: of the other folder

The files lie in /a or /b, and new ones go where nothing runs: a power cut meanwhile harms nothing.
"""

import os
import sys
import time

from machine import UART, Pin
from uos import dupterm

WINDOW = 1500
"""Milliseconds in which a Ctrl-C leads to the prompt, also of a board whose files are broken."""
MAINTENANCE = "/maintenance"
"""A file that a running board leaves when the box asks for the prompt."""
_FOLDERS = ("a", "b")
_INTERRUPT = 3


def _chosen():
    """Return the folders to try, the one to run first."""
    try:
        with open("/current") as file:
            current = file.read().strip()
    except OSError:
        current = _FOLDERS[0]
    return sorted(_FOLDERS, key=lambda folder: folder != current)


def _prompt_wanted(uart):
    """Whether the box wants the prompt instead of a running board."""
    try:
        os.remove(MAINTENANCE)
        return True
    except OSError:
        pass
    began = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), began) < WINDOW:
        waiting = uart.any()
        if waiting and _INTERRUPT in (uart.read(waiting) or b""):
            return True
        time.sleep_ms(5)
    return False


def start():
    uart = UART(0, 115200, tx=Pin(0), rx=Pin(1), rxbuf=512, txbuf=512)
    if not _prompt_wanted(uart):
        for folder in _chosen():
            sys.path.insert(0, "/" + folder)
            try:
                import service
            except Exception as error:
                print(error)
                sys.path.pop(0)
                continue
            service.run(uart, MAINTENANCE)
    dupterm(uart)


if __name__ == "__main__":
    start()
