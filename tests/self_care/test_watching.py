"""What the running switch does about its card, its supply, its own starts and a writer that is stuck."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.app import self_care
from firmware.control.care import GetCare
from firmware.control.steward import PowerOff, StewardError
from firmware.core import notify
from firmware.core.trace import Said
from firmware.core.trace.box import Box as Words
from firmware.self_care.card import CardHealth
from firmware.self_care.power import PATIENCE_S, SHUT_DOWN_S
from firmware.self_care.starts import HEALTHY_S, Starts

pytestmark = pytest.mark.looptime

FINE = CardHealth(device="mmcblk0p2", used_percent=31, free_mb=9000)


class Office:
    """What self-care sees of a switch, and what it does about it."""

    def __init__(self, folder: Path) -> None:
        self.alarms: list[Said] = []
        self.asked: list[Any] = []
        self.killed: list[int] = []
        self.alive = 0
        self.backlog = 0
        self.calls: list[object] = []
        self.card = FINE
        self.steward_is_there = True
        self.volts = folder / "in0_lcrit_alarm"
        self.volts.write_text("0")
        (folder / "settings.json").write_text("{}")
        self.starts = Starts(folder / "starts.json", folder / "settings.json")
        parts: Any = SimpleNamespace(
            paths=SimpleNamespace(root=folder),
            alarms=self.alarms.append,
            exchange=SimpleNamespace(live=lambda: self.calls),
            store=SimpleNamespace(status=lambda: SimpleNamespace(backlog=self.backlog, fault=None)),
        )
        self.care = self_care.SelfCare(parts, self.starts)

    async def ask_steward(self, request: Any) -> None:
        if not self.steward_is_there:
            raise StewardError("nobody answers")
        self.asked.append(request)

    def say_alive(self) -> bool:
        self.alive += 1
        return True


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr(self_care, "sensor", lambda: tmp_path / "in0_lcrit_alarm")
    made = Office(tmp_path)
    monkeypatch.setattr(self_care, "card_health", lambda _: made.card)
    monkeypatch.setattr(self_care, "ask_steward", made.ask_steward)
    monkeypatch.setattr(os, "kill", lambda _, number: made.killed.append(number))
    monkeypatch.setattr(notify, "alive", made.say_alive)
    monkeypatch.setattr(notify, "watchdog_period", lambda: 5.0)

    async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
        return work(*arguments)

    # A thread would need real time.
    monkeypatch.setattr(asyncio, "to_thread", at_once)
    running = asyncio.create_task(made.care.run())
    yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_weak_supply_is_told_and_one_that_stays_weak_switches_the_box_off(office: Office) -> None:
    await asyncio.sleep(5)
    office.volts.write_text("1")
    await asyncio.sleep(2)
    assert office.alarms == [Words.WEAK_POWER()]
    assert office.asked == []
    await asyncio.sleep(SHUT_DOWN_S)
    assert office.alarms == [Words.WEAK_POWER(), Words.SHUTTING_DOWN()]
    assert office.asked == [PowerOff(by="under-voltage")]
    assert office.killed == [], "the steward ends everything in order"


async def test_people_who_talk_are_given_longer(office: Office) -> None:
    office.calls.append("a call")
    office.volts.write_text("1")
    await asyncio.sleep(PATIENCE_S - 2)
    assert office.asked == []
    await asyncio.sleep(4)
    assert office.asked == [PowerOff(by="under-voltage")]


async def test_without_a_steward_at_least_the_switch_ends_cleanly(office: Office) -> None:
    office.steward_is_there = False
    office.volts.write_text("1")
    await asyncio.sleep(SHUT_DOWN_S + 2)
    assert office.killed == [signal.SIGTERM]


async def test_a_sick_card_is_told_once_and_again_when_it_was_well_between(office: Office) -> None:
    worn = CardHealth(device="mmcblk0p2", used_percent=31, free_mb=9000, life_tenths=9)
    office.card = worn
    await asyncio.sleep(1300)
    assert office.alarms == [Words.CARD_WORN(share=90)]
    office.card = FINE
    await asyncio.sleep(600)
    office.card = worn
    await asyncio.sleep(600)
    assert office.alarms == [Words.CARD_WORN(share=90)] * 2
    care: Any = await office.care.care(GetCare())
    assert care.troubles == [Words.CARD_WORN(share=90)]
    assert care.under_voltage is False


async def test_the_service_manager_hears_nothing_more_while_the_writer_is_stuck(office: Office) -> None:
    await asyncio.sleep(21)
    assert office.alive == 5
    office.backlog = 500
    await asyncio.sleep(20)
    assert office.alive == 5
    office.backlog = 3
    await asyncio.sleep(5)
    assert office.alive == 6


async def test_a_start_that_held_out_counts_as_good(office: Office) -> None:
    for _ in range(3):
        assert not office.starts.begin()
    await asyncio.sleep(HEALTHY_S - 1)
    assert not office.starts.last_good.exists()
    await asyncio.sleep(2)
    assert office.starts.last_good.read_text() == "{}"
    assert not office.starts.begin()
