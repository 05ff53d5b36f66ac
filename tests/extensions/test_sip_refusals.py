"""The agent, spoken to in raw SIP: what it refuses and how, where answers go, what it forgives."""

from __future__ import annotations

import msgspec
import pytest

from extensions.sip.events import (
    CallOffered,
)
from extensions.sip.flow import UDP, Flow
from extensions.sip.message import Request, Response, parse_message, respond_to
from extensions.sip.sources import KNOWN, STRANGER, Budget, Sources
from extensions.sip.transaction.invite_server import TRYING_S
from tests.extensions.sip_chance import generated
from tests.extensions.sip_fuzz import fuzz
from tests.extensions.story import ENOUGH, PHONE, SDP, Story, statuses

# What is refused


@pytest.mark.parametrize(
    ("method", "lines", "options", "status"),
    [
        ("REFER", (), {}, 403),
        ("PUBLISH", (), {}, 405),
        ("DANCE", (), {}, 501),
        ("INVITE", ("Max-Forwards: 0",), {}, 483),
        ("INVITE", ("Require: precondition, timer",), {}, 420),
        ("INVITE", ("Content-Encoding: gzip",), {}, 415),
        ("INVITE", (), {"uri": "mailto:a@b"}, 416),
        ("INVITE", (), {"to_tag": "unknown"}, 481),
        ("BYE", (), {"to_tag": "unknown"}, 481),
        ("BYE", (), {}, 481),
        ("CANCEL", (), {}, 481),
        ("OPTIONS", (), {"version": "SIP/3.0"}, 505),
        ("OPTIONS", ("Max-Forwards: 300",), {}, 400),
        ("OPTIONS", (), {}, 200),
        ("REGISTER", (), {}, 200),
    ],
)  # fmt: skip
def test_requests_outside_a_call(
    method: str, lines: tuple[str, ...], options: dict[str, str], status: int
) -> None:
    story = Story()
    (response,) = story.says(story.request(method, *lines, **options))  # type: ignore[arg-type] # strings only
    assert isinstance(response, Response)
    assert response.status == status
    assert response.to.tag
    if status in (405, 501):
        assert "INVITE" in response.headers.items("allow")
    if status == 420:
        assert response.headers.get("unsupported") == "precondition"


def test_an_ack_is_never_answered() -> None:
    story = Story()
    assert story.says(story.request("ACK", to_tag="unknown")) == []
    assert story.says(story.request("ACK", "Max-Forwards: 999")) == []


def test_a_body_that_is_no_sdp() -> None:
    story = Story()
    invite = story.request("INVITE", body=SDP).replace("application/sdp", "text/plain")
    (response,) = story.says(invite)
    assert isinstance(response, Response)
    assert (response.status, response.headers.get("accept")) == (415, "application/sdp")


def test_the_same_invite_by_another_way() -> None:
    story = Story()
    story.invite()
    assert statuses(story.says(story.request("INVITE", body=SDP))) == [482]


def test_too_many_unfinished_transactions_of_one_source() -> None:
    few = Budget(per_s=1000, burst=1000, transactions=2)
    story = Story(Sources(few, few))
    story.says(story.request("INVITE", body=SDP))
    answers = [statuses(story.says(story.request("OPTIONS"))) for _ in range(3)]
    assert answers == [[200], [200], [200]]
    for number in (2, 3):
        invite = story.request("INVITE", body=SDP).replace("call-1", f"call-{number}")
        answer = statuses(story.says(invite))
    assert answer == [503]
    other = Flow(UDP, "10.0.0.3", 5060, "10.0.0.1", 5060)
    assert statuses(story.says(story.request("OPTIONS"), other)) == [200]
    assert story.agent.counters["refused"] == 1


def test_who_keeps_flooding_is_not_heard_at_all_until_it_pauses() -> None:
    sources = Sources()
    # Ten times a stranger's rate: a bucketful is heard, and what is filled in until it is empty.
    heard = [sources.takes("10.0.0.9", number / 1000, request=True) for number in range(10_000)]
    last = max(number for number, was in enumerate(heard) if was)
    assert last < 300
    assert not sources.takes("10.0.0.9", 10.5, request=True)
    assert sources.takes("10.0.0.8", 10.5, request=True)
    assert sources.takes("10.0.0.9", 20.0, request=True)


