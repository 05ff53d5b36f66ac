"""The board at work: read, think, set, a thousand times a second."""

import os
import time

from machine import reset
from switchboard import Inputs, Switchboard
from wires import Wires


def run(uart, maintenance):
    """Run until the power goes, or the box asks for the prompt.

    Args:
        uart: To the box.
        maintenance: The file to leave then; the restart looks for it.
    """
    wires = Wires()
    number = os.urandom(2)
    board = Switchboard(number[0] << 8 | number[1])
    inputs = Inputs()
    wires.guard()
    before = time.ticks_ms()
    now = 0
    while not board.maintenance:
        ticks = time.ticks_ms()
        # The counter wraps after 12 days; our time goes on.
        now += time.ticks_diff(ticks, before)
        before = ticks
        waiting = uart.any()
        if waiting:
            data = uart.read(waiting)
            if data:
                board.link.receive_data(data, now)
        wires.read(inputs)
        board.step(inputs, now)
        wires.apply(board)
        data = board.link.data_to_send()
        if data:
            uart.write(data)
        while time.ticks_diff(time.ticks_ms(), ticks) < 1:
            time.sleep_us(100)
    with open(maintenance, "w"):
        pass
    # The watchdog can't be stopped, so the prompt needs a restart.
    reset()
