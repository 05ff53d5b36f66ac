"""The HTTPS end of the fleet: an ASGI application that stores signed batches.

200 with a receipt: everything but what it names is stored. 400: never send this again as it is. 401: the
site or its signature isn't known here. 503: try again later.
"""

from __future__ import annotations

import asyncio
import http
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import psycopg

from firmware.cloud import wire
from firmware.cloud.fleet.storage import FleetStorage
from firmware.cloud.wire import Receipt
from firmware.core.errors import PeerError

logger = logging.getLogger(__name__)

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
Connect = Callable[[], Awaitable[FleetStorage]]


class Receiver:
    """The ASGI application; any number of processes may run it.

    Args:
        connect: Opens the database, again after it went away.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._storage: FleetStorage | None = None
        self._connecting = asyncio.Lock()

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        if scope["method"] != "POST" or scope["path"] != "/v1/records":
            await _answer(send, http.HTTPStatus.NOT_FOUND, b"there is nothing here")
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await _body(receive)
            if body is None:
                await _answer(send, http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"the body is too large")
                return
            status, answer = await self._take(headers, body)
        except psycopg.Error as error:
            logger.warning("the database is away: %s", error)
            await self.close()
            status, answer = http.HTTPStatus.SERVICE_UNAVAILABLE, b"the database is away"
        await _answer(send, status, answer)

    async def _take(self, headers: dict[bytes, str], body: bytes) -> tuple[http.HTTPStatus, bytes]:
        site = headers.get(b"zongji-site", "")
        idempotency = headers.get(b"idempotency-key", "")
        signature = headers.get(b"zongji-signature", "")
        storage = await self._connected()
        key = await storage.key_of(site) if wire.is_site(site) else None
        # A stranger costs as much time as a wrong signature, so sites can't be guessed.
        signed = wire.is_signed(key or "", site, idempotency, body, signature)
        if key is None or not signed:
            return http.HTTPStatus.UNAUTHORIZED, b"this site and signature aren't known"
        try:
            records = wire.unpack(body)
        except PeerError as error:
            return http.HTTPStatus.BAD_REQUEST, str(error).encode()
        if any(record.site != site for record in records):
            return http.HTTPStatus.BAD_REQUEST, b"a record is of another site"
        refused = await storage.store(records)
        return http.HTTPStatus.OK, msgspec.json.encode(Receipt(len(records) - len(refused), refused))

    async def _connected(self) -> FleetStorage:
        """Return the one connection, made where need be; requests that come meanwhile wait for it."""
        async with self._connecting:
            if self._storage is None:
                self._storage = await self._connect()
            return self._storage

    async def close(self) -> None:
        """End the connection to the database; the next request makes another."""
        storage, self._storage = self._storage, None
        if storage is not None:
            await storage.close()

    async def _lifespan(self, receive: _Receive, send: _Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _body(receive: _Receive) -> bytes | None:
    """Return the request's body, None when it is too large."""
    parts, length = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        length += len(part)
        if length > wire.MAX_BODY_BYTES:
            return None
        parts.append(part)
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(parts)


async def _answer(send: _Send, status: http.HTTPStatus, body: bytes) -> None:
    kind = b"application/json" if status is http.HTTPStatus.OK else b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
