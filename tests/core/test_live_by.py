"""A process lives by the office's time zone, whatever the computer's is."""

import datetime

from firmware.core.clock import live_by

NOON_UTC = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


def test_local_time_is_that_of_the_zone_until_it_is_left() -> None:
    before = NOON_UTC.astimezone()
    leave = live_by("Asia/Shanghai")
    assert f"{NOON_UTC.astimezone():%H:%M %z}" == "20:00 +0800"
    live_by("Europe/Berlin")
    assert f"{NOON_UTC.astimezone():%H:%M %z}" == "13:00 +0100"
    leave()
    assert NOON_UTC.astimezone() == before
    assert NOON_UTC.astimezone().utcoffset() == before.utcoffset()
