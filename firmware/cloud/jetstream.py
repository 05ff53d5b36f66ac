"""Records over NATS JetStream: a message a record, in order; its id makes a repeat harmless."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import Iterable
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.client import Client, RawCredentials
from nats.js import JetStreamContext

from firmware.cloud import wire
from firmware.cloud.transport import BatchRefused, NotAllowed, Unreachable
from firmware.cloud.wire import Receipt, Record

logger = logging.getLogger(__name__)

STREAM = "ZONGJI"
SUBJECT = "zongji.records"
_CONNECT_S = 10
_CONFIRM_S = 15.0
_CLOSE_S = 1.0
_PACKED_AT_ONCE = 16
"""Records packed before others of this process have their turn: about a millisecond's work."""
_TOO_LARGE = 10054
"""JetStream's error code for "message size exceeds maximum allowed"."""


def message_id(record: Record) -> str:
    """Return the id JetStream knows repeats by: journey and revision."""
    return f"{record.site}.{record.journey.id}.{record.journey.revision}"


class JetStreamTransport:
    """Publishes to `zongji.records.SITE`.

    Args:
        url: Such as "tls://fleet.example.com:4222".
        site: This box's name at the far end.
        key: The secret shared with it; every message is signed.
        credentials: Content of a NATS credentials file (user JWT and seed); empty for none.
        tls: For a private certificate authority.
    """

    def __init__(
        self,
        url: str,
        site: str,
        key: str,
        credentials: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._site = site
        self._key = key
        self._credentials = credentials
        self._tls = tls
        self._client: Client | None = None
        self._lost = asyncio.Event()
        """Set when the connection has gone."""
        self._sent = 0

    @property
    def sent_bytes(self) -> int:
        """Bytes of bodies sent so far."""
        return self._sent

    async def send(self, records: list[Record]) -> Receipt:
        """Have the records stored in the stream; see `Transport`."""
        stream = await self._connected()
        waiting: deque[asyncio.Task[object]] = deque()
        try:
            for record in records:
                body = wire.pack([record])
                idempotency = message_id(record)
                headers = {
                    "Nats-Msg-Id": idempotency,
                    "Zongji-Site": self._site,
                    "Zongji-Signature": wire.sign(self._key, self._site, idempotency, body),
                }
                subject = f"{SUBJECT}.{self._site}"
                publish = stream.publish(subject, body, timeout=_CONFIRM_S, stream=STREAM, headers=headers)
                waiting.append(asyncio.create_task(publish))
                self._sent += len(body)
                # Tasks run in the order they were made: so do the messages leave, while others are packed.
                if len(waiting) % _PACKED_AT_ONCE == 0:
                    await asyncio.sleep(0)
            await self._all(waiting)
        except (nats.errors.MaxPayloadError, nats.js.errors.BadRequestError) as error:
            raise BatchRefused(str(error)) from None
        except nats.js.errors.NoStreamResponseError:
            raise NotAllowed(f"the server has no stream {STREAM}, or this site may not publish") from None
        except (nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError) as error:
            await self.close()
            raise Unreachable(f"{type(error).__name__}: {error}") from None
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return Receipt(len(records))

    async def _all(self, waiting: Iterable[asyncio.Task[object]]) -> None:
        """Wait until all is confirmed.

        Raises:
            nats.errors.ConnectionClosedError: It went; the library would wait for each answer.
            Exception: What the first of them raised.
        """
        everything = asyncio.gather(*waiting)
        lost = asyncio.create_task(self._lost.wait())
        try:
            either: set[asyncio.Future[Any]] = {everything, lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not everything.done():
                raise nats.errors.ConnectionClosedError
            await everything
        finally:
            lost.cancel()
            everything.cancel()
            await asyncio.gather(lost, everything, return_exceptions=True)

    async def close(self) -> None:
        """End the connection."""
        client, self._client = self._client, None
        if client is not None:
            await _closed(client)

    async def _connected(self) -> JetStreamContext:
        if self._client is None or not self._client.is_connected:
            await self.close()
            # Made here, not by `nats.connect`, so that a connection that comes to nothing is closed, too.
            client, self._lost = Client(), asyncio.Event()
            lost = self._lost

            async def closed() -> None:
                lost.set()

            try:
                await asyncio.wait_for(
                    client.connect(
                        self._url,
                        name=f"zongji {self._site}",
                        allow_reconnect=False,
                        connect_timeout=_CONNECT_S,
                        user_credentials=RawCredentials(self._credentials) if self._credentials else None,
                        tls=self._tls,
                        error_cb=_logged,
                        closed_cb=closed,
                        disconnected_cb=closed,
                    ),
                    _CONNECT_S * 2,
                )
            except (nats.errors.AuthorizationError, nats.errors.InvalidUserCredentialsError) as error:
                await _closed(client)
                raise NotAllowed(str(error)) from None
            except (nats.errors.Error, OSError, TimeoutError, ValueError) as error:
                await _closed(client)
                if "authorization" in str(error).lower():
                    raise NotAllowed(str(error)) from None
                raise Unreachable(f"{type(error).__name__}: {error}") from None
            self._client = client
        return self._client.jetstream()


async def _closed(client: Client) -> None:
    # After a failed TLS handshake the library has closed the socket and waits for an end that never comes.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_CLOSE_S):
            await client.close()


async def _logged(error: Exception) -> None:
    logger.info("NATS: %s", error)
