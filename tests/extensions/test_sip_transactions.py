"""The four transaction machines on virtual time: every timer of RFC 3261 and RFC 6026, by its name."""

from __future__ import annotations

import pytest

from extensions.sip.compose import new_request
from extensions.sip.flow import TCP, UDP, Flow
from extensions.sip.headers import NameAddr
from extensions.sip.message import Request, Response, parse_message, respond_to
from extensions.sip.timers import Timers
from extensions.sip.transaction.base import (
    ClientTransaction,
    Failure,
    IllegalTransition,
    ServerTransaction,
    State,
)
from extensions.sip.transaction.invite_server import InviteServer
from extensions.sip.transaction.layer import TransactionLayer

PEER = {kind: Flow(kind, "10.0.0.2", 5060, "10.0.0.1", 5060) for kind in (UDP, TCP)}


class Bench:
    """One layer, a clock, and a notebook."""

    def __init__(self, per_source: int = 100) -> None:
        self.now = 0.0
        self.timers = Timers()
        self.layer = TransactionLayer(self, self.timers, self, lambda host, now: per_source)
        self.sent: list[tuple[float, bytes]] = []
        self.heard: list[object] = []
        self.servers: list[ServerTransaction] = []
        self.acks: list[Request] = []

    def send(self, data: bytes, flow: Flow) -> None:
        self.sent.append((round(self.now, 3), data))

    def stream_to(self, flow: Flow, now: float) -> Flow | None:
        return None

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow, now: float) -> None:
        self.servers.append(transaction)

    def on_ack(self, request: Request, flow: Flow, now: float) -> None:
        self.acks.append(request)

    def on_too_many(self, request: Request, flow: Flow, now: float) -> None:
        self.heard.append("too many")

    def on_stray_response(self, response: Response, now: float) -> None:
        self.heard.append("stray")

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        self.heard.append(response.status)

    def on_failure(self, transaction: ClientTransaction, failure: Failure, now: float) -> None:
        self.heard.append(failure)

    def run_until(self, end: float) -> None:
        while (deadline := self.timers.next()) is not None and deadline <= end:
            self.now = deadline
            self.timers.fire(deadline)
        self.now = end

    def request(self, method: str, kind: str = UDP) -> ClientTransaction:
        return self.layer.request(compose(method), PEER[kind], self, self.now)

    def take(self, request: Request, kind: str = UDP) -> None:
        self.layer.receive_request(request, PEER[kind], self.now)

    def response(self, transaction: ClientTransaction, status: int, tag: str = "far") -> None:
        self.layer.receive_response(respond_to(transaction.request, status, tag=tag), self.now)

    def times(self, start: str) -> list[float]:
        """Return when packets that begin so were sent."""
        return [at for at, data in self.sent if data.startswith(start.encode())]


def compose(method: str) -> Request:
    return new_request(
        method, "sip:101@10.0.0.2", PEER[UDP],
        from_=NameAddr("sip:1@a").tagged("f"), to=NameAddr("sip:2@b"), call_id="c", cseq=1,
    )  # fmt: skip


def ack_of(invite: Request) -> Request:
    ack = Request("ACK", invite.uri, invite.headers.copy())
    ack.headers.set("cseq", "1 ACK")
    return ack


