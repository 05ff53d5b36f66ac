"""The board at work, on pins that write down what is done to them: the watchdog above all."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hal.coprocessor import words
from hal.coprocessor.link import Link


class Machine(ModuleType):
    """MicroPython's `machine`, as far as the board uses it."""

    def __init__(self) -> None:
        super().__init__("machine")
        self.done: list[str] = []
        """In order: "watchdog 1000", "fed", "reset"."""
        done = self.done

        class Pin:
            IN, OUT, PULL_UP, IRQ_FALLING = 0, 1, 2, 3

            def __init__(self, number: int, mode: int = 0, pull: int = 0, value: int = 0) -> None:
                self.level = 1 if mode == self.IN else value

            def irq(self, handler: object, trigger: int) -> None:
                return

            def value(self, level: int | None = None) -> int:
                if level is not None:
                    self.level = level
                return self.level

        class PWM:
            def __init__(self, pin: Pin) -> None:
                return

            def freq(self, hertz: int) -> None:
                return

            def duty_u16(self, duty: int) -> None:
                return

        class WDT:
            def __init__(self, timeout: int) -> None:
                done.append(f"watchdog {timeout}")

            def feed(self) -> None:
                done.append("fed")

        vars(self).update(Pin=Pin, PWM=PWM, WDT=WDT, reset=lambda: done.append("reset"))


class Uart:
    """The box at the other end, which asks for the prompt once the link is up."""

    def __init__(self) -> None:
        self.box = Link(7)
        self.now = 0
        self.asked = False
        self.waiting = b""

    def any(self) -> int:
        self.now += 1
        self.box.handle_timer(self.now)
        if self.box.up and not self.asked:
            self.asked = True
            self.box.send(bytes([words.MAINTENANCE]), self.now)
        self.waiting += self.box.data_to_send()
        return len(self.waiting)

    def read(self, count: int) -> bytes:
        data, self.waiting = self.waiting[:count], self.waiting[count:]
        return data

    def write(self, data: bytes) -> None:
        self.box.receive_data(data, self.now)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    ticks = iter(range(10_000_000))
    monkeypatch.setitem(sys.modules, "machine", machine)
    for name, stand_in in {
        "ticks_ms": lambda: next(ticks),
        "ticks_diff": lambda later, sooner: later - sooner,
        "sleep_us": lambda _: None,
    }.items():
        monkeypatch.setattr(time, name, stand_in, raising=False)
    return machine


def test_the_watchdog_runs_before_the_work_and_is_fed_at_every_step(machine: Machine, tmp_path: Path) -> None:
    service: Any = importlib.import_module("service")
    uart = Uart()
    service.run(uart, str(tmp_path / "maintenance"))
    assert machine.done[0] == "watchdog 1000"
    assert machine.done.count("fed") == uart.now, "once a step, and by nothing else"


def test_who_asks_for_the_prompt_gets_a_restart_that_leaves_it(machine: Machine, tmp_path: Path) -> None:
    service: Any = importlib.import_module("service")
    service.run(Uart(), str(tmp_path / "maintenance"))
    assert machine.done[-1] == "reset"
    assert (tmp_path / "maintenance").exists()
