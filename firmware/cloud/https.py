"""Batches over HTTPS."""

from __future__ import annotations

import http
from typing import TYPE_CHECKING

import msgspec

from firmware.cloud import wire
from firmware.cloud.transport import BatchRefused, NotAllowed, Unreachable
from firmware.cloud.wire import Receipt, Record
from firmware.core.late import LateModule

if TYPE_CHECKING:
    import httpx
else:
    httpx = LateModule("httpx")

TIMEOUT_S = 30.0
"""A batch of 200 kB over a 2G modem takes some 20 s."""

_PATH = "/v1/records"
_LONGEST_ANSWER = 1024 * 1024
"""Bytes of an answer we read: a batch's refusals and more."""

_REFUSALS = {
    http.HTTPStatus.BAD_REQUEST,
    http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    http.HTTPStatus.UNPROCESSABLE_ENTITY,
}
_STRANGERS = {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN, http.HTTPStatus.NOT_FOUND}


class HttpsTransport:
    """Posts batches to `url`/v1/records.

    Args:
        url: Such as "https://fleet.example.com".
        site: This box's name at the far end.
        key: The secret shared with it.
        client: For tests, or for a proxy.
    """

    def __init__(self, url: str, site: str, key: str, client: httpx.AsyncClient | None = None) -> None:
        self._url = url.rstrip("/") + _PATH
        self._site = site
        self._key = key
        self._client = client or httpx.AsyncClient(timeout=TIMEOUT_S)
        self._sent = 0

    @property
    def sent_bytes(self) -> int:
        """Bytes of bodies sent so far."""
        return self._sent

    async def send(self, records: list[Record]) -> Receipt:
        """Have the records stored; see `Transport`."""
        body = wire.pack(records)
        if len(body) > wire.MAX_BODY_BYTES:
            raise BatchRefused("the batch is too large")
        idempotency = wire.idempotency_key(body)
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Idempotency-Key": idempotency,
            "Zongji-Site": self._site,
            "Zongji-Signature": wire.sign(self._key, self._site, idempotency, body),
        }
        try:
            async with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
                self._sent += len(body)
                text = b""
                async for chunk in answer.aiter_bytes():
                    text += chunk
                    if len(text) > _LONGEST_ANSWER:
                        raise Unreachable("the answer is too long; something else answers there")
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from None
        if answer.status_code in _REFUSALS:
            raise BatchRefused(text[:200].decode("utf-8", "replace"))
        if answer.status_code in _STRANGERS:
            raise NotAllowed(f"HTTP {answer.status_code}: is the address right, and the site's key?")
        if answer.status_code != http.HTTPStatus.OK:
            raise Unreachable(f"HTTP {answer.status_code}")
        try:
            return msgspec.json.decode(text, type=Receipt)
        except msgspec.MsgspecError:
            # A captive portal says 200 and means "log in".
            raise Unreachable("the answer isn't the fleet's; is there a log-in page in between?") from None

    async def close(self) -> None:
        """End the connection."""
        await self._client.aclose()
