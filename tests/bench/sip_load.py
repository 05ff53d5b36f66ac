"""Load made by our own stack: many phones registering from one socket, and a flood."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterable

from extensions.sip.agent import Agent
from extensions.sip.client_auth import ClientAuth
from extensions.sip.compose import new_request, new_tag
from extensions.sip.events import Event, RegistrationChanged
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr
from extensions.sip.message import Request, Response, parse_message, respond_to
from extensions.sip.net.endpoint import Endpoint

# Registrations under way at once: a phone answers its challenge within a round trip.
_AT_ONCE = 20


# Where the flood comes from: another host than any phone of the bench.
FLOODER = "127.0.0.2"
_MESSAGES = ("REGISTER", "INVITE")
# What must have been sent for sure of what was to be, once the process had so many seconds to begin.
_SURELY = 0.5
_BEGINS_WITHIN_S = 2.0


class NoFlood(RuntimeError):
    """What was sent was no flood, so that nothing can be said of one."""


@contextlib.asynccontextmanager
async def flooding(port: int, per_s: int, key: str = "") -> AsyncIterator[None]:
    """Have another process send so many messages a second to the box meanwhile; none for 0.

    Raises:
        NoFlood: The process had trouble of its own, or was too slow.

    Args:
        port: The box's.
        per_s: Messages a second.
        key: The secret of 101, which the flooder registers as first: a phone gone mad; a stranger when empty.
    """
    if not per_s:
        yield
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.sip_load", str(port), str(per_s), key,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    sent = b""
    began = time.monotonic()
    try:
        yield
    finally:
        lasted = time.monotonic() - began
        if process.returncode is None:
            process.terminate()
        sent, _ = await process.communicate()
    if int(sent or 0) < _SURELY * per_s * (lasted - _BEGINS_WITHIN_S):
        raise NoFlood(f"{int(sent or 0)} messages in {lasted:.1f} s are no flood of {per_s} a second")


def flood(port: int, per_s: int, key: str) -> None:
    """Send messages at a rate until SIGTERM and print how many; register first when there is a key."""
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((FLOODER, 0))
        if key:
            _register(sender, port, key)
        number, began = 0, time.monotonic()
        while not stop:
            due = int((time.monotonic() - began) * per_s)
            while number < due:
                number += 1
                sender.sendto(_message(_MESSAGES[number % 2], number), ("127.0.0.1", port))
            time.sleep(0.005)
    sys.stdout.write(str(number))


def _register(sender: socket.socket, port: int, key: str) -> None:
    auth = ClientAuth("101", key)
    own = Flow("udp", "127.0.0.1", port, FLOODER, sender.getsockname()[1])
    for cseq in (1, 2):
        request = new_request(
            "REGISTER", "sip:127.0.0.1", own, from_=NameAddr("sip:101@127.0.0.1", "", (("tag", "mad"),)),
            to=NameAddr("sip:101@127.0.0.1"), call_id="mad", cseq=cseq,
        )  # fmt: skip
        auth.sign(request)
        sender.sendto(request.encode(), (own.host, own.port))
        response = parse_message(sender.recv(65535))
        if isinstance(response, Response) and response.status == 200:
            return
        if isinstance(response, Response):
            auth.take(response, request)
    raise RuntimeError("the flooding phone could not register")


def _message(method: str, number: int) -> bytes:
    return (
        f"{method} sip:102@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {FLOODER}:5060;rport;branch=z9hG4bKflood{number}\r\n"
        f"From: <sip:101@127.0.0.1>;tag={number}\r\nTo: <sip:101@127.0.0.1>\r\n"
        f"Call-ID: flood{number}\r\nCSeq: 1 {method}\r\nContact: <sip:101@{FLOODER}>\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


class _Nobody:
    def admit(self, request: Request, flow: Flow, now: float) -> Response | str:
        return respond_to(request, 403, tag=new_tag())

    def watches(self, identity: str, event: str, user: str) -> int:
        return 489

    def register(self, request: Request, identity: str, flow: Flow, now: float) -> Response:
        return respond_to(request, 405, tag=new_tag())


class Registering:
    """Phones at one address, all with one secret."""

    def __init__(self, host: str, port: int, secret: str) -> None:
        self._server = (host, port)
        self._secret = secret
        self._endpoint = Endpoint(Agent(_Nobody()), self._on_event, host, 0, listen_tcp=False)
        self._waiting: dict[object, asyncio.Future[bool]] = {}

    async def start(self) -> None:
        await self._endpoint.start()

    async def stop(self) -> None:
        await self._endpoint.close()

    async def register(self, extensions: Iterable[int]) -> None:
        """Register each; returns when all are.

        Raises:
            RuntimeError: One was refused.
        """
        host, port = self._server
        flow = await self._endpoint.connect(host, port, "udp")
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(extension: int) -> bool:
            async with limit:
                auth = ClientAuth(str(extension), self._secret)
                registration = self._endpoint.agent.registration(
                    flow, f"sip:{extension}@{host}:{port}", auth, 3600, contact_user=str(extension)
                )
                done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
                self._waiting[registration] = done
                with self._endpoint.turn() as now:
                    registration.start(now)
                return await done

        if not all(await asyncio.gather(*(one(extension) for extension in extensions))):
            raise RuntimeError("a phone could not register")

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RegistrationChanged):
            done = self._waiting.pop(event.registration, None)
            if done is not None:
                done.set_result(event.registered)


if __name__ == "__main__":
    flood(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
