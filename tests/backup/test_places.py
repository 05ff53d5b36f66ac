"""Backups to storage that isn't ours: an S3 server, a web server with PUT; the process that makes them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from firmware.backup.__main__ import check_settings
from firmware.backup.order import Order, Outcome
from firmware.backup.places import BucketPlace, PutPlace
from firmware.backup.restore import restore
from firmware.cloud.bucket import Bucket, BucketConfig
from firmware.cloud.transport import NotAllowed, Unreachable
from firmware.core.paths import StatePaths
from firmware.store import owner_key
from tests.backup.conftest import CALLS
from tests.backup.s3 import s3_server
from tests.backup.test_backup import backed_up
from tests.store.sample import NOON_MS


@pytest.fixture(scope="module")
def storage() -> Iterator[BucketConfig]:
    with s3_server() as config:
        yield config


@pytest.mark.slow
async def test_a_backup_goes_to_s3_and_back(box: StatePaths, storage: BucketConfig, tmp_path: Path) -> None:
    private, public = owner_key.new_key()
    place = BucketPlace(Bucket(msgspec.structs.replace(storage, prefix="backups")))
    for minute in range(3):
        result = await backed_up(box, place, public, NOON_MS + minute * 60_000, keep=2)
    assert len(await place.names() or []) == 2
    await place.get(result.name, tmp_path / "fetched")
    manifest, _ = restore(tmp_path / "fetched", private, StatePaths(tmp_path / "fresh"), check_settings)
    assert manifest.calls == CALLS


@pytest.mark.slow
async def test_a_large_file_goes_in_parts(storage: BucketConfig, tmp_path: Path) -> None:
    source, back = tmp_path / "large", tmp_path / "back"
    source.write_bytes(bytes(range(256)) * 80_000)
    bucket = Bucket(storage)
    await bucket.put("large", source)
    await bucket.get("large", back)
    assert back.read_bytes() == source.read_bytes()
    await bucket.remove("large")
    await bucket.remove("large")
    with pytest.raises(NotAllowed, match="no such file"):
        await bucket.get("large", back)


@pytest.mark.slow
async def test_a_bucket_that_isnt_there_is_told_in_words(storage: BucketConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotAllowed, match="no bucket other-box") as told:
        await Bucket(msgspec.structs.replace(storage, bucket="other-box")).put("x", tmp_path / "file")
    assert "sesame" not in str(told.value)


@pytest.mark.slow
async def test_a_storage_that_is_away_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    config = BucketConfig("http://127.0.0.1:9", "r", "box-1", "key", "sesame", path_style=True)
    with pytest.raises(Unreachable):
        await Bucket(config).put("x", tmp_path / "file")


class WebDisk(httpx.AsyncBaseTransport):
    """A web server that takes PUT with a token."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != "Bearer let me in":
            return httpx.Response(401)
        path = request.url.path
        if request.method == "PUT":
            self.files[path] = await request.aread()
            return httpx.Response(201)
        return httpx.Response(200, content=self.files[path]) if path in self.files else httpx.Response(404)


async def test_a_web_server_takes_a_backup(box: StatePaths) -> None:
    disk = WebDisk()
    client = httpx.AsyncClient(transport=disk)
    result = await backed_up(
        box, PutPlace("https://disk.example.com/box", "let me in", client), owner_key.new_key()[1]
    )
    assert list(disk.files) == [f"/box/{result.name}"]
    with pytest.raises(NotAllowed, match="token"):
        await backed_up(box, PutPlace("https://disk.example.com", "", client), owner_key.new_key()[1])
    await client.aclose()


@pytest.mark.slow
async def test_the_process_carries_an_order_out(box: StatePaths, storage: BucketConfig) -> None:
    order = Order(
        state=str(box.root),
        to="s3",
        public_key=owner_key.new_key()[1],
        site="",
        now_ms=NOON_MS,
        keep=2,
        bucket=storage,
    )
    outcomes = []
    for one in (order, msgspec.structs.replace(order, to="folder", folder="/nowhere")):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "firmware.backup"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate(msgspec.json.encode(one))
        outcomes.append(msgspec.json.decode(said, type=Outcome))
    good, bad = outcomes
    assert good.result is not None
    assert good.result.calls == CALLS
    assert bad.result is None
    assert "no stick is in" in bad.fault
