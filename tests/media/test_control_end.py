"""The media process's end of the control socket: when it listens to the switch, and for how long."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from firmware.core.ids import PortId
from firmware.media import control, protocol
from firmware.media.control import LEAST_SECONDS, MAX_UNSENT, ControlServer

COMMAND_SECONDS = 0.001


class Switch:
    """A switch that commands, and a media process that takes a millisecond for each command."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.done: list[str] = []
        self.server = ControlServer(str(path))
        self.socket = self.connect(path)
        monkeypatch.setattr(control, "time", SimpleNamespace(monotonic=lambda: self.now))

    def connect(self, path: Path) -> socket.socket:
        switch = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        switch.connect(str(path))
        return switch

    def commands(self, count: int) -> None:
        for number in range(count):
            self.socket.send(protocol.encode(protocol.ClosePort(PortId(f"port{number}"))))

    def listened_to(self, until: float) -> int:
        """Have the media process listen until that moment; return how many commands it has done."""
        before = len(self.done)
        self.server.receive(self._obey, until)
        return len(self.done) - before

    def _obey(self, command: protocol.Command) -> None:
        assert isinstance(command, protocol.ClosePort)
        self.done.append(command.port_id)
        self.now += COMMAND_SECONDS

    def close(self) -> None:
        self.socket.close()
        self.server.close()


@pytest.fixture
def switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Switch]:
    switch = Switch(tmp_path / "control", monkeypatch)
    yield switch
    switch.close()


def test_commands_are_done_until_the_tick_is_due_and_the_rest_after_it(switch: Switch) -> None:
    switch.commands(10)
    assert switch.listened_to(switch.now + 4 * COMMAND_SECONDS) == 4
    assert switch.listened_to(switch.now + 4 * COMMAND_SECONDS) == 4
    assert switch.listened_to(switch.now + 4 * COMMAND_SECONDS) == 2
    assert switch.done == [f"port{number}" for number in range(10)]


def test_a_media_process_that_is_late_all_the_time_still_obeys(switch: Switch) -> None:
    switch.commands(3)
    late = switch.now - 0.05
    assert LEAST_SECONDS < COMMAND_SECONDS
    assert [switch.listened_to(late) for _ in range(4)] == [1, 1, 1, 0]


def test_it_wakes_for_a_command_for_a_new_switch_and_else_sleeps_on(switch: Switch, tmp_path: Path) -> None:
    assert switch.server.wait(0)
    assert switch.listened_to(switch.now + 1) == 0
    assert not switch.server.wait(0)
    switch.commands(1)
    assert switch.server.wait(0)
    assert switch.listened_to(switch.now + 1) == 1
    assert not switch.server.wait(0)
    with switch.connect(tmp_path / "control") as second:
        assert switch.server.wait(0)
        switch.listened_to(switch.now + 1)
        assert second.recv(1) == b""
    assert not switch.server.wait(0)
    switch.socket.close()
    assert switch.server.wait(0)
    switch.listened_to(switch.now + 1)
    assert not switch.server.connected
    assert not switch.server.wait(0)


def test_a_switch_that_does_not_read_is_let_go_and_another_is_served(switch: Switch, tmp_path: Path) -> None:
    switch.listened_to(switch.now + 1)
    pulses = 0
    while switch.server.connected:
        switch.server.send([protocol.Pulse(pulses)] * 10)
        pulses += 10
        assert pulses < 100_000
    assert pulses > MAX_UNSENT
    with switch.connect(tmp_path / "control") as second:
        switch.listened_to(switch.now + 1)
        switch.server.send([protocol.Pulse(7)])
        assert protocol.decode_event(second.recv(100)) == protocol.Pulse(7)
