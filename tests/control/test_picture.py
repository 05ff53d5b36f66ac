"""The switchboard at this moment, worked out of running journeys."""

from __future__ import annotations

from firmware.app.api.picture import calls_now, people_now
from firmware.control.picture import Phase, Presence
from firmware.core.ids import CallId, LegId
from firmware.core.leg import Direction
from firmware.core.records import PART_OF, Journey, LegRecord
from tests.store.sample import BenchClock

PEOPLE = [("101", "Front desk"), ("102", "Li"), ("103", "Zhang")]
CALL = CallId("01MAIN")


def leg(address: str, answered_ms: int | None) -> LegRecord:
    return LegRecord(LegId(f"leg-{address}"), "sip", Direction.OUTGOING, address, None, 0, answered_ms)


def journey(call: str, line: str, *legs: LegRecord, tags: tuple[str, ...] = ()) -> Journey:
    return Journey(
        CallId(call),
        BenchClock().now(),
        Direction.INCOMING,
        line,
        line,
        legs=[leg(line, 10), *legs],
        tags=list(tags),
    )


def test_whoever_listens_or_fetches_has_a_hand_on_the_call_and_none_of_their_own() -> None:
    main = journey(CALL, "gsm1", leg("102", 100))
    listens = journey("01HAND", "103", tags=("complaint", f"{PART_OF}{CALL}"))
    calls, hands = calls_now([main, listens])
    assert [(call.id, call.phase, call.people) for call in calls] == [(CALL, Phase.TALKING, ["102"])]
    people = {one.number: one for one in people_now(PEOPLE, {"101": 1}, calls, hands)}
    assert (people["103"].presence, people["103"].call) == (Presence.BUSY, CALL)
    assert (people["102"].presence, people["102"].call) == (Presence.BUSY, CALL)
    assert (people["101"].presence, people["101"].call) == (Presence.FREE, None)


def test_a_hand_on_a_call_that_is_over_is_seen_as_what_it_is() -> None:
    calls, hands = calls_now([journey("01HAND", "103", tags=(f"{PART_OF}{CALL}",))])
    assert [call.id for call in calls] == ["01HAND"]
    assert hands == {}
