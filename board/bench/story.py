"""The board's own story, in Python that CPython and MicroPython both run: its logic on a bench of levels.

`run()` returns the words of what happened; the test compares them on both interpreters.
"""

from switchboard import Inputs, Switchboard

from hal.coprocessor import words
from hal.coprocessor.link import Link


class Bench:
    """A board, a box's link, and levels that a story sets. Times are milliseconds."""

    def __init__(self):
        self.board = Switchboard(1)
        self.box = Link(2)
        self.inputs = Inputs()
        self.inputs.battery = True
        self.now = 0
        self.beating = True
        self.heard = []
        self.ring_hertz = 0

    def run(self, milliseconds):
        for _ in range(milliseconds):
            self.now += 1
            if self.ring_hertz and self.now % (1000 // self.ring_hertz) == 0:
                self.inputs.ring_edges += 1
            if self.beating and self.now % words.HEARTBEAT_PERIOD == 0:
                self.box.send(bytes([words.HEARTBEAT]), self.now)
            self.box.handle_timer(self.now)
            self.board.link.receive_data(self.box.data_to_send(), self.now)
            self.board.step(self.inputs, self.now)
            self.box.receive_data(self.board.link.data_to_send(), self.now)
            message = self.box.next_message()
            while message is not None:
                self.heard.append(tuple(message))
                message = self.box.next_message()

    def tell(self, *message):
        self.box.send(bytes(message), self.now)
        self.run(5)

    def words(self):
        """Return what was heard since the last look."""
        heard, self.heard = self.heard, []
        return [message[0] for message in heard]

    def pulses(self, count):
        for _ in range(count):
            self.inputs.handset_closed = False
            self.run(60)
            self.inputs.handset_closed = True
            self.run(40)
        self.run(400)


def run():
    told = []
    bench = Bench()
    bench.run(6000)
    told.append(("held", bench.board.guard.held, bench.words()))
    bench.ring_hertz = 25
    bench.run(1000)
    bench.ring_hertz = 0
    bench.run(7000)
    told.append(("rung", bench.words()))
    bench.inputs.handset_closed = True
    bench.run(100)
    bench.pulses(3)
    told.append(("dialled", [m for m in bench.heard if m[0] == words.PULSES], bench.words()))
    bench.inputs.handset_closed = False
    bench.run(1000)
    told.append(("hung up", bench.words()))
    bench.tell(words.RING_HANDSET, 25, 3, 232, 15, 160)
    bench.run(1200)
    bench.inputs.handset_closed = True
    bench.run(500)
    told.append(("tripped", bench.words()))
    bench.inputs.handset_closed = False
    bench.run(1000)
    bench.beating = False
    bench.run(5000)
    told.append(("tied", bench.board.guard.held, bench.words()))
    return told
