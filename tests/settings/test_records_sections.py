"""What the sections of records, cloud and reports refuse, and with which words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from firmware.core.errors import UserError
from firmware.settings.document import Settings
from firmware.settings.parse import parse_settings

S3 = {"endpoint": "https://s3.example.com", "bucket": "box-1", "access_key": "k", "access_secret": "s"}
KEY = "age164jx0nufgfs47jms0nwzudgmtrfum3kchvmnq5alme8vj7n7qs2sykvdrf"
CLOUD = {"way": "https", "url": "https://fleet.example.com", "site": "shop-1", "secret": "s"}


def document(**sections: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = msgspec.to_builtins(Settings())
    for name, values in sections.items():
        whole[name] |= values
    return whole


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ({"storage": {"encrypt_recordings": True}}, "storage.owner_key"),
        ({"storage": {"owner_key": "age1notakey"}}, "storage.owner_key"),
        ({"storage": {"archive_first": True}}, "storage.archive_folder"),
        ({"storage": {"archive_folder": "stick"}}, "storage.archive_folder"),
        ({"storage": {"recording_days": 0}}, "storage.recording_days"),
        ({"backup": {"to": "folder"}}, "backup.folder"),
        ({"backup": {"to": "https"}}, "backup.url"),
        ({"backup": {"to": "folder", "folder": "/media/stick"}}, "storage.owner_key"),
        ({"backup": {"to": "s3", "s3": {**S3, "bucket": ""}}}, "backup.s3.bucket"),
        ({"cloud": {**CLOUD, "site": ""}}, "cloud.site"),
        ({"cloud": {**CLOUD, "site": "a b"}}, "cloud.site"),
        ({"cloud": {**CLOUD, "secret": ""}}, "cloud.secret"),
        ({"cloud": {**CLOUD, "way": "nats"}}, "cloud.url"),
        ({"cloud": {"upload_recordings": True}}, "cloud.s3.endpoint"),
        ({"integrations": {"webhooks": [{"url": "ftp://x", "secret": "0123456789abcdef"}]}}, "url"),
        ({"integrations": {"webhooks": [{"url": "http://x", "secret": "short"}]}}, "secret"),
        ({"reports": {"zone": "Moon/Tycho"}}, "reports.zone"),
        ({"reports": {"mail_to": ["nobody"]}}, "reports.mail_to"),
    ],
)
def test_what_is_missing_is_named(sections: dict[str, dict[str, Any]], field: str) -> None:
    with pytest.raises(UserError, match=rf"Setting \S*{field.replace('.', '[.]')}.*Nothing was changed"):
        parse_settings(document(**sections))


def test_whole_sections_are_taken() -> None:
    settings = parse_settings(
        document(
            cloud={**CLOUD, "upload_recordings": True, "s3": S3},
            storage={"owner_key": KEY},
            backup={"to": "s3", "s3": S3},
            reports={"zone": "Asia/Shanghai", "mail_to": ["owner@example.com"]},
        )
    )
    assert settings.cloud.s3.bucket == "box-1"


def test_secrets_stay_out_of_logs() -> None:
    settings = parse_settings(
        document(
            cloud=CLOUD | {"secret": "sesame1"},
            storage={"owner_key": KEY},
            backup={
                "to": "https",
                "url": "https://x",
                "token": "sesame2",
                "s3": {"access_secret": "sesame3"},
            },
            integrations={
                "webhooks": [{"url": "https://x", "secret": "sesame4-0123456789"}],
                "metrics_token": "sesame5-0123456789",
            },
        )
    )
    assert "sesame" not in repr(settings)
