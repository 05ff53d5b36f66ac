"""What the RP2040 runs from power-up: read, think, set, a thousand times a second."""

import os
import time

from switchboard import Inputs, Switchboard
from wires import Wires


def run():
    """Run until the power goes."""
    wires = Wires()
    number = os.urandom(2)
    board = Switchboard(number[0] << 8 | number[1])
    inputs = Inputs()
    wires.guard()
    before = time.ticks_ms()
    now = 0
    while True:
        ticks = time.ticks_ms()
        # The counter wraps after 12 days; our time goes on.
        now += time.ticks_diff(ticks, before)
        before = ticks
        waiting = wires.uart.any()
        if waiting:
            data = wires.uart.read(waiting)
            if data:
                board.link.receive_data(data, now)
        wires.read(inputs)
        board.step(inputs, now)
        wires.apply(board)
        data = board.link.data_to_send()
        if data:
            wires.uart.write(data)
        while time.ticks_diff(time.ticks_ms(), ticks) < 1:
            time.sleep_us(100)


if __name__ == "__main__":
    run()
