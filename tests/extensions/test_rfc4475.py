"""The torture cases of RFC 4475 that need an answer rather than a parser, by their names there, in our words.

What only has to be read or dropped stands as files in `tests/vectors/sip`.
"""

from __future__ import annotations

import pytest

from extensions.sip.events import CallOffered
from extensions.sip.message import Response
from extensions.sip.transaction.invite_server import TRYING_S
from tests.extensions.story import SDP, Story, statuses

MULTIPART = (
    "--7a9cbec02ceef655\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nHello\r\n"
    "--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n\x01\x02\r\n--7a9cbec02ceef655--\r\n"
)


def message(method: str, *lines: str, uri: str = "sip:102@10.0.0.1", body: str = "", **replaced: str) -> str:
    """Return a good request with some of its headers replaced (a name with `_` for `-`; "" removes it)."""
    text = Story().request(method, *lines, uri=uri, body=body)
    head, _, rest = text.partition("\r\n\r\n")
    kept = head.split("\r\n")
    for name, value in replaced.items():
        header = name.rstrip("_").replace("_", "-").lower()
        kept = [line for line in kept if not line.lower().startswith(f"{header}:")]
        if value:
            kept.insert(1, f"{header}: {value}")
    return "\r\n".join(kept) + "\r\n\r\n" + rest


STRAY = (
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)
CASES: list[tuple[str, str, list[int | str]]] = [
    # 3.1.1: valid, and taken
    (
        "mpart01",
        message("MESSAGE", body=MULTIPART, content_type="multipart/mixed;boundary=7a9cbec02ceef655"),
        [415],
    ),
    ("longreq, an unknown header of 3 kB", message("OPTIONS", f"X-Long: {'v' * 3000}"), [200]),
    # 3.1.2: invalid
    ("scalarlg", message("REGISTER", cseq="36893488147419103232 REGISTER"), [400]),
    (
        "escruri: an escaped header in the URI",
        message("OPTIONS", uri="sip:102@10.0.0.1?Route=%3Csip:x%3E"),
        [200],
    ),
    (
        "baddate: a date in no time zone of SIP",
        message("OPTIONS", "Date: Fri, 01 Jan 2010 16:00:00 EST"),
        [200],
    ),
    (
        "regbadct: URI headers without brackets",
        message("REGISTER", contact="sip:u@10.0.0.2?Route=%3Csip:x%3E"),
        [200],
    ),
    ("badaspec: blanks within brackets", message("OPTIONS", to='"W" < sip:102@10.0.0.1 >'), [200]),
    (
        "baddn: a bare name with a comma",
        message("OPTIONS", to="Bell, Alexander <sip:102@10.0.0.1>"),
        [200],
    ),
    (
        "mismatch02: a method nobody knows, named otherwise in CSeq",
        message("NEWMETHOD", cseq="1 INVITE"),
        [400],
    ),
    ("bad fold: a header line that is none", message("OPTIONS", "no colon here"), []),
    # 3.2: transactions
    (
        "badbranch: the magic cookie alone",
        message("OPTIONS", via="SIP/2.0/UDP 10.0.0.2:5062;rport;branch=z9hG4bK"),
        [200],
    ),
    # 3.3: what the application answers
    ("insuf: no Call-ID", message("OPTIONS", call_id=""), []),
    ("unkscm", message("OPTIONS", uri="nobodyKnowsThisScheme:totallyopaquecontent"), [416]),
    ("novelsc", message("OPTIONS", uri="soap.beep://192.0.2.103:3002"), [416]),
    ("unksm2: To of an unknown scheme", message("REGISTER", to="isbn:2983792873"), [200]),
    ("bext01", message("OPTIONS", "Require: nothingSupportsThis, nothingSupportsThisEither"), [420]),
    (
        "invut: a body of a type nobody reads",
        message("INVITE", body="<audio/>", content_type="application/unknown"),
        [415],
    ),
    (
        "regaut01: credentials of an unknown scheme",
        message("REGISTER", "Authorization: NoOneKnowsThisScheme x=y"),
        [200],
    ),
    ("multi01: two of what there is one", message("OPTIONS", "Call-ID: another"), [400]),
    ("bcast: a response to nobody", STRAY, []),
    ("zeromf", message("INVITE", "Max-Forwards: 0", body=SDP), [483]),
    (
        "cparam01: a parameter of Contact, not of the URI",
        message("REGISTER", contact="sip:u@10.0.0.2;unknownparam"),
        [200],
    ),
    (
        "cparam02: a parameter of the URI",
        message("REGISTER", contact="<sip:u@10.0.0.2;unknownparam>"),
        [200],
    ),
    (
        "regescrt: an escaped Route in the Contact",
        message("REGISTER", contact="<sip:u@10.0.0.2?Route=%3Csip:s.b%3E>"),
        [200],
    ),
    ("sdp01: the caller accepts no SDP", message("INVITE", "Accept: text/nobodyKnowsThis"), [100]),
    # 3.4: older clients
    (
        "inv2543: no branch, no tag",
        message("INVITE", via="SIP/2.0/UDP 10.0.0.2:5062", from_="<sip:101@10.0.0.1>", body=SDP),
        [100],
    ),
]


@pytest.mark.parametrize(("name", "text", "answers"), CASES, ids=[case[0].split(":")[0] for case in CASES])
def test_the_case(name: str, text: str, answers: list[int | str]) -> None:
    story = Story()
    said = [*story.says(text.encode("latin-1")), *story.passes(TRYING_S)]
    assert statuses(said) == answers, name
    assert story.agent.counters["bugs"] == 0
    assert statuses(story.says(story.request("OPTIONS", branch="z9hG4bKafter"))) == [200]


def test_bext01_names_both_extensions() -> None:
    (answer,) = Story().says(message("OPTIONS", "Require: one, two"))
    assert answer.headers.get("unsupported") == "one, two"


def test_an_old_client_is_answered_and_acknowledges() -> None:
    story = Story()
    text = message("INVITE", via="SIP/2.0/UDP 10.0.0.2:5062", from_="<sip:101@10.0.0.1>", body=SDP)
    story.says(text)
    (offered,) = story.events
    assert isinstance(offered, CallOffered)
    offered.call.answer(SDP.encode(), story.now)
    (answer,) = story.collect()
    assert isinstance(answer, Response)
    # Retransmitted, it is known again though it has no branch.
    assert statuses(story.says(text)) == []
