"""What goes over the wire, and what a hostile end may send."""

from __future__ import annotations

import gzip
import random

import msgspec
import pytest

from firmware.cloud import wire
from firmware.cloud.allowance import Allowance, BackOff
from firmware.cloud.redaction import Redaction, redacted
from firmware.cloud.wire import Record
from firmware.core.errors import PeerError
from firmware.core.records import AgentNote, EntryKind, TimelineEntry
from tests.store.everything import eventful_journey
from tests.store.sample import BenchClock

KEY = "a site's secret"


def record(seq: int = 1) -> Record:
    return Record("shop-1", "epoch", seq, eventful_journey(BenchClock(), seed=seq))


def test_a_batch_arrives_as_it_was_sent_and_small() -> None:
    records = [record(seq) for seq in range(1, 101)]
    body = wire.pack(records)
    assert wire.unpack(body) == records
    assert body == wire.pack(records), "a repeat has the same bytes, so the same key"
    assert len(body) < 100 * 400, "under 400 bytes a record"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not gzip",
        gzip.compress(b"[]", mtime=0)[:-4],
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b'[{"site":"a"}]', mtime=0),
        gzip.compress(b"\xff\xfe", mtime=0),
        gzip.compress(b"[" * 100_000, mtime=0),
        gzip.compress(bytes(wire.MAX_JSON_BYTES + 1), mtime=0),
        bytes(wire.MAX_BODY_BYTES + 1),
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(PeerError):
        wire.unpack(body)


def test_flipped_bits_never_raise_anything_else() -> None:
    dice = random.Random(1)
    body = wire.pack([record()])
    for _ in range(500):
        bad = bytearray(body)
        for _ in range(dice.randrange(1, 5)):
            bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        try:
            wire.unpack(bytes(bad))
        except PeerError:
            continue


def test_a_signature_holds_for_one_site_key_and_body() -> None:
    body = wire.pack([record()])
    idempotency = wire.idempotency_key(body)
    signature = wire.sign(KEY, "shop-1", idempotency, body)
    assert wire.is_signed(KEY, "shop-1", idempotency, body, signature)
    assert not wire.is_signed(KEY, "shop-2", idempotency, body, signature)
    assert not wire.is_signed("another", "shop-1", idempotency, body, signature)
    assert not wire.is_signed(KEY, "shop-1", idempotency, body + b"x", signature)
    assert not wire.is_signed(KEY, "shop-1", "other", body, signature)
    assert not wire.is_signed(KEY, "shop-1", idempotency, body, "v1=ünïcode")


@pytest.mark.parametrize("name", ["", "a.b", "a>", "*", "a b", "ä", "x" * 65])
def test_a_site_is_called_so_that_it_fits_a_subject(name: str) -> None:
    assert not wire.is_site(name)
    assert wire.is_site("Shop-1_b")


class TestRedaction:
    def test_nothing_is_hidden_unless_asked(self) -> None:
        journey = record().journey
        assert redacted(journey, Redaction.NONE, KEY) is journey

    @pytest.mark.parametrize("redaction", [Redaction.PSEUDONYM, Redaction.REMOVE])
    def test_the_number_is_nowhere(self, redaction: Redaction) -> None:
        journey = record().journey
        journey.caller = "13800138000"
        journey.timeline.append(TimelineEntry(1, EntryKind.ROUTE, "138 0013 8000 is a customer"))
        journey.notes.append(AgentNote("101", 1, "call +8613800138000 back at 14:02"))
        text = msgspec.json.encode(redacted(journey, redaction, KEY)).decode()
        assert "0013" not in text.replace(" ", "")
        assert "14:02" in text, "what is no number stays"
        assert '"address":"101"' in text
        assert journey.caller == "13800138000", "the box's own record is untouched"

    def test_the_same_caller_has_the_same_pseudonym_however_spelled(self) -> None:
        first, second, third = record().journey, record().journey, record().journey
        first.caller = "13800138000"
        third.caller = third.caller_normalised = "+8613900139000"
        names = [redacted(one, Redaction.PSEUDONYM, KEY).caller for one in (first, second, third)]
        assert names[0] == names[1] != names[2]
        assert redacted(first, Redaction.PSEUDONYM, "another site").caller != names[0]


class TestMeteredLine:
    def test_a_day_sends_no_more_than_it_may(self) -> None:
        allowance, now, sent = Allowance(1_000_000, 0.0), 0.0, 0
        while now < 10 * 86_400:
            delay = allowance.delay(now)
            if delay:
                now += delay
                continue
            allowance.spend(40_000)
            sent += 40_000
        assert 9_900_000 <= sent <= 10_200_000

    @pytest.mark.parametrize("a_day", [None, 10**9])
    def test_a_narrow_line_is_left_to_calls_between_batches(self, a_day: int | None) -> None:
        allowance, now, sent = Allowance(a_day, 0.0, bytes_a_second=8_000), 0.0, 0
        longest = 0.0
        while now < 600:
            delay = allowance.delay(now)
            longest = max(longest, delay)
            if delay:
                now += delay
                continue
            allowance.spend(40_000)
            sent += 40_000
        assert 4_750_000 <= sent <= 4_850_000
        assert longest == pytest.approx(5.0), "as long as a batch takes"

    def test_the_stricter_of_both_limits_holds(self) -> None:
        allowance = Allowance(86_400, 0.0, bytes_a_second=1_000_000)
        allowance.spend(18_640)
        assert allowance.delay(0.0) == pytest.approx(10_000), "a byte a second, a tenth of the day spent"

    def test_without_a_meter_there_is_no_wait(self) -> None:
        allowance = Allowance(None, 0.0)
        allowance.spend(10**12)
        assert allowance.delay(0.0) == 0

    def test_attempts_grow_rarer_with_jitter_and_come_back(self) -> None:
        back_off = BackOff(random.Random(1), 1.0, 60.0)
        waits = [back_off.failed() for _ in range(40)]
        assert all(0.5 <= wait <= 60.5 for wait in waits)
        assert waits[0] <= 1.5
        assert sum(waits[10:]) / 30 > 20
        assert len(set(waits)) == 40
        back_off.succeeded()
        assert back_off.failed() <= 1.5
