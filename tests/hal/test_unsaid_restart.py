"""A modem that restarts and doesn't say so, or not where we listen, gives itself away by echoing again."""

from __future__ import annotations

import asyncio

import pytest

from hal.line import IncomingCall, LineState
from tests.contracts.line_contract import running
from tests.hal.bench import Bench

pytestmark = pytest.mark.looptime

NOTICED_S = 12.0
"""An idle modem is asked every 10 s."""


async def test_h9_a_modem_whose_restart_sent_its_notifications_elsewhere_is_set_up_anew() -> None:
    bench = Bench(model="ec25")
    async with running(bench) as heard:
        bench.act(bench.modem.power_off)
        bench.act(bench.modem.power_on)
        await asyncio.sleep(NOTICED_S)
        await heard.state(bench.line, LineState.READY)
        assert len(bench.commands("ATE0")) == 2
        bench.call("13800138000")
        assert (await heard.next(IncomingCall)).number == "13800138000"


async def test_a_modem_that_echoes_for_ever_is_not_taken_for_one_that_restarts_for_ever() -> None:
    bench = Bench()
    bench.come_back()
    await bench.line.start()
    while not bench.commands("AT+CMEE"):
        await asyncio.sleep(0.01)
    bench.modem.echo = True
    await asyncio.sleep(60)
    assert bench.line.state is LineState.READY
    assert len(bench.commands("ATE0")) == 1
    await bench.end()