def test_a_stranger_that_floods_is_not_heard_and_a_known_host_is() -> None:
    story = Story(Sources())
    for _ in range(3 * int(STRANGER.requests_at_once)):
        story.says(story.request("OPTIONS"))
    answered = len(story.sent)
    assert answered == STRANGER.requests_at_once
    assert story.agent.counters["flooded"] == 2 * STRANGER.requests_at_once
    # Who goes on at ten times what is granted isn't heard at all; who pauses is heard again.
    for _ in range(100):
        story.now += 0.1 / STRANGER.requests_per_s
        assert story.says(story.request("OPTIONS")) == []
    story.passes(5)
    assert statuses(story.says(story.request("OPTIONS"))) == [200]
    # Once somebody there has authenticated, a proxy's worth of messages is heard.
    assert statuses(story.says(story.request("REGISTER"))) == [200]
    for _ in range(3000):
        story.now += 1 / KNOWN.requests_per_s
        assert story.says(story.request("OPTIONS"))


def test_responses_and_acks_are_not_taken_for_requests() -> None:
    """A called host answers as many requests as we send it."""
    story = Story(Sources())
    for _ in range(int(STRANGER.burst)):
        story.says(story.request("ACK", to_tag="unknown"))
    assert story.agent.counters["flooded"] == 0
    story.says(story.request("ACK", to_tag="unknown"))
    assert story.agent.counters["flooded"] == 1


# Where answers go


def test_answers_go_back_to_the_source_with_rport() -> None:
    story = Story()
    natted = Flow(UDP, "10.0.0.9", 40000, "10.0.0.1", 5060)
    (response,) = story.says(story.request("OPTIONS"), natted)
    assert story.flows == [natted]
    assert dict(response.via.params)["rport"] == "40000"
    assert dict(response.via.params)["received"] == "10.0.0.9"


def test_answers_go_to_the_port_of_the_via_without_rport() -> None:
    story = Story()
    story.says(story.request("OPTIONS").replace(";rport", ""), PHONE.with_port(40000))
    assert story.flows == [PHONE]


# Rubbish


def test_keepalives_are_not_faults() -> None:
    story = Story()
    assert story.says(b"\r\n\r\n") == []
    assert story.says(b"\0\0\0\0") == []
    assert story.agent.counters == {}


def test_a_stray_response_is_counted() -> None:
    story = Story()
    _, invite = story.calls()
    other = parse_message(invite.encode())
    assert isinstance(other, Request)
    other.headers.set("via", "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKother")
    assert story.says(respond_to(other, 200, tag="x").encode()) == []
    assert story.agent.counters["stray"] == 1


def test_thousands_of_mutants_raise_nothing_and_leave_nothing_behind() -> None:
    figures = fuzz(4000)
    assert figures["raised"] == 0
    # A table of remembered names may fill up once; what grows with every message would be far above.
    assert figures["grown_kb"] < 1000


def test_nothing_that_hypothesis_makes_up_raises() -> None:
    assert generated(800) == 0


def test_one_host_cannot_take_all_the_calls() -> None:
    scarce = msgspec.structs.replace(ENOUGH, dialogs=2)
    story = Story(Sources(scarce, scarce))
    calls = []
    for number in range(3):
        invite = story.request("INVITE", "Max-Forwards: 70", body=SDP).replace("call-1", f"call-{number}")
        calls.append(statuses([*story.says(invite), *story.passes(TRYING_S)])[-1])
    assert calls == [100, 100, 503]
    assert story.agent.counters["refused"] == 1
    other = Flow(UDP, "10.0.0.3", 5062, "10.0.0.1", 5060)
    invite = story.request("INVITE", "Max-Forwards: 70", body=SDP).replace("call-1", "call-9")
    assert statuses([*story.says(invite, other), *story.passes(TRYING_S)]) == [100]
    offered = story.events[0]
    assert isinstance(offered, CallOffered)
    offered.call.refuse(486, story.now)
    story.collect()
    invite = story.request("INVITE", "Max-Forwards: 70", body=SDP).replace("call-1", "call-4")
    assert statuses([*story.says(invite), *story.passes(TRYING_S)])[-1] == 100
