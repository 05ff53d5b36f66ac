"""Messages made up by hypothesis, for an agent with a call that is up; it shrinks what breaks something."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from extensions.sip.message import parse_message
from tests.extensions.story import SDP, Story

# What is made up is half of it well-formed: rubbish alone would never get past the parser.
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40)
_NUMBER = st.sampled_from(["0", "1", "2", "60", "4294967296", "-1", ""])
_ADDRESS = st.sampled_from(
    [
        "<sip:101@10.0.0.1>",
        "sip:101@10.0.0.2:5062",
        '"Ann \\"A\\"" <sips:a@[::1]:5061;lr>;tag=x',
        "<tel:+861;ext=2>",
        "*",
        "<sip:>",
        "<>",
        "sip:a@b;expires=0",
        '<sip:101@10.0.0.2>;expires=99;+sip.instance="<urn:x>"',
    ]
)
_VALUE = st.one_of(
    _ADDRESS,
    _NUMBER,
    _TEXT,
    st.sampled_from(
        [
            "100rel",
            "timer, replaces",
            "outbound",
            "90;refresher=uas",
            "1800;refresher=uac",
            "dialog",
            "message-summary",
            "application/sdp",
            "application/dtmf-relay",
            "text/plain",
            "Q.850;cause=17",
            "SIP;cause=200",
            "call-1;to-tag=a;from-tag=phone",
            "1 1 INVITE",
            "active;expires=60",
            "terminated;reason=noresource",
            'Digest username="101",realm="zongji",nonce="n",uri="sip:x",response="r"',
            "<sip:9@b?Replaces=call-1%3Bto-tag%3Da%3Bfrom-tag%3Db>",
        ]
    ),
)
_HEADERS = st.sampled_from(
    [
        "Supported",
        "Require",
        "Session-Expires",
        "Min-SE",
        "Event",
        "Expires",
        "Contact",
        "Content-Type",
        "Reason",
        "Replaces",
        "RAck",
        "RSeq",
        "Refer-To",
        "r",
        "Subscription-State",
        "Authorization",
        "Record-Route",
        "Route",
        "Max-Forwards",
        "Via",
        "v",
        "From",
        "To",
        "CSeq",
        "Content-Length",
        "Content-Encoding",
        "X-Other",
    ]
)
_LINES = st.lists(st.builds("{}: {}".format, _HEADERS, _VALUE), max_size=4)
_BODIES = st.one_of(
    st.just(""),
    st.just(SDP),
    st.just("Signal=5\r\nDuration=100\r\n"),
    st.just("SIP/2.0 200 OK"),
    st.builds("v=0\r\n{}\r\n".format, _TEXT),
    _TEXT,
)
_METHODS = st.sampled_from(
    [
        "INVITE",
        "ACK",
        "BYE",
        "CANCEL",
        "REGISTER",
        "OPTIONS",
        "INFO",
        "UPDATE",
        "PRACK",
        "REFER",
        "NOTIFY",
        "SUBSCRIBE",
        "MESSAGE",
        "PUBLISH",
        "DANCE",
    ]
)
_STATUSES = st.sampled_from([100, 180, 183, 200, 202, 302, 401, 407, 408, 422, 481, 486, 491, 500, 503, 603])

Step = tuple[str, list[str], str, int, bool]
REQUESTS: st.SearchStrategy[Step] = st.tuples(_METHODS, _LINES, _BODIES, st.integers(0, 12), st.booleans())
RESPONSES: st.SearchStrategy[tuple[int, list[str], str]] = st.tuples(_STATUSES, _LINES, _BODIES)
STEPS = st.lists(st.one_of(REQUESTS, RESPONSES), min_size=10, max_size=10)


def play(steps: list[Step | tuple[int, list[str], str]]) -> int:
    """Feed an agent what a phone in a call says, requests and answers to ours; return how many raised."""
    story = Story()
    call = story.answered()
    call.reoffer(SDP.encode(), story.now)
    ours = story.collect()
    for step in steps:
        story.now += 0.05
        if len(step) == 5:
            method, lines, body, cseq, within = step
            story.says(
                story.request(
                    method, *lines, cseq=cseq, to_tag=call.local_tag if within else "", body=body
                ).encode("utf-8", "surrogateescape")
            )
        else:
            story.says(_answer(ours[-1].encode(), *step))
    # Whatever was said, time brings everything to an end.
    story.passes(100_000)
    for message in story.sent:
        parse_message(message.encode())
    return story.agent.counters["bugs"]


def _answer(request: bytes, status: int, lines: list[str], body: str) -> bytes:
    """Return a response to a request of ours, with further headers."""
    head = request.decode("utf-8", "surrogateescape").partition("\r\n\r\n")[0].split("\r\n")[1:]
    wanted = ("via", "from", "to", "call-id", "cseq")
    copied = [line for line in head if line.lower().startswith(wanted)]
    size = f"Content-Length: {len(body.encode())}"
    text = "\r\n".join([f"SIP/2.0 {status} X", *copied, *lines, size])
    return f"{text}\r\n\r\n{body}".encode("utf-8", "surrogateescape")


def generated(count: int) -> int:
    """Play so many messages that hypothesis makes up; return how many raised.

    Raises:
        AssertionError: One did; hypothesis tells the least story that does it.
    """
    raised = 0

    @settings(
        max_examples=count // 10,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def nothing_raises(steps: list[Step | tuple[int, list[str], str]]) -> None:
        nonlocal raised
        bugs = play(steps)
        raised += bugs
        assert bugs == 0

    nothing_raises()
    return raised
