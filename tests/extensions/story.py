"""The agent on a clock in the hand of a test, and the phone it talks to, in raw SIP."""

from __future__ import annotations

from extensions.sip.agent import Agent
from extensions.sip.events import CallAcknowledged, CallOffered, Event
from extensions.sip.flow import UDP, Flow
from extensions.sip.headers import NameAddr
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request, Response, parse_message, respond_to
from extensions.sip.outgoing_call import OutgoingCall
from extensions.sip.sources import Budget, Sources

PHONE = Flow(UDP, "10.0.0.2", 5062, "10.0.0.1", 5060)
SDP = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


ENOUGH = Budget(per_s=1e6, burst=1e6, transactions=100_000)


class OpenHouse:
    def admit(self, request: Request, flow: Flow, now: float) -> Response | str:
        return "101"

    def watches(self, identity: str, event: str, user: str) -> int:
        return 200

    def register(self, request: Request, identity: str, flow: Flow, now: float) -> Response:
        return respond_to(request, 200, tag="registrar")


class Story:
    """An agent, a clock, and the phone at 10.0.0.2:5062."""

    def __init__(self, sources: Sources | None = None) -> None:
        self.agent = Agent(OpenHouse(), sources=sources or Sources(ENOUGH, ENOUGH))
        self.now = 0.0
        self.sent: list[Request | Response] = []
        self.flows: list[Flow] = []
        self.events: list[Event] = []
        self._branch = 0

    def says(self, data: bytes | str, flow: Flow = PHONE) -> list[Request | Response]:
        """The phone says something; return what the agent says at once."""
        self.agent.receive(data.encode() if isinstance(data, str) else data, flow, self.now)
        return self.collect()

    def collect(self) -> list[Request | Response]:
        packets = self.agent.take_packets()
        fresh = [parse_message(data) for data, _ in packets]
        self.flows += [flow for _, flow in packets]
        self.sent += fresh
        self.events += self.agent.take_events()
        return fresh

    def passes(self, seconds: float) -> list[Request | Response]:
        """Let time pass; return what was sent meanwhile."""
        end = self.now + seconds
        said: list[Request | Response] = []
        while (deadline := self.agent.get_timer()) is not None and deadline <= end:
            self.now = deadline
            self.agent.handle_timer(deadline)
            said += self.collect()
        self.now = end
        return said

    def request(
        self,
        method: str,
        *lines: str,
        uri: str = "sip:102@10.0.0.1",
        cseq: int = 1,
        to_tag: str = "",
        body: str = "",
        branch: str = "",
        version: str = "SIP/2.0",
    ) -> str:
        self._branch += 1
        head = [
            f"{method} {uri} {version}",
            f"Via: SIP/2.0/UDP 10.0.0.2:5062;rport;branch={branch or f'z9hG4bK{self._branch}'}",
            "From: <sip:101@10.0.0.1>;tag=phone",
            f"To: <sip:102@10.0.0.1>{';tag=' + to_tag if to_tag else ''}",
            "Call-ID: call-1",
            f"CSeq: {cseq} {method}",
            "Contact: <sip:101@10.0.0.2:5062>",
            *lines,
        ]
        if body:
            head.append("Content-Type: application/sdp")
        head.append(f"Content-Length: {len(body)}")
        return "\r\n".join(head) + "\r\n\r\n" + body

    def invite(self, branch: str = "") -> IncomingCall:
        """The phone calls; return the offered call."""
        self.says(self.request("INVITE", "Max-Forwards: 70", body=SDP, branch=branch))
        offered = self.events[-1]
        assert isinstance(offered, CallOffered)
        return offered.call

    def answered(self) -> IncomingCall:
        call = self.invite()
        call.answer(SDP.encode(), self.now)
        self.collect()
        self.says(self.request("ACK", to_tag=call.local_tag))
        assert isinstance(self.events[-1], CallAcknowledged)
        return call

    def call_over(self, flow: Flow, body: str, now: float) -> OutgoingCall:
        """We call the phone over a flow."""
        return self.agent.call(
            flow,
            "sip:101@10.0.0.2:5062",
            from_=NameAddr("sip:13800138000@10.0.0.1"),
            to=NameAddr("sip:101@10.0.0.1"),
            body=body.encode(),
            now=now,
        )

    def calls(self, body: str = SDP) -> tuple[OutgoingCall, Request]:
        """We call the phone; return the call and its INVITE."""
        call = self.call_over(PHONE, body, self.now)
        (invite,) = self.collect()
        assert isinstance(invite, Request)
        return call, invite

    def replies(
        self, request: Request, status: int, tag: str = "far", *, body: str = "", **headers: str
    ) -> list[Request | Response]:
        response = respond_to(request, status, tag=tag)
        response.headers.set("contact", f"<sip:101@10.0.0.2:5062;fork={tag}>")
        for name, value in headers.items():
            response.headers.set(name, value)
        response.body = body.encode()
        return self.says(response.encode())


def statuses(messages: list[Request | Response]) -> list[int | str]:
    return [message.status if isinstance(message, Response) else message.method for message in messages]