class TestInviteClient:
    def test_timer_a_doubles_and_timer_b_gives_up(self) -> None:
        bench = Bench()
        invite = bench.request("INVITE")
        bench.run_until(40)
        assert bench.times("INVITE") == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
        assert bench.heard == [Failure.TIMEOUT]
        assert invite.state is State.TERMINATED
        assert len(bench.layer) == 0

    def test_a_provisional_response_stops_the_retransmissions(self) -> None:
        bench = Bench()
        invite = bench.request("INVITE")
        bench.run_until(1)
        bench.response(invite, 100)
        bench.response(invite, 180)
        bench.run_until(300)
        assert bench.times("INVITE") == [0, 0.5]
        assert invite.state is State.PROCEEDING
        assert bench.heard == [100, 180]

    def test_every_refusal_is_acknowledged_until_timer_d(self) -> None:
        bench = Bench()
        invite = bench.request("INVITE")
        bench.response(invite, 486)
        bench.run_until(31.9)
        bench.response(invite, 486)
        assert bench.times("ACK") == [0, 31.9]
        assert bench.heard == [486]
        ack = parse_message(bench.sent[-1][1])
        assert ack.via.branch == invite.request.via.branch
        assert ack.to.tag == "far"
        bench.run_until(32)
        assert invite.state is State.TERMINATED

    def test_every_2xx_goes_up_until_timer_m(self) -> None:
        bench = Bench()
        invite = bench.request("INVITE")
        bench.response(invite, 200, "one")
        bench.response(invite, 200, "one")
        bench.response(invite, 200, "two")
        bench.response(invite, 180)
        assert bench.heard == [200, 200, 200]
        assert bench.times("ACK") == []
        bench.run_until(31.9)
        assert invite.state is State.ACCEPTED
        bench.run_until(32)
        bench.response(invite, 200, "one")
        assert bench.heard[3:] == ["stray"]

    def test_a_stream_needs_no_repetition(self) -> None:
        bench = Bench()
        invite = bench.request("INVITE", TCP)
        bench.run_until(10)
        assert bench.times("INVITE") == [0]
        bench.response(invite, 486)
        assert invite.state is State.TERMINATED


class TestNonInviteClient:
    def test_timer_e_doubles_to_t2_and_timer_f_gives_up(self) -> None:
        bench = Bench()
        bench.request("BYE")
        bench.run_until(40)
        assert bench.times("BYE") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        assert bench.heard == [Failure.TIMEOUT]

    def test_it_repeats_slowly_after_a_provisional_response(self) -> None:
        bench = Bench()
        bye = bench.request("BYE")
        bench.response(bye, 100)
        bench.run_until(10)
        assert bench.times("BYE") == [0, 0.5, 4.5, 8.5]

    def test_timer_k_absorbs_repeated_answers(self) -> None:
        bench = Bench()
        bye = bench.request("BYE")
        bench.response(bye, 200)
        bench.run_until(4.9)
        bench.response(bye, 200)
        assert bench.heard == [200]
        bench.run_until(5)
        assert len(bench.layer) == 0


class TestInviteServer:
    def invited(self, bench: Bench, kind: str = UDP) -> tuple[InviteServer, Request]:
        invite = compose("INVITE")
        bench.take(invite, kind)
        (transaction,) = bench.servers
        assert isinstance(transaction, InviteServer)
        return transaction, invite

    def test_a_repeated_invite_gets_the_latest_response(self) -> None:
        bench = Bench()
        transaction, invite = self.invited(bench)
        bench.take(invite)
        assert bench.sent == []
        transaction.respond(respond_to(invite, 180, tag="t"), 0)
        bench.take(invite)
        assert len(bench.times("SIP/2.0 180")) == 2
        assert len(bench.servers) == 1

    def test_timer_g_repeats_a_refusal_until_timer_h(self) -> None:
        bench = Bench()
        transaction, invite = self.invited(bench)
        transaction.respond(respond_to(invite, 486, tag="t"), 0)
        bench.run_until(40)
        assert bench.times("SIP/2.0 486") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        assert transaction.state is State.TERMINATED

    def test_the_ack_stops_timer_g_and_timer_i_absorbs_its_repetitions(self) -> None:
        bench = Bench()
        transaction, invite = self.invited(bench)
        transaction.respond(respond_to(invite, 486, tag="t"), 0)
        bench.run_until(0.6)
        bench.take(ack_of(invite))
        bench.take(ack_of(invite))
        assert transaction.state is State.CONFIRMED
        assert bench.acks == []
        bench.run_until(5.5)
        assert transaction.state is State.CONFIRMED
        bench.run_until(5.6)
        assert len(bench.layer) == 0
        assert bench.times("SIP/2.0 486") == [0, 0.5]

    def test_accepted_absorbs_the_invite_and_hands_the_ack_up_until_timer_l(self) -> None:
        bench = Bench()
        transaction, invite = self.invited(bench)
        transaction.respond(respond_to(invite, 200, tag="t"), 0)
        bench.take(invite)
        bench.take(ack_of(invite))
        assert bench.times("SIP/2.0 200") == [0]
        assert len(bench.acks) == 1
        transaction.respond(respond_to(invite, 200, tag="t"), 0)
        transaction.respond(respond_to(invite, 486, tag="t"), 0)
        assert len(bench.sent) == 2
        bench.run_until(32)
        assert transaction.state is State.TERMINATED

    def test_a_refusal_on_a_stream_is_sent_once(self) -> None:
        bench = Bench()
        transaction, invite = self.invited(bench, TCP)
        transaction.respond(respond_to(invite, 486, tag="t"), 0)
        bench.run_until(20)
        assert bench.times("SIP/2.0 486") == [0]
        bench.take(ack_of(invite), TCP)
        assert len(bench.layer) == 0


