"""Erlang's formulas and the practice formula for seats: how many lines, how many people.

Traffic is in erlangs: the mean number of calls at one time, u = calls x mean seconds / seconds of the period.
Sources: A. K. Erlang 1917; ITU-T E.501, E.520.
"""

from __future__ import annotations

import math

_MOST = 10_000
"""Servers beyond which a search gives up; no office has as many."""


def traffic(calls: float, mean_seconds: float, period_seconds: float) -> float:
    """Return the offered traffic in erlangs."""
    return calls * mean_seconds / period_seconds


def erlang_b(servers: int, load: float) -> float:
    """Return the share of calls that find all `servers` lines busy and are lost, 0 to 1."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(agents: int, load: float) -> float:
    """Return the share of calls that must wait, 0 to 1; 1 when the load is more than the agents can take."""
    if load <= 0:
        return 0.0
    if agents <= load:
        return 1.0
    blocked = erlang_b(agents, load)
    return blocked / (1 - (load / agents) * (1 - blocked))


def mean_wait(agents: int, load: float, mean_seconds: float) -> float:
    """Return the mean wait of all calls in seconds (ASA); infinite when the load is too much."""
    if agents <= load:
        return math.inf
    return erlang_c(agents, load) * mean_seconds / (agents * (1 - load / agents))


def service_level(agents: int, load: float, mean_seconds: float, threshold_seconds: float) -> float:
    """Return the share of calls answered within the threshold, 0 to 1."""
    if agents <= load:
        return 0.0
    waits_long = math.exp(-(agents - load) * threshold_seconds / mean_seconds)
    return 1 - erlang_c(agents, load) * waits_long


def agents_for(load: float, mean_seconds: float, threshold_seconds: float, level: float) -> int:
    """Return the fewest agents that reach a service level below 1.

    Raises:
        ValueError: The level isn't below 1, or the load is beyond every office.
    """
    if not 0 <= level < 1 or load > _MOST / 2:
        raise ValueError(f"no number of agents answers {level:.0%} of {load} erlangs")
    agents = max(1, math.floor(load) + 1)
    while service_level(agents, load, mean_seconds, threshold_seconds) < level:
        agents += 1
    return agents


def lines_for(load: float, blocked: float) -> int:
    """Return the fewest lines that lose at most the share `blocked` (above 0) of calls.

    Raises:
        ValueError: The share isn't above 0, or the load is beyond every office.
    """
    if blocked <= 0 or load > _MOST / 2:
        raise ValueError(f"no number of lines loses only {blocked:.0%} of {load} erlangs")
    lines = 0
    while erlang_b(lines, load) > blocked:
        lines += 1
    return lines


def seats(
    customers: int,
    daily_call_rate: float = 0.003,
    busy_hour_share: float = 0.18,
    talk_seconds: float = 135.0,
    most_load: float = 0.72,
) -> float:
    """Return the seats needed by the practice formula 坐席数.

    Args:
        customers: People served.
        daily_call_rate: Calls per customer and day, at most 0.0030.
        busy_hour_share: Share of the day's calls in its busiest hour, 0.15 to 0.20.
        talk_seconds: Mean talk, 120 to 150.
        most_load: Share of the hour an agent can talk, 0.70 to 0.75.
    """
    return customers * daily_call_rate * busy_hour_share * talk_seconds / (3600 * most_load)
