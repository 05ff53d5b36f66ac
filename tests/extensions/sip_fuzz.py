"""Mutants of real messages, fed to an agent: nothing may raise, and nothing may stay behind."""

from __future__ import annotations

import gc
import random
import tracemalloc
from pathlib import Path

from extensions.sip import headers, uri
from extensions.sip.errors import MalformedMessage
from extensions.sip.events import CallOffered, CallReoffered, MessageReceived, Subscribed, TransferAsked
from extensions.sip.flow import TCP, Flow
from extensions.sip.framing import StreamFramer
from extensions.sip.message import parse_message
from extensions.sip.sdp import parse as parse_sdp
from tests.extensions.story import PHONE, SDP, Story, statuses

_STREAM = Flow(TCP, "10.0.0.5", 9, "10.0.0.1", 5060, 1)
_TOKENS = [b"\r\n", b'"', b"<", b">", b";", b",", b":", b"\0", b"=", b"%", b"@", b" ", b"\xff", b"9" * 12]


def vectors() -> list[Path]:
    """Return the messages of RFC 4475 and our own."""
    return sorted((Path(__file__).parent.parent / "vectors" / "sip").glob("*/*.sip"))


def fuzz(count: int, seed: int = 4475) -> dict[str, float]:
    """Feed `count` mutants; return how many raised (bugs) and by how many kB the memory had grown.

    Raises:
        AssertionError: The agent sent something unreadable, or doesn't work any more.
    """
    dice = random.Random(seed)
    story = Story()
    seeds = [path.read_bytes().replace(b"\n", b"\r\n") for path in vectors()]
    # Each seed gets into another part of the agent; the in-dialog ones meet the call that is up.
    call = story.answered()
    tag = call.local_tag
    seeds += [
        story.request(method, *lines, body=body, cseq=cseq, to_tag=to_tag).encode()
        for method, lines, body, cseq, to_tag in (
            ("INVITE", ("Supported: 100rel, timer", "Session-Expires: 90"), SDP, 1, ""),
            ("REGISTER", ("Expires: 60",), "", 1, ""),
            ("SUBSCRIBE", ("Event: dialog", "Expires: 60"), "", 1, ""),
            ("MESSAGE", (), "hello", 1, ""),
            ("INVITE", ("Replaces: call-1;to-tag=a;from-tag=b",), SDP, 1, ""),
            ("INVITE", (), SDP, 9, tag),
            ("UPDATE", ("Session-Expires: 100;refresher=uas", "Supported: timer"), SDP, 9, tag),
            ("REFER", ("Refer-To: <sip:1@b?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>",), "", 9, tag),
            ("NOTIFY", ("Event: refer", "Subscription-State: active"), "SIP/2.0 100 Trying", 9, tag),
            ("PRACK", ("RAck: 1 1 INVITE",), "", 9, tag),
            ("INFO", (), "Signal=1", 9, tag),
        )
    ]
    grown = 0
    for number in range(count):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 8)):
            _mutate(data, dice)
        story.now += 0.01
        story.agent.receive(bytes(data), PHONE if number % 2 else _STREAM, story.now)
        _react(story)
        _parts(bytes(data), number)
        if number == count // 2:
            story.passes(4000)
            story.events.clear()
            _forget_what_is_cached()
            tracemalloc.start()
            before = tracemalloc.get_traced_memory()[0]
        if number % 500 == 0:
            story.sent.clear()
            story.flows.clear()
            story.events.clear()
            story.passes(0.1)
    story.passes(4000)
    story.sent.clear()
    story.flows.clear()
    story.events.clear()
    _forget_what_is_cached()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(story.agent.transactions) == 0, "a transaction outlived its timers"
    assert story.agent.counters["malformed"] > count / 10
    assert statuses(story.says(story.request("OPTIONS"))) == [200]
    return {"mutants": count, "raised": story.agent.counters["bugs"], "grown_kb": grown / 1000}


def _forget_what_is_cached() -> None:
    """Empty the bounded caches, whose turnover would look like growth."""
    headers._parse_address_again.cache_clear()
    headers._parse_sent_again.cache_clear()
    uri._parse_again.cache_clear()
    gc.collect()


def _react(story: Story) -> None:
    for packet, _ in story.agent.take_packets():
        parse_message(packet)
    for event in story.agent.take_events():
        match event:
            case CallOffered():
                event.call.ring(story.now)
                event.call.refuse(486, story.now)
            case CallReoffered():
                event.call.accept_again(SDP.encode(), story.now)
            case TransferAsked():
                event.call.transfers.accept(story.now)
                event.call.transfers.finish(200, story.now)
            case Subscribed():
                event.subscription.notify("text/plain", b"x", story.now)
            case MessageReceived():
                event.message.answer(200, story.now)
            case _:
                continue
    story.agent.take_packets()


def _parts(data: bytes, number: int) -> None:
    """The framer and the SDP reader meet the mutant, too; only their own errors may come out."""
    try:
        if number % 2:
            StreamFramer().feed(data)
        else:
            parse_sdp(data.partition(b"\r\n\r\n")[2])
    except MalformedMessage:
        return


def _mutate(data: bytearray, dice: random.Random) -> None:
    where = dice.randrange(len(data) + 1)
    match dice.randrange(5):
        case 0:
            data[where:where] = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 5)))
        case 1:
            del data[where : where + dice.randrange(1, 20)]
        case 2:
            data[where:where] = dice.choice(_TOKENS)
        case 3:
            start = dice.randrange(len(data) + 1)
            data[where:where] = data[start : start + dice.randrange(1, 60)]
        case _:
            if where < len(data):
                data[where] = dice.randrange(256)