class TestNonInviteServer:
    def test_the_answer_is_repeated_until_timer_j(self) -> None:
        bench = Bench()
        bye = compose("BYE")
        bench.take(bye)
        bench.take(bye)
        assert bench.sent == []
        (transaction,) = bench.servers
        transaction.respond(respond_to(bye, 200, tag="t"), 0)
        bench.take(bye)
        transaction.respond(respond_to(bye, 500, tag="t"), 0)
        assert len(bench.times("SIP/2.0 200")) == 2
        assert len(bench.sent) == 2
        bench.run_until(31.9)
        assert len(bench.layer) == 1
        bench.run_until(32)
        assert len(bench.layer) == 0


class TestLayer:
    def test_a_source_holds_no_more_than_its_share(self) -> None:
        bench = Bench(per_source=3)
        for _ in range(5):
            bench.take(compose("OPTIONS"))
        assert len(bench.servers) == 3
        assert bench.heard == ["too many", "too many"]
        # Whatever is finished makes room at once; what is not, doesn't.
        bench.servers[1].respond(respond_to(bench.servers[1].request, 200), 0)
        bench.take(compose("OPTIONS"))
        bench.take(compose("OPTIONS"))
        assert len(bench.servers) == 4
        assert bench.heard == ["too many"] * 3

    def test_a_client_of_rfc_2543_is_told_apart_by_its_fields(self) -> None:
        bench = Bench()
        for branch in ("", ";branch=1"):
            old = compose("OPTIONS")
            old.headers.set("via", f"SIP/2.0/UDP 10.0.0.2:5060{branch}")
            bench.take(old)
            bench.take(old)
        assert len(bench.servers) == 2

    def test_a_closed_connection_fails_what_waits_on_it(self) -> None:
        bench = Bench()
        bench.request("INVITE", TCP)
        bench.request("INVITE", UDP)
        bench.take(compose("OPTIONS"), TCP)
        bench.layer.flow_closed(PEER[TCP], 0)
        assert bench.heard == [Failure.FLOW_CLOSED]
        assert len(bench.layer) == 1

    def test_an_illegal_transition_changes_nothing(self) -> None:
        bench = Bench()
        invite = bench.request("INVITE")
        with pytest.raises(IllegalTransition):
            invite._became(State.CONFIRMED)
        assert invite.state is State.CALLING


def test_cancelled_timers_do_not_pile_up() -> None:
    bench = Bench(per_source=100_000)
    for _ in range(3000):
        bench.response(bench.request("BYE"), 200)
    assert len(bench.timers) == 3000
    assert len(bench.timers._lax._entries) < 3 * 3000
