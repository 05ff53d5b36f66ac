"""The fraud guard: how much an extension, a line and the whole office may call in a day and in a burst.

Theory of operation
-------------------
`begin` refuses or gives a lease; the lease's `seconds_left` says how long the call may go on, given what
has been used and what runs now, so that ten calls begun in the last allowed minute share that minute.
`end` books the call. Days change at local midnight. What was used survives a restart by `usage` and the
`on_change` hook. Emergency calls never come here.
"""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.core.trace import Said
from firmware.core.trace.numbers import Caps as Words
from firmware.switch.numbering import NumberClass
from firmware.switch.outbound.lines import LineRates

# Bursts are counted over this long; robots dial in seconds, people in minutes.
BURST_WINDOW_SECONDS = 600.0


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits a day; part of the settings. 0 is no limit, but for the burst."""

    extension_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=1440,
            description="Minutes outside a day for each extension.",
            extra={"zh": "每分机每天外呼分钟数。"},
        ),
    ] = 240
    line_minutes: Annotated[
        int,
        Meta(
            ge=0, le=1440, description="Minutes a day on each line.", extra={"zh": "每条线路每天外呼分钟数。"}
        ),
    ] = 600
    total_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=20_000,
            description="Minutes a day for the whole office.",
            extra={"zh": "全单位每天外呼分钟数。"},
        ),
    ] = 1200
    international_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=1440,
            description="Minutes abroad a day for the whole office.",
            extra={"zh": "全单位每天国际通话分钟数。"},
        ),
    ] = 60
    total_cost: Annotated[
        float,
        Meta(
            ge=0,
            description="Cost of calls a day for the whole office.",
            extra={"zh": "全单位每天话费上限。"},
        ),
    ] = 200.0
    burst_calls: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Outside calls one extension may begin in ten minutes.",
            extra={"zh": "每分机十分钟内可发起的外呼次数。"},
        ),
    ] = 20


class Usage(msgspec.Struct):
    """What was used on one day; seconds and currency."""

    day: str = ""
    extension_seconds: dict[str, float] = msgspec.field(default_factory=dict)
    line_seconds: dict[str, float] = msgspec.field(default_factory=dict)
    total_seconds: float = 0.0
    international_seconds: float = 0.0
    cost: float = 0.0


class Refused(msgspec.Struct, frozen=True):
    """A call the caps don't allow; the reason in plain words."""

    reason: Said


class Lease(msgspec.Struct, eq=False):
    """A running outside call."""

    extension: str
    line: str
    number_class: NumberClass
    rates: LineRates
    began: float
    """Monotonic seconds; billing begins with the answer, so it is set anew then."""
    taken: bool = False
    """Whether a leg was made on it; the leg's end then ends the lease."""


Alarm = Callable[[Said], None]


