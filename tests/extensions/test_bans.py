"""Bans: they grow, they spare who was good before, and an administrator hears of each."""

from __future__ import annotations

from extensions.bans import (
    FIRST_BAN_S,
    LONGEST_BAN_S,
    MOST_PER_ACCOUNT,
    MOST_PER_HOST,
    MOST_PER_USER,
    Ban,
    Bans,
)

HOST = "192.168.1.66"


def guess(bans: Bans, times: int, *, host: str = HOST, account: str = "101", now: float = 0.0) -> None:
    for _ in range(times):
        bans.failed(host, account, now)


def test_a_few_mistakes_are_forgiven() -> None:
    bans = Bans()
    guess(bans, MOST_PER_USER - 1)
    assert bans.retry_after(HOST, "101", 1) == 0
    guess(bans, MOST_PER_USER - 1, now=61)
    assert bans.retry_after(HOST, "101", 61) == 0


def test_each_ban_is_four_times_as_long_and_told_once() -> None:
    told: list[Ban] = []
    bans = Bans(told.append)
    now = 0.0
    for expected in (60, 240, 960, 3840, 15360, 61440, LONGEST_BAN_S, LONGEST_BAN_S):
        guess(bans, MOST_PER_USER, now=now)
        assert bans.retry_after(HOST, "101", now) == expected
        now += expected
    assert [ban.seconds for ban in told if ban.account and ban.host][:3] == [60, 240, 960]
    assert len([ban for ban in told if ban.host and ban.account]) == 8


def test_a_host_that_tries_many_names_is_banned_for_all() -> None:
    bans = Bans()
    for number in range(MOST_PER_HOST):
        guess(bans, 1, account=str(100 + number))
    assert bans.retry_after(HOST, "999", 1) > 0
    assert bans.retry_after("192.168.1.67", "100", 1) == 0


def test_an_account_attacked_from_many_hosts_is_closed() -> None:
    told: list[Ban] = []
    bans = Bans(told.append)
    for number in range(MOST_PER_ACCOUNT):
        guess(bans, 1, host=f"10.0.{number // 250}.{number % 250}")
    assert bans.retry_after("10.9.9.9", "101", 1) == FIRST_BAN_S - 1
    assert told == [Ban(None, "101", FIRST_BAN_S, MOST_PER_ACCOUNT)]


def test_allowed_networks_are_alarmed_but_never_banned() -> None:
    told: list[Ban] = []
    bans = Bans(told.append, ["192.168.1.0/24"])
    guess(bans, MOST_PER_USER)
    assert bans.retry_after(HOST, "101", 1) == 0
    assert [ban.seconds for ban in told] == [0.0]


def test_an_administrator_lifts_a_ban() -> None:
    bans = Bans()
    guess(bans, MOST_PER_USER)
    assert bans.current(1)
    bans.forgive(HOST)
    assert bans.retry_after(HOST, "101", 1) == 0
