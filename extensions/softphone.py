"""A phone in a few lines, on the same SIP stack: for the demo, and for tests that need no real phone.

    phone = SoftPhone("127.0.0.1", 5060, "101", secret)
    await phone.start()
    await phone.register()
    await phone.wait_for_call()          answers by itself after `answer_after` seconds
    await phone.call_over()
    phone.write_heard(Path("heard.wav"))
    await phone.stop()

One call at a time; a second caller gets 486. It speaks A-law only.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from pathlib import Path

from extensions.sip.agent import Agent
from extensions.sip.call import Call
from extensions.sip.client_auth import ClientAuth
from extensions.sip.compose import bracketed, new_tag
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import (
    CallAcknowledged,
    CallAnswered,
    CallEnded,
    CallOffered,
    CallProgressed,
    CallReoffered,
    Event,
    RegistrationChanged,
)
from extensions.sip.flow import Flow
from extensions.sip.headers import NameAddr
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request, Response, respond_to
from extensions.sip.net.endpoint import Endpoint
from extensions.sip.offer_answer import Agreed, AudioNegotiation, NoCommonMedia
from extensions.sip.registration import Registration
from extensions.sip.sdp import parse as parse_sdp
from extensions.softphone_audio import Voice, read_wav, tone
from firmware.core.errors import PeerError

DEFAULT_TONE_HZ = 1000.0
_EXPIRES_S = 300


class PhoneError(PeerError):
    """The registrar or the called party said no; the text says what."""


class SoftPhone:
    """One test phone.

    Args:
        registrar_host: The box's address.
        port: Its SIP port.
        extension: Who we are.
        secret: Our secret.
        local_host: Address to bind.
        transport: `udp`, `tcp` or `tls`.
        answer_after: Seconds of ringing before it answers by itself; None never answers.
        plays: A mono 16-bit WAV at 8000 Hz to play over and over; a 1000 Hz tone when None.
        trust: Whom to believe over TLS.
    """

    def __init__(
        self,
        registrar_host: str,
        port: int,
        extension: str,
        secret: str,
        local_host: str = "127.0.0.1",
        transport: str = "udp",
        *,
        answer_after: float | None = 1.0,
        plays: Path | None = None,
        tone_hz: float = DEFAULT_TONE_HZ,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.extension = extension
        self.caller: str | None = None
        """What the latest incoming call showed as its number."""
        self._server = (registrar_host, port)
        self._transport = transport
        self._auth = ClientAuth(extension, secret)
        self._answer_after = answer_after
        self._samples = tone(tone_hz) if plays is None else read_wav(plays)
        self._local_host = local_host
        self._agent = Agent(_OnlyFrom(self), contact_user=extension, product="zongji-softphone")
        self._endpoint = Endpoint(self._agent, self._on_event, local_host, 0, listen_tcp=False, trust=trust)
        self._flow: Flow | None = None
        self._registration: Registration | None = None
        self._registered: asyncio.Future[str] | None = None
        self._call: Call | None = None
        self._offer = b""
        self._negotiation = AudioNegotiation(secrets.randbits(31))
        self._voice: Voice | None = None
        self._ringing = asyncio.Event()
        self._talking = asyncio.Event()
        self._over = asyncio.Event()
        self._ending = ""
        self._answering: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the sockets and, over TCP, the connection.

        Raises:
            OSError: The box can't be reached.
        """
        await self._endpoint.start()
        self._flow = await self._endpoint.connect(*self._server, self._transport)

    async def stop(self) -> None:
        """Hang up, unregister and close; safe to call at any time."""
        await self.hang_up()
        if self._registration is not None and self._registration.registered:
            self._registered = asyncio.get_running_loop().create_future()
            with self._endpoint.turn() as now:
                self._registration.stop(now)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._registered, 1.0)
        await self._endpoint.close()

    async def register(self) -> None:
        """Register, and stay registered.

        Raises:
            PhoneError: The box refused or did not answer.
        """
        aor = f"sip:{self.extension}@{bracketed(self._server[0])}:{self._server[1]}"
        self._registered = asyncio.get_running_loop().create_future()
        self._registration = self._agent.registration(self._reached(), aor, self._auth, _EXPIRES_S)
        with self._endpoint.turn() as now:
            self._registration.start(now)
        detail = await self._registered
        if not self._registration.registered:
            raise PhoneError(f"extension {self.extension} could not register: {detail}")

    async def dial(self, number: str) -> None:
        """Call a number; returns when it has answered.

        Raises:
            PhoneError: It was refused, or nobody answered in time.
        """
        self._forget_call()
        flow = self._reached()
        voice = self._voice = await self._new_voice()
        host, port = bracketed(self._server[0]), self._server[1]
        with self._endpoint.turn() as now:
            self._call = self._agent.call(
                flow,
                f"sip:{number}@{host}:{port}",
                from_=NameAddr(f"sip:{self.extension}@{host}:{port}"),
                to=NameAddr(f"sip:{number}@{host}:{port}"),
                body=self._negotiation.offer(flow.local_host, voice.port),
                now=now,
                auth=self._auth,
            )
        waits = [asyncio.ensure_future(event.wait()) for event in (self._talking, self._over)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._over.is_set():
            raise PhoneError(self._ending)

    async def wait_for_call(self) -> str | None:
        """Wait until a call has been answered; return the number it showed."""
        await self._talking.wait()
        return self.caller

    async def rung(self) -> None:
        """Wait until somebody rings."""
        await self._ringing.wait()

    async def call_over(self) -> str:
        """Wait until the call has ended; return what ended it: "BYE", "486 Busy Here", "hung up"."""
        await self._over.wait()
        return self._ending

    async def hang_up(self) -> None:
        """End the call, answered or not; nothing without one."""
        call = self._call
        if call is not None:
            with self._endpoint.turn() as now:
                call.hang_up(now)
            self._end("hung up")
        if self._voice is not None:
            await self._voice.close()

    @property
    def heard_s(self) -> float:
        """Seconds of audio heard in the latest call."""
        return 0.0 if self._voice is None else self._voice.heard_s

    def write_heard(self, path: Path) -> None:
        """Write what was heard in the latest call as a WAV file.

        Raises:
            PhoneError: There was no call.
            OSError: The file can't be written.
        """
        if self._voice is None:
            raise PhoneError("there was no call to hear")
        self._voice.write_heard(path)

    def is_box(self, flow: Flow) -> bool:
        """Tell whether a packet came from the box we registered at."""
        return self._flow is not None and flow.host == self._flow.host

    def _reached(self) -> Flow:
        if self._flow is None:
            raise PhoneError("the phone was not started")
        return self._flow

    async def _new_voice(self) -> Voice:
        """Return a voice for a new call; what the one before heard is given up."""
        if self._voice is not None:
            await self._voice.close()
            self._voice = None
        return await Voice.open(self._local_host, self._samples)

    def _forget_call(self) -> None:
        self._call = None
        self._ending = ""
        for event in (self._ringing, self._talking, self._over):
            event.clear()

    def _on_event(self, event: Event) -> None:
        match event:
            case RegistrationChanged():
                if self._registered is not None and not self._registered.done():
                    self._registered.set_result(event.detail)
            case CallOffered():
                self._offered(event.call)
            case CallProgressed():
                self._ringing.set()
            case CallAnswered(body=body) | CallAcknowledged(body=body):
                if not body or self._take(body):
                    self._talking.set()
            case CallReoffered():
                self._reoffered(event.call, event.body)
            case CallEnded() if event.call is self._call:
                self._end(event.phrase if event.status is None else f"{event.status} {event.phrase}")
            case _:
                return

    def _offered(self, call: IncomingCall) -> None:
        with self._endpoint.turn() as now:
            if self._call is not None:
                call.refuse(486, now)
                return
            call.ring(now)
        self._forget_call()
        self._call, self._offer = call, call.invite.body
        with contextlib.suppress(MalformedMessage):
            self.caller = call.invite.from_.sip_uri.user
        self._ringing.set()
        if self._answer_after is not None:
            self._answering = asyncio.get_running_loop().create_task(self._answer(call, self._answer_after))

    async def _answer(self, call: IncomingCall, after: float) -> None:
        await asyncio.sleep(after)
        voice = await self._new_voice()
        if self._call is not call:
            await voice.close()
            return
        self._voice = voice
        host = call.flow.local_host
        try:
            body, agreed = self._negotiation.answer(parse_sdp(self._offer), host, voice.port)
        except (MalformedMessage, NoCommonMedia):
            with self._endpoint.turn() as now:
                call.refuse(488, now)
            self._end("488 Not Acceptable Here")
            return
        with self._endpoint.turn() as now:
            call.answer(body, now)
        self._speak(agreed)

    def _take(self, body: bytes) -> bool:
        try:
            self._speak(self._negotiation.read_answer(parse_sdp(body)))
        except (MalformedMessage, NoCommonMedia):
            if self._call is not None:
                with self._endpoint.turn() as now:
                    self._call.hang_up(now)
            self._end("no common media")
            return False
        return True

    def _reoffered(self, call: Call, body: bytes) -> None:
        with self._endpoint.turn() as now:
            if self._voice is None:
                call.refuse_again(488, now)
                return
            host = call.flow.local_host
            try:
                answer, agreed = self._negotiation.answer(parse_sdp(body), host, self._voice.port)
            except (MalformedMessage, NoCommonMedia):
                call.refuse_again(488, now)
                return
            call.accept_again(answer, now)
        self._speak(agreed)

    def _speak(self, agreed: Agreed) -> None:
        if self._voice is None:
            return
        if agreed.send:
            self._voice.speak_to(agreed.host, agreed.port)
        else:
            self._voice.hush()

    def _end(self, how: str) -> None:
        self._call = None
        self._ending = how
        if self._answering is not None:
            self._answering.cancel()
            self._answering = None
        if self._voice is not None:
            self._voice.hush()
        self._over.set()


class _OnlyFrom:
    """Takes calls from the box only: a phone on a LAN is rung by strangers, too."""

    def __init__(self, phone: SoftPhone) -> None:
        self._phone = phone

    def admit(self, request: Request, flow: Flow, now: float) -> Response | str:
        if request.method == "INVITE" and self._phone.is_box(flow):
            return "box"
        return respond_to(request, 403 if request.method == "INVITE" else 405, tag=new_tag())

    def watches(self, identity: str, event: str, user: str) -> int:
        return 489

    def register(self, request: Request, identity: str, flow: Flow, now: float) -> Response:
        return respond_to(request, 405, tag=new_tag())