class Guard:
    """Counts and limits outside calls.

    Args:
        caps: The limits; may be replaced while calls run.
        usage: What was used today, from before a restart.
        alarm: Told in plain words, once a day for each limit, when one is reached.
    """

    def __init__(self, caps: Caps, usage: Usage | None = None, alarm: Alarm | None = None) -> None:
        self.caps = caps
        self.usage = usage or Usage()
        self.on_change: Callable[[Usage], None] | None = None
        self._alarm = alarm
        self._alarmed: set[str] = set()
        self._running: list[Lease] = []
        self._bursts: dict[str, deque[float]] = {}

    def begin(
        self,
        extension: str,
        line: str,
        number_class: NumberClass,
        rates: LineRates,
        now: float,
        today: datetime.date,
    ) -> Lease | Refused:
        """Ask for an outside call.

        Args:
            extension: On whose account.
            line: It would take.
            number_class: What it dials.
            rates: Of the line.
            now: Monotonic seconds.
            today: The local date.
        """
        self._turn_page(today)
        burst = self._bursts.setdefault(extension, deque())
        while burst and burst[0] <= now - BURST_WINDOW_SECONDS:
            burst.popleft()
        if len(burst) >= self.caps.burst_calls:
            return self._refuse(f"burst {extension}", Words.BURST(who=extension, count=len(burst)))
        lease = Lease(extension, line, number_class, rates, now)
        reached = self._reached(lease, now)
        if reached is not None:
            return self._refuse(*reached)
        burst.append(now)
        self._running.append(lease)
        return lease

    def answered(self, lease: Lease, now: float) -> None:
        """Begin to bill a call that was begun."""
        lease.began = now

    def end(self, lease: Lease, now: float, *, talked: bool) -> float:
        """Book a call and return what it cost; one that was never answered costs nothing."""
        if lease not in self._running:
            return 0.0
        self._running.remove(lease)
        seconds = max(0.0, now - lease.began) if talked else 0.0
        cost = lease.rates.cost(lease.number_class, seconds)
        usage = self.usage
        usage.extension_seconds[lease.extension] = usage.extension_seconds.get(lease.extension, 0) + seconds
        usage.line_seconds[lease.line] = usage.line_seconds.get(lease.line, 0) + seconds
        usage.total_seconds += seconds
        usage.cost += cost
        if lease.number_class is NumberClass.INTERNATIONAL:
            usage.international_seconds += seconds
        if self.on_change is not None:
            self.on_change(usage)
        return cost

    def seconds_left(self, lease: Lease, now: float) -> float:
        """Return how long a running call may go on if nothing else changes; 0 or less for no longer."""
        if self._reached(lease, now) is not None:
            return 0.0
        left = [
            (cap - used) / max(1, sharing) for _, _, cap, used, sharing in self._limits(lease, now) if cap
        ]
        return min(left, default=float("inf"))

    def reached(self, lease: Lease, now: float) -> Said | None:
        """Return which limit a running call has met, in plain words, and raise the alarm; None for none."""
        reached = self._reached(lease, now)
        return None if reached is None else self._refuse(*reached).reason

    def _reached(self, lease: Lease, now: float) -> tuple[str, Said] | None:
        for key, words, cap, used, _ in self._limits(lease, now):
            if cap and used >= cap:
                return key, words
        return None

    def _limits(self, lease: Lease, now: float) -> list[tuple[str, Said, float, float, int]]:
        """Return for each limit: key, words, cap and use in seconds, and how many running calls share it.

        The cap on cost is turned into seconds at what the running calls cost a second together.
        """
        usage, caps = self.usage, self.caps

        def live(matches: Callable[[Lease], bool]) -> tuple[float, int]:
            those = [one for one in self._running if matches(one)]
            return sum(max(0.0, now - one.began) for one in those), len(those)

        of_extension, extensions = live(lambda one: one.extension == lease.extension)
        of_line, lines = live(lambda one: one.line == lease.line)
        of_all, all_of_them = live(lambda one: True)
        limits = [
            (
                f"extension {lease.extension}",
                Words.EXTENSION(who=lease.extension, minutes=caps.extension_minutes),
                caps.extension_minutes * 60.0,
                usage.extension_seconds.get(lease.extension, 0.0) + of_extension,
                extensions,
            ),
            (
                f"line {lease.line}",
                Words.LINE(line=lease.line, minutes=caps.line_minutes),
                caps.line_minutes * 60.0,
                usage.line_seconds.get(lease.line, 0.0) + of_line,
                lines,
            ),
            (
                "total",
                Words.TOTAL(minutes=caps.total_minutes),
                caps.total_minutes * 60.0,
                usage.total_seconds + of_all,
                all_of_them,
            ),
        ]
        if lease.number_class is NumberClass.INTERNATIONAL:
            abroad, sharing = live(lambda one: one.number_class is NumberClass.INTERNATIONAL)
            limits.append(
                (
                    "international",
                    Words.ABROAD(minutes=caps.international_minutes),
                    caps.international_minutes * 60.0,
                    usage.international_seconds + abroad,
                    sharing,
                )
            )
        if caps.total_cost:
            limits.append(self._cost_limit(now))
        return limits

    def _cost_limit(self, now: float) -> tuple[str, Said, float, float, int]:
        spent = self.usage.cost + sum(
            one.rates.cost(one.number_class, now - one.began) for one in self._running
        )
        # Seconds of use at one unit of currency each would be wrong by a factor; scale by the running rate.
        rate = sum(one.rates.per_minute.get(one.number_class, 0.0) for one in self._running) / 60.0
        scale = 1.0 / rate if rate > 0 else _FREE_SECONDS
        words = Words.COST(spent=f"{spent:.2f}", limit=f"{self.caps.total_cost:.2f}")
        return "cost", words, self.caps.total_cost * scale, spent * scale, 1

    def _refuse(self, key: str, words: Said) -> Refused:
        if key not in self._alarmed:
            self._alarmed.add(key)
            if self._alarm is not None:
                self._alarm(words)
        return Refused(words)

    def _turn_page(self, today: datetime.date) -> None:
        if self.usage.day != today.isoformat():
            self.usage = Usage(day=today.isoformat())
            self._alarmed.clear()


# A day at nothing a minute: calls that cost nothing never meet the cap on cost.
_FREE_SECONDS = 86_400.0
