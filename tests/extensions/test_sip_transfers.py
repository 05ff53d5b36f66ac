"""Transfers in raw SIP: REFER with its NOTIFYs, Replaces."""

from __future__ import annotations

from extensions.sip.events import (
    CallOffered,
    TransferAsked,
    TransferProgressed,
)
from extensions.sip.headers import Replaces
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request
from tests.extensions.story import SDP, Story, statuses


def refer(story: Story, call: IncomingCall, to: str, *lines: str, cseq: int = 2) -> str:
    return story.request("REFER", f"Refer-To: {to}", *lines, cseq=cseq, to_tag=call.local_tag)


def test_a_blind_transfer_is_asked_and_told_of() -> None:
    story = Story()
    call = story.answered()
    assert story.says(refer(story, call, "<sip:105@10.0.0.1>")) == []
    event = story.events[-1]
    assert isinstance(event, TransferAsked)
    assert (event.target.user, event.target.replaces) == ("105", None)
    call.transfers.accept(story.now)
    accepted, trying = story.collect()
    assert statuses([accepted, trying]) == [202, "NOTIFY"]
    assert isinstance(trying, Request)
    assert trying.body == b"SIP/2.0 100 Trying\r\n"
    assert (trying.headers.get("subscription-state") or "").startswith("active")
    story.replies(trying, 200, "phone")
    assert statuses(story.says(refer(story, call, "<sip:106@10.0.0.1>", cseq=3))) == [491]
    call.transfers.finish(200, story.now)
    (done,) = story.collect()
    assert done.body == b"SIP/2.0 200 OK\r\n"
    assert done.headers.get("subscription-state") == "terminated;reason=noresource"
    assert done.headers.get("event") == "refer"


def test_an_attended_transfer_names_the_other_call() -> None:
    story = Story()
    call = story.answered()
    to = f"<sip:105@10.0.0.1?Replaces=call-1%3Bto-tag%3D{call.local_tag}%3Bfrom-tag%3Dphone>"
    story.says(refer(story, call, to))
    event = story.events[-1]
    assert isinstance(event, TransferAsked)
    assert event.target.replaces == Replaces("call-1", call.local_tag, "phone")
    assert story.agent.find(event.target.replaces) is call
    assert story.agent.find(Replaces("call-1", call.local_tag, "stranger")) is None


def test_transfers_that_make_no_sense() -> None:
    story = Story()
    call = story.answered()
    assert statuses(story.says(refer(story, call, "<mailto:a@b>"))) == [400]
    assert statuses(story.says(story.request("REFER", cseq=3, to_tag=call.local_tag))) == [400]
    story.says(refer(story, call, "<sip:105@10.0.0.1>", cseq=4))
    call.transfers.refuse(603, story.now)
    assert statuses(story.collect()) == [603]


def test_a_transfer_nobody_wants_to_hear_of() -> None:
    story = Story()
    call = story.answered()
    story.says(refer(story, call, "<sip:105@10.0.0.1>", "Refer-Sub: false"))
    call.transfers.accept(story.now)
    call.transfers.finish(200, story.now)
    assert statuses(story.collect()) == [202]


def test_we_ask_for_a_transfer() -> None:
    story = Story()
    call = story.answered()
    call.transfers.refer("sip:105@10.0.0.9", story.now)
    (asked,) = story.collect()
    assert isinstance(asked, Request)
    assert asked.headers.get("refer-to") == "<sip:105@10.0.0.9>"
    story.replies(asked, 202, "phone")
    news = story.request(
        "NOTIFY",
        "Event: refer",
        "Subscription-State: terminated",
        cseq=2,
        to_tag=call.local_tag,
        body="SIP/2.0 486 Busy",
    ).replace("application/sdp", "message/sipfrag")
    assert statuses(story.says(news)) == [200]
    event = story.events[-1]
    assert isinstance(event, TransferProgressed)
    assert (event.status, event.over) == (486, True)
    other = story.request("NOTIFY", "Event: weather", cseq=3, to_tag=call.local_tag)
    assert statuses(story.says(other)) == [489]


def test_a_call_that_takes_the_place_of_another() -> None:
    story = Story()
    call = story.answered()
    line = f"Replaces: call-1;to-tag={call.local_tag};from-tag=phone"
    story.says(
        story.request("INVITE", line, "Require: replaces", body=SDP).replace(
            "Call-ID: call-1", "Call-ID: two"
        )
    )
    event = story.events[-1]
    assert isinstance(event, CallOffered)
    assert event.replaces is call
    unknown = story.request("INVITE", "Replaces: nothing;to-tag=a;from-tag=b", body=SDP)
    assert statuses(story.says(unknown.replace("Call-ID: call-1", "Call-ID: three"))) == [481]
