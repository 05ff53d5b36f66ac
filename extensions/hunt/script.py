"""A caller's way through a hunt group.

stages of the strategy, again and again ─┬─ somebody answers ─► talk
                                         └─ the group's time is over ─► overflow, place by place
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Callable, Mapping

from extensions.hunt.model import HuntGroup, Member
from extensions.hunt.strategies import Stage, plan
from extensions.hunt.tally import Tally
from firmware.core.causes import Cause
from firmware.core.leg import Leg
from firmware.core.records import WaitEnd
from firmware.core.trace import Said, Text, known
from firmware.core.trace.queues import Hunt
from firmware.switch.call import Call
from firmware.switch.destinations import Destinations, ToGroup
from firmware.switch.ringing import Attempt

WhyNot = Callable[[str], Text | None]
"""Why an extension can't be rung now ("busy", "do not disturb"); None when it can."""
ToMobile = Callable[[Call, str, float, float], Attempt | Said]
"""The attempt to ring a member's mobile (seconds to ring, delay), or why there is none."""

# When nobody could be rung at all, how long until the group is looked through again.
_NOBODY_PAUSE_SECONDS = 2.0
# Less than this is no time to ring anybody, and a sleep so short may not move the clock.
_LEAST_SECONDS = 0.01


class Hunting:
    """The hunt groups of the office.

    Args:
        groups: By name; may be replaced while calls run.
        tally: What people have done.
        why_not: Who can't be rung.
        destinations: Where the overflow leads.
        to_mobile: How a member's mobile is rung; None when that isn't to be had.
        dice: For the strategies that roll them.
    """

    def __init__(
        self,
        groups: Mapping[str, HuntGroup],
        tally: Tally,
        why_not: WhyNot,
        destinations: Destinations,
        to_mobile: ToMobile | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self.groups = groups
        self._tally = tally
        self._why_not = why_not
        self._destinations = destinations
        self._to_mobile = to_mobile
        self._dice = dice or random.SystemRandom()

    async def serve(self, call: Call, place: ToGroup) -> Cause:
        """Serve a caller at a group; the handler for `ToGroup`."""
        group = self.groups.get(place.name)
        if group is None:
            return Cause.UNALLOCATED_NUMBER
        cause = await self._hunt(call, group, place.seconds or group.seconds)
        if cause is Cause.NORMAL or not group.overflow:
            return cause
        return await self._destinations.lead(call, *group.overflow)

    def explain(self, name: str) -> list[Said]:
        """Say in plain words who would ring now, and where callers go whom nobody takes."""
        group = self.groups.get(name)
        if group is None:
            return [Hunt.NO_GROUP(group=name)]
        said = [Hunt.PLAN(strategy=known(group.strategy), seconds=group.seconds)]
        for stage in plan(group, self._tally, self._dice):
            for turn in stage:
                who, why = turn.member.number, self._why_not(turn.member.number)
                if why is not None:
                    said.append(Hunt.SKIPS(who=who, why=why))
                elif turn.delay_seconds:
                    said.append(
                        Hunt.RINGS_LATER(who=who, delay=turn.delay_seconds, seconds=turn.ring_seconds)
                    )
                else:
                    said.append(Hunt.RINGS_AT_ONCE(who=who, seconds=turn.ring_seconds))
        return said + [Hunt.THEN(place=place.said()) for place in group.overflow]

    async def _hunt(self, call: Call, group: HuntGroup, seconds: float) -> Cause:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        wait = call.journey.wait_began(group.name, None)
        skipped: set[str] = set()
        cause = Cause.NO_ANSWER
        try:
            while deadline - loop.time() > _LEAST_SECONDS:
                began = loop.time()
                for stage in plan(group, self._tally, self._dice):
                    attempts = self._attempts(call, group, stage, deadline - loop.time(), skipped)
                    if not attempts or loop.time() >= deadline:
                        continue
                    rung = await call.ring_any(attempts)
                    if rung.leg is not None:
                        wait.end, wait.agent = WaitEnd.ANSWERED, rung.who
                        wait.ended_ms = call.journey.elapsed_ms()
                        await self._talk(call, rung.leg, rung.who)
                        return Cause.NORMAL
                    cause = rung.cause
                if loop.time() - began < _NOBODY_PAUSE_SECONDS:
                    await asyncio.sleep(min(_NOBODY_PAUSE_SECONDS, max(0.0, deadline - loop.time())))
            wait.end = WaitEnd.TIMED_OUT
            return cause if cause in (Cause.BUSY, Cause.NO_ANSWER) else Cause.NO_ANSWER
        finally:
            if wait.ended_ms is None:
                wait.end = wait.end or WaitEnd.ABANDONED
                wait.ended_ms = call.journey.elapsed_ms()

    async def _talk(self, call: Call, leg: Leg, who: str) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await call.answer()
            await call.bridge(leg)
        finally:
            self._tally.talked(who, loop.time() - began, loop.time())

    def _attempts(
        self, call: Call, group: HuntGroup, stage: Stage, left: float, skipped: set[str]
    ) -> list[Attempt]:
        """Return whom to ring of a stage; who can't be is written down once a hunt."""
        attempts = []
        for turn in stage:
            member = turn.member
            why = self._why_not(member.number)
            if why is not None:
                if member.number not in skipped:
                    skipped.add(member.number)
                    call.journey.skipped(member.number, why, group.name)
                    call.journey.route(Hunt.SKIPPED(group=group.name, who=member.number, why=why))
                continue
            if turn.delay_seconds >= left:
                continue
            seconds = min(turn.ring_seconds, left - turn.delay_seconds)
            attempt = self._attempt(call, group, member, seconds, turn.delay_seconds)
            if attempt is not None:
                attempts.append(attempt)
        return attempts

    def _attempt(
        self, call: Call, group: HuntGroup, member: Member, seconds: float, delay: float
    ) -> Attempt | None:
        if member.mobile:
            attempt = self._to_mobile(call, member.number, seconds, delay) if self._to_mobile else None
            if isinstance(attempt, Said):
                call.journey.route(Hunt.MOBILE_SKIPPED(group=group.name, who=member.number, why=attempt))
            return attempt if isinstance(attempt, Attempt) else None
        make = functools.partial(self._make, call, group, member)
        return Attempt(member.number, make, seconds, delay, group=group.name)

    def _make(self, call: Call, group: HuntGroup, member: Member) -> Leg | Cause:
        """Make the leg, unless the member has become busy since the stage was planned."""
        extension = call.directory.find(member.number)
        if extension is None:
            return Cause.UNALLOCATED_NUMBER
        if self._why_not(member.number) is not None:
            return Cause.BUSY
        self._tally.rung(group.name, member.number)
        return call.directory.leg_to(extension)
