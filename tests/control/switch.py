"""A switch as the control socket sees it: answers from memory."""

from __future__ import annotations

from firmware.control.schema import LineStatus, PhoneAccount, ProcessStatus, StatusReply
from firmware.core.errors import UserError
from firmware.core.records import Journey
from tests.store.sample import BenchClock, answered, running_journey, whole_journey

FIRST_ID = "01KB0AAAAAAAAAA1"
SECOND_ID = "01KB0BBBBBBBBBB2"
SECRET = "a-made-up-password"  # noqa: S105 - as its name says


class FakeSwitch:
    """Implements `ControlApi`; `broken` makes every answer fail."""

    def __init__(self) -> None:
        clock = BenchClock()
        self.journeys = [answered(running_journey(clock, SECOND_ID)), whole_journey(clock, FIRST_ID)]
        self.broken = False
        self.asked: list[int] = []

    async def status(self) -> StatusReply:
        if self.broken:
            raise RuntimeError("secret detail of a defect")
        return StatusReply(
            version="0.1.0",
            started=BenchClock().now(),
            ready_ms=1234,
            lines=[LineStatus("gsm1", "ready", "中国移动, signal 21 of 31")],
            phones_registered=2,
            live_calls=1,
            processes=[ProcessStatus("switch", 4242, 51_200)],
            media={"tick lateness p99 ms": 0.25},
            counters={"sip refused": 3},
            faults=["call records can't be written: disk full"],
        )

    async def phones(self) -> list[PhoneAccount]:
        return [
            PhoneAccount(
                number="101",
                name="前台",
                server="192.168.1.5:5060",
                secret=SECRET,
                algorithm="MD5",
                registered=True,
                contacts=["192.168.1.20:5060"],
            )
        ]

    async def calls(self, limit: int) -> list[Journey]:
        self.asked.append(limit)
        return self.journeys[:limit]

    async def call(self, call_id: str) -> Journey:
        found = [journey for journey in self.journeys if journey.id.startswith(call_id)]
        if len(found) != 1:
            raise UserError(f"There is no call {call_id}; `zongji calls` lists the calls.")
        return found[0]
