"""Records over NATS JetStream: a message a record, in order; its id makes a repeat harmless."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.client import Client, RawCredentials
from nats.js import JetStreamContext
from nats.js.api import PubAck

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
        self._connection: tuple[Client, JetStreamContext] | None = None
        self._lost = asyncio.Event()
        """Set when the connection has gone."""
        self._sent = 0

    @property
    def sent_bytes(self) -> int:
        """Bytes of bodies sent so far."""
        return self._sent

    async def send(self, records: list[Record]) -> Receipt:
        """Have the records stored in the stream; see `Transport`."""
        client, stream = await self._connected()
        confirmations: list[asyncio.Future[PubAck]] = []
        try:
            async with asyncio.timeout(_CONFIRM_S):
                for record in records:
                    confirmations.append(await self._publish(client, stream, record))
                    # The library writes when its buffer is full or others have their turn.
                    if len(confirmations) % _PACKED_AT_ONCE == 0:
                        await asyncio.sleep(0)
                await self._all(confirmations)
        except nats.js.errors.BadRequestError as error:
            raise BatchRefused(str(error)) from None
        except nats.js.errors.NoStreamResponseError:
            raise NotAllowed(f"the server has no stream {STREAM}, or this site may not publish") from None
        except (nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError) as error:
            await self.close()
            raise Unreachable(f"{type(error).__name__}: {error}") from None
        finally:
            for confirmation in confirmations:
                confirmation.cancel()
            await asyncio.gather(*confirmations, return_exceptions=True)
        return Receipt(len(records))

    async def _publish(
        self, client: Client, stream: JetStreamContext, record: Record
    ) -> asyncio.Future[PubAck]:
        """Have a message leave; the future is of its confirmation."""
        body = wire.pack([record])
        if len(body) > client.max_payload:
            raise BatchRefused(f"a record of {len(body)} bytes is more than the server takes")
        idempotency = message_id(record)
        headers = {
            "Nats-Msg-Id": idempotency,
            "Zongji-Site": self._site,
            "Zongji-Signature": wire.sign(self._key, self._site, idempotency, body),
        }
        self._sent += len(body)
        return await stream.publish_async(f"{SUBJECT}.{self._site}", body, stream=STREAM, headers=headers)

    async def _all(self, confirmations: list[asyncio.Future[PubAck]]) -> None:
        """Wait until all is confirmed.

        Raises:
            nats.errors.ConnectionClosedError: It went; the library would wait for each answer.
            Exception: What the first of them raised.
        """
        everything = asyncio.gather(*confirmations)
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
        connection, self._connection = self._connection, None
        if connection is not None:
            await _closed(connection[0])

    async def _connected(self) -> tuple[Client, JetStreamContext]:
        if self._connection is None or not self._connection[0].is_connected:
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
            self._connection = client, client.jetstream()
        return self._connection


async def _closed(client: Client) -> None:
    # After a failed TLS handshake the library has closed the socket and waits for an end that never comes.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_CLOSE_S):
            await client.close()


async def _logged(error: Exception) -> None:
    logger.info("NATS: %s", error)
