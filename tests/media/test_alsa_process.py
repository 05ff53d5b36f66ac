"""A sound card from the media process's side: its own process is played by the test, and fails in every way.

What a real card does is in `test_alsa.py`.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from firmware.core.media import MediaError
from firmware.media import alsa
from firmware.media.alsa import MAX_STUCK, OPEN_SECONDS, SILENT_SECONDS, AlsaPcm
from firmware.media.alsa_wire import AUDIO, FAILED, HEAD, OPENED
from firmware.media.pcm import DeviceGone

FRAME_BYTES = 320


class CardProcess:
    """The process of a card, as `subprocess` shows it; what it says is said by the test."""

    def __init__(self, command: list[str], *, stdin: int, **_: Any) -> None:
        self.card = command[-1]
        self.peer = socket.socket(fileno=socket.dup(stdin))
        self.peer.setblocking(False)
        self.killed = False
        self.stuck = False
        """Whether it waits in the kernel, and not even a kill ends it."""

    def tells(self, kind: bytes, content: bytes = b"", stalls: int = 0, dropped: int = 0) -> None:
        self.peer.send(HEAD.pack(kind, stalls, dropped) + content)

    def plays(self) -> bytes:
        """Return the next samples that it was given."""
        return self.peer.recv(4096)

    def dies(self) -> None:
        self.peer.close()

    def kill(self) -> None:
        self.killed = True

    def poll(self) -> int | None:
        return -9 if self.killed and not self.stuck else None


class World:
    """All cards' processes, and the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.processes: list[CardProcess] = []
        self._cards: list[AlsaPcm] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(subprocess, "Popen", self._start)
        monkeypatch.setattr(alsa, "_killed", [])

    def _start(self, command: list[str], **options: Any) -> CardProcess:
        self.processes.append(CardProcess(command, **options))
        return self.processes[-1]

    def close(self) -> None:
        for card in self._cards:
            card.close()
        for process in self.processes:
            process.peer.close()

    @property
    def process(self) -> CardProcess:
        """The one started last."""
        return self.processes[-1]

    def card(self, name: str = "alsa:hw:1") -> AlsaPcm:
        """Begin to open a card."""
        self._cards.append(AlsaPcm(name))
        return self._cards[-1]

    def opened(self, name: str = "alsa:hw:1") -> AlsaPcm:
        """Open a card that works."""
        card = self.card(name)
        assert not card.ready()
        self.process.tells(OPENED)
        assert card.ready()
        return card


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(monkeypatch)
    yield world
    world.close()


def frame(number: int) -> bytes:
    return bytes([number]) * FRAME_BYTES


def test_frames_go_both_ways_in_order_and_stalls_are_counted(world: World) -> None:
    card = world.opened()
    assert world.process.card == "hw:1"
    for number in range(3):
        world.process.tells(AUDIO, frame(number), stalls=2, dropped=5)
    assert card.read() == b"".join(frame(number) for number in range(3))
    assert card.read() == b""
    assert (card.stalls, card.dropped) == (2, 5)
    card.write(frame(7))
    card.write(frame(8))
    assert (world.process.plays(), world.process.plays()) == (frame(7), frame(8))


def test_of_what_piled_up_the_last_half_second_is_taken(world: World) -> None:
    card = world.opened()
    for number in range(60):
        world.process.tells(AUDIO, frame(number))
        if number % 10 == 9:
            card.ready()
    assert card.read() == b"".join(frame(number) for number in range(35, 60))


def test_a_card_that_falls_silent_is_gone_after_a_second(world: World) -> None:
    card = world.opened()
    world.now += SILENT_SECONDS
    assert card.read() == b""
    world.process.tells(AUDIO, frame(1))
    assert card.read() == frame(1)
    world.now += SILENT_SECONDS + 0.02
    with pytest.raises(DeviceGone, match="alsa:hw:1: no audio for 1 s"):
        card.read()


def test_what_a_card_says_before_it_is_gone_is_heard_and_then_why(world: World) -> None:
    card = world.opened()
    world.process.tells(AUDIO, frame(1))
    world.process.tells(FAILED, b"No such device")
    assert card.read() == frame(1)
    with pytest.raises(DeviceGone, match="alsa:hw:1: No such device"):
        card.read()


def test_a_process_that_dies_takes_its_card_and_nothing_else(world: World) -> None:
    card, other = world.opened("alsa:hw:1"), world.opened("alsa:hw:2")
    world.processes[0].dies()
    card.write(frame(1))
    with pytest.raises(DeviceGone, match="alsa:hw:1: "):
        card.read()
    world.processes[1].tells(AUDIO, frame(2))
    assert other.read() == frame(2)


def test_a_card_that_takes_nothing_loses_what_it_is_given_and_holds_up_nobody(world: World) -> None:
    card = world.opened()
    for _ in range(200):
        card.write(frame(1))
    world.process.tells(AUDIO, frame(1))
    card.read()
    taken = 0
    while True:
        try:
            world.process.plays()
        except BlockingIOError:
            break
        taken += 1
    assert card.dropped == 200 - taken
    assert 10 < taken < 60


@pytest.mark.parametrize("says", [(FAILED, b"Device or resource busy"), None])
def test_a_card_that_does_not_open_is_refused_with_the_reason(
    world: World, says: tuple[bytes, bytes] | None
) -> None:
    card = world.card("alsa:hw:9")
    assert not card.ready()
    if says:
        world.process.tells(*says)
    world.now += OPEN_SECONDS - 0.1
    if says is None:
        assert not card.ready()
        world.now += 0.2
    with pytest.raises(MediaError, match="alsa:hw:9: " + ("Device or" if says else "it doesn't open")):
        card.ready()


def test_the_next_process_of_a_card_waits_until_the_one_before_has_ended(world: World) -> None:
    card = world.opened()
    first = world.process
    first.stuck = True
    card.close()
    card.close()
    assert first.killed
    again = world.card()
    assert not again.ready()
    assert len(world.processes) == 1
    first.stuck = False
    assert not again.ready()
    assert len(world.processes) == 2
    world.process.tells(OPENED)
    assert again.ready()


def test_four_cards_that_hang_are_enough(world: World) -> None:
    for number in range(MAX_STUCK):
        card = world.opened(f"alsa:hw:{number}")
        world.process.stuck = True
        card.close()
    with pytest.raises(MediaError, match="4 sound cards hang; unplug them, or restart the box"):
        world.card("alsa:hw:7")
    world.processes[2].stuck = False
    assert world.opened("alsa:hw:7").read() == b""
