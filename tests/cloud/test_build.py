"""What the administrator sets, checked before anything is sent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from firmware.app.cloud import allowance_of
from firmware.cloud.build import CloudConfig, cloud_sync
from firmware.core.errors import UserError
from firmware.settings.cloud import CloudSettings
from firmware.store.records import SqliteJourneyStore
from tests.store.sample import BenchClock

GOOD = CloudConfig("https", "https://fleet.example.com", "shop-1", "secret")


@pytest.fixture
def store(tmp_path: Path) -> SqliteJourneyStore:
    return SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())


def test_it_is_off_until_set(store: SqliteJourneyStore) -> None:
    assert cloud_sync(CloudConfig(), store, lambda _: None) is None


@pytest.mark.parametrize(
    "change", [{}, {"way": "nats", "url": "tls://fleet:4222"}, {"bytes_a_day": 5_000_000}]
)
def test_good_settings_make_a_way(store: SqliteJourneyStore, change: dict[str, object]) -> None:
    assert cloud_sync(msgspec.structs.replace(GOOD, **change), store, lambda _: None) is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"site": "a.b"}, "cloud.site"),
        ({"key": ""}, "cloud.key"),
        ({"url": "http://fleet.example.com"}, "cloud.url"),
        ({"way": "nats"}, "cloud.url"),
        ({"bytes_a_day": 0}, "cloud.bytes_a_day"),
    ],
)
def test_a_bad_setting_is_named(store: SqliteJourneyStore, change: dict[str, object], field: str) -> None:
    with pytest.raises(UserError, match=field):
        cloud_sync(msgspec.structs.replace(GOOD, **change), store, lambda _: None)


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(GOOD)


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        (CloudSettings(), 0.0),
        (CloudSettings(megabytes_a_day=1), 9_900_000 * 86_400 / 1_000_000),
        (CloudSettings(kilobits_a_second=80), 999.0),
    ],
)
def test_ten_megabytes_wait_as_the_settings_say(settings: CloudSettings, seconds: float) -> None:
    allowance = allowance_of(settings, 0.0)
    allowance.spend(10_000_000)
    assert allowance.delay(0.0) == pytest.approx(seconds)
