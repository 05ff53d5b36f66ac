"""Sends what waits, one letter after the other, and again later what the server didn't take.

queue ─► waiting ─┬─ taken ─────────────────────────► sent
                  ├─ refused for good ──────────────► failed
                  └─ not now ─► 1, 5, 15 … 60 min ─► again, for three days, then failed
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence

from firmware.core.clock import Clock
from firmware.core.errors import DeviceError, UserError, ZongjiError
from firmware.core.letters import Attachment, Letter, LetterState
from firmware.core.trace.said import Text, why
from firmware.office.mail.smtp import Refused, Server, deliver
from firmware.store.letters import LetterStore

logger = logging.getLogger(__name__)

_PAUSES_S = (60.0, 300.0, 900.0, 1800.0, 3600.0)
MAX_AGE_MS = 3 * 24 * 3_600_000
"""After three days a message by mail is no news any more."""

Deliver = Callable[[Server, Letter, ssl.SSLContext], None]


class Mail:
    """Implements `firmware.core.letters.LetterSender`.

    Args:
        store: Keeps the letters.
        server: Returns the mail server in force; None where none is set.
        clock: For the age of letters.
        on_fault: Told what keeps letters from being sent, and None when it has passed.
        context: What servers' certificates are checked with; the system's authorities unless a test says so.
        send: Hands one letter over; blocks.
    """

    def __init__(
        self,
        store: LetterStore,
        server: Callable[[], Server | None],
        clock: Clock,
        on_fault: Callable[[Text | None], None] = lambda _: None,
        context: ssl.SSLContext | None = None,
        send: Deliver = deliver,
    ) -> None:
        self._store = store
        self._server = server
        self._clock = clock
        self._on_fault = on_fault
        self._context = context or ssl.create_default_context()
        self._send = send
        self._wake = asyncio.Event()
        self._due: dict[str, float] = {}
        """When to try a letter again, by the loop's clock."""
        self._sender: asyncio.Task[None] | None = None
        self.fault: Text | None = None
        """What keeps letters from being sent now, in plain words."""

    def start(self) -> None:
        """Begin to send what waits, also from before the last power cut."""
        self._wake.set()
        self._sender = asyncio.create_task(self._keep_sending(), name="mail")

    async def stop(self) -> None:
        """Stop; what isn't sent yet waits for the next start."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)

    async def send(
        self,
        recipient: str,
        subject: str,
        body: str,
        *,
        attachments: Sequence[Attachment] = (),
        purpose: str = "",
    ) -> str:
        """See `firmware.core.letters.LetterSender`."""
        if self._server() is None:
            raise UserError("No mail server is set. Set one in the section mail.")
        name, _, domain = recipient.partition("@")
        if not name or not domain or any(character.isspace() for character in recipient):
            raise UserError(f"{recipient[:80]!r} is no mail address.")
        letter = await self._store.queue(recipient, subject, body, attachments, purpose)
        self._wake.set()
        return letter

    def try_now(self) -> None:
        """Try everything that waits at once: the settings have changed, or somebody asks for it."""
        self._due.clear()
        self._wake.set()

    async def _keep_sending(self) -> None:
        while True:
            self._wake.clear()
            pause = await self._round()
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _round(self) -> float | None:
        """Try what is due; return how long until the next is, None when nothing waits."""
        loop = asyncio.get_running_loop()
        try:
            for letter in await asyncio.to_thread(self._store.waiting):
                # Asked for each letter: the settings may change while a long queue is sent.
                server = self._server()
                if server is None:
                    return None
                if self._due.get(letter.id, 0.0) <= loop.time():
                    await self._try(server, letter)
        except DeviceError as error:
            # The records can't be read or written: whoever keeps them raises the alarm.
            logger.warning("letters: %s", error)
            return _PAUSES_S[0]
        return max(1.0, min(self._due.values()) - loop.time()) if self._due else None

    async def _try(self, server: Server, letter: Letter) -> None:
        state = LetterState.SENT
        fault: Text | None = None
        try:
            await asyncio.to_thread(self._send, server, letter, self._context)
        except Refused as error:
            state, fault = LetterState.FAILED, why(error)
        except ZongjiError as error:
            old = self._clock.now().wall_ms - letter.created_wall_ms > MAX_AGE_MS
            state, fault = LetterState.FAILED if old else LetterState.WAITING, why(error)
        self._tell(fault)
        detail = "" if fault is None else str(fault)
        if state is LetterState.WAITING:
            # What was tried with a server no longer in force says nothing of the one that is.
            stale = self._server() != server
            pause = 0.0 if stale else _PAUSES_S[min(letter.attempts, len(_PAUSES_S) - 1)]
            self._due[letter.id] = asyncio.get_running_loop().time() + pause
        else:
            self._due.pop(letter.id, None)
        logger.info("letter %s (%s): %s %s", letter.id, letter.purpose, state, detail)
        await self._store.settle(letter.id, state, detail)

    def _tell(self, fault: Text | None) -> None:
        if fault != self.fault:
            self.fault = fault
            self._on_fault(fault)
