"""The HTTPS way, from the box's end to the fleet's, over ASGI instead of a wire."""

from __future__ import annotations

from typing import cast

import httpx
import psycopg
import pytest

from firmware.cloud import wire
from firmware.cloud.fleet.receiver import Receiver
from firmware.cloud.fleet.storage import FleetStorage
from firmware.cloud.https import HttpsTransport
from firmware.cloud.transport import BatchRefused, NotAllowed, Unreachable
from firmware.cloud.wire import Record, Refusal
from tests.cloud.test_wire import record

KEYS = {"shop-1": "one", "shop-2": "two"}


class Shelf:
    """Takes the place of the database."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.away = False
        self.opened = 0

    async def open(self) -> FleetStorage:
        self.opened += 1
        return cast("FleetStorage", self)

    async def key_of(self, site: str) -> str | None:
        return KEYS.get(site)

    async def store(self, records: list[Record]) -> list[Refusal]:
        if self.away:
            raise psycopg.OperationalError("the server closed the connection")
        self.records += records
        return [Refusal(one.journey.id, "odd") for one in records if one.seq == 13]

    async def close(self) -> None:
        return


def way(shelf: Shelf, site: str = "shop-1", key: str = "one") -> HttpsTransport:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(Receiver(shelf.open)))
    return HttpsTransport("https://fleet.example.com/", site, key, client)


async def test_a_batch_is_stored_and_what_cannot_be_is_named() -> None:
    shelf = Shelf()
    transport = way(shelf)
    records = [record(1), record(13)]
    receipt = await transport.send(records)
    assert shelf.records == records
    assert receipt.stored == 1
    assert receipt.refused == [Refusal(records[1].journey.id, "odd")]
    assert 0 < transport.sent_bytes < 2000
    await transport.close()


@pytest.mark.parametrize(("site", "key"), [("shop-1", "two"), ("shop-9", "one"), ("../..", "one")])
async def test_strangers_are_not_let_in(site: str, key: str) -> None:
    shelf = Shelf()
    with pytest.raises(NotAllowed):
        await way(shelf, site, key).send([record()])
    assert shelf.records == []


async def test_a_site_speaks_for_itself_only() -> None:
    shelf = Shelf()
    with pytest.raises(BatchRefused, match="another site"):
        await way(shelf, "shop-2", "two").send([record()])


async def test_a_database_that_is_away_is_tried_again() -> None:
    shelf = Shelf()
    transport = way(shelf)
    shelf.away = True
    with pytest.raises(Unreachable, match="503"):
        await transport.send([record()])
    shelf.away = False
    assert (await transport.send([record()])).stored == 1
    assert shelf.opened == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, text="<html>Please log in</html>"), Unreachable),
        (httpx.Response(200, content=b"x" * 2_000_000), Unreachable),
        (httpx.Response(302, headers={"location": "https://login"}), Unreachable),
        (httpx.Response(500), Unreachable),
        (httpx.Response(429), Unreachable),
        (httpx.Response(404), NotAllowed),
        (httpx.Response(400, text="no"), BatchRefused),
        (httpx.Response(413), BatchRefused),
    ],
)
async def test_other_answers_are_taken_for_what_they_are(
    answer: httpx.Response, error: type[Exception]
) -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(error):
        await HttpsTransport("https://x", "shop-1", "one", client).send([record()])


async def test_no_link_is_no_answer() -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host", request=request)

    client = httpx.AsyncClient(transport=httpx.MockTransport(cut))
    with pytest.raises(Unreachable, match="no route"):
        await HttpsTransport("https://x", "shop-1", "one", client).send([record()])


async def test_other_requests_and_bodies_are_refused() -> None:
    shelf = Shelf()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(Receiver(shelf.open)), base_url="https://x")
    assert (await client.get("/v1/records")).status_code == 404
    assert (await client.post("/v1/records", content=b"x")).status_code == 401
    assert (await client.post("/v1/records", content=bytes(wire.MAX_BODY_BYTES + 1))).status_code == 413
    body = b"not gzip"
    headers = {
        "Zongji-Site": "shop-1",
        "Idempotency-Key": "k",
        "Zongji-Signature": wire.sign("one", "shop-1", "k", body),
    }
    assert (await client.post("/v1/records", content=body, headers=headers)).status_code == 400
    assert shelf.records == []
