"""What the plan makes of one caller, and why. Pure: the call and the dry run decide by the same code.

blocked? ─► withheld: challenge or refuse? ─► first rule that fits ─► direct dial ─► otherwise
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from firmware.core.trace import Said, Text, known
from firmware.core.trace.routing import Days, Routing
from firmware.switch.destinations import Destination, Refuse, ToExtension
from firmware.switch.inbound.plan import InboundPlan, Rule
from firmware.switch.numbering import Number, NumberPlan

CHALLENGE_KEY = "5"
_CLASSES = frozenset({"mobile", "local", "national", "international", "service", "premium"})
_DAYS = (
    Days.MONDAY,
    Days.TUESDAY,
    Days.WEDNESDAY,
    Days.THURSDAY,
    Days.FRIDAY,
    Days.SATURDAY,
    Days.SUNDAY,
)


class Situation(msgspec.Struct, frozen=True):
    """One caller at one moment."""

    at: datetime.datetime
    """Local time."""
    line: str
    caller: str | None = None
    """As the network presented it; None when withheld or unknown."""
    did: str | None = None
    """What the caller dialled, where the line tells it."""
    office: str = ""
    """State of the office's hours then: open, closed, holiday …; "" when there are none."""


class Decision(msgspec.Struct, frozen=True):
    """What becomes of a caller."""

    places: tuple[Destination, ...]
    """Where to lead the caller, one after the other."""
    reasons: tuple[Said, ...]
    """Why, as the trace and the dry run show it."""
    challenge: bool = False
    """Whether the caller must press a key first."""
    name: str = ""
    """The caller's name, when known."""


Explain = Callable[[Any, Situation, str], Sequence[Text]]
"""Says what would happen at one kind of destination: the place, the situation, the keys still to press."""


def decide(
    plan: InboundPlan,
    numbers: NumberPlan,
    situation: Situation,
    is_extension: Callable[[str], bool] = lambda _: False,
) -> Decision:
    """Decide where a caller is led.

    Args:
        plan: The office's.
        numbers: Reads callers' numbers.
        situation: Who calls, where and when.
        is_extension: Tells whether digits are one of the office's extensions.
    """
    caller = numbers.read_caller(situation.caller)
    head = _head(situation)
    name = _known(plan, numbers, caller)
    if caller is not None and not name:
        pattern = next((p for p in plan.blocked if _matches(p, numbers, caller, name)), None)
        if pattern is not None:
            return Decision((Refuse(),), (head, Routing.BLOCKED(pattern=pattern)))
    reasons = [head]
    challenge = False
    if caller is None and plan.withheld == "refuse":
        return Decision((Refuse(),), (head, Routing.WITHHELD_REFUSED()))
    if caller is None and plan.withheld == "challenge":
        challenge = True
        reasons.append(Routing.WITHHELD_PRESSES(key=CHALLENGE_KEY))
    for rule in plan.rules:
        if _fits(rule, numbers, situation, caller, name):
            reasons.append(Routing.RULE(name=rule.name, places=_one_after_the_other(rule.to)))
            return Decision(rule.to, tuple(reasons), challenge, name)
    direct = _direct(plan, situation, is_extension)
    if direct is not None:
        reasons.append(Routing.DIRECT(did=situation.did or "", number=direct))
        return Decision((ToExtension(direct), *plan.otherwise), tuple(reasons), challenge, name)
    reasons.append(Routing.NO_RULE(places=_one_after_the_other(plan.otherwise)))
    return Decision(plan.otherwise, tuple(reasons), challenge, name)


def explain(
    plan: InboundPlan,
    numbers: NumberPlan,
    situation: Situation,
    keys: str = "",
    *,
    is_extension: Callable[[str], bool] = lambda _: False,
    at_place: Mapping[type, Explain] | None = None,
) -> list[Text]:
    """Say in plain words what would happen to a caller, without a call.

    Args:
        plan: The office's.
        numbers: Reads callers' numbers.
        situation: Who would call, where and when.
        keys: What the caller would press.
        is_extension: Tells whether digits are one of the office's extensions.
        at_place: Who can say more of a kind of destination (menus, groups, queues).
    """
    decision = decide(plan, numbers, situation, is_extension)
    said: list[Text] = list(decision.reasons)
    if decision.challenge:
        if not keys.startswith(CHALLENGE_KEY):
            return [*said, Routing.DID_NOT_PRESS()]
        keys = keys[1:]
        said.append(Routing.PRESSED(key=CHALLENGE_KEY))
    for place in decision.places:
        said.append(Routing.LED(place=place.said()))
        teller = (at_place or {}).get(type(place))
        if teller is not None:
            said += teller(place, situation, keys)
    return said


def _head(situation: Situation) -> Said:
    words: dict[str, Text] = {
        "day": _DAYS[situation.at.weekday()](),
        "time": f"{situation.at:%H:%M}",
        "caller": situation.caller or Routing.WITHHELD(),
        "line": situation.line,
    }
    if situation.office:
        words["hours"] = known(situation.office)
    if situation.did:
        words["did"] = situation.did
    return _HEADS[bool(situation.office), bool(situation.did)](**words)


_HEADS = {
    (False, False): Routing.HEAD,
    (True, False): Routing.HEAD_HOURS,
    (False, True): Routing.HEAD_DID,
    (True, True): Routing.HEAD_BOTH,
}


def _one_after_the_other(places: tuple[Destination, ...]) -> Said:
    """Return places in words: the first, else the second, and so on."""
    said = places[-1].said()
    for place in reversed(places[:-1]):
        said = Routing.ELSE(first=place.said(), then=said)
    return said


def _known(plan: InboundPlan, numbers: NumberPlan, caller: Number | None) -> str:
    if caller is None:
        return ""
    return next((n for entry, n in plan.known.items() if numbers.canonical(entry) == caller.canonical), "")


def _fits(rule: Rule, numbers: NumberPlan, situation: Situation, caller: Number | None, name: str) -> bool:
    return (
        (not rule.lines or situation.line in rule.lines)
        and (not rule.dids or _same_did(rule.dids, numbers, situation.did))
        and (not rule.callers or any(_matches(pattern, numbers, caller, name) for pattern in rule.callers))
        and (not rule.when or any(period.holds(situation.at) for period in rule.when))
        and (not rule.office or situation.office in rule.office)
    )


def _same_did(dids: tuple[str, ...], numbers: NumberPlan, did: str | None) -> bool:
    return did is not None and any(numbers.canonical(one) == numbers.canonical(did) for one in dids)


def _matches(pattern: str, numbers: NumberPlan, caller: Number | None, name: str) -> bool:
    if pattern == "withheld":
        return caller is None
    if caller is None:
        return False
    if pattern == "known":
        return bool(name)
    if pattern in _CLASSES:
        return caller.number_class == pattern
    if pattern.endswith("*"):
        beginning = pattern[:-1]
        forms = (caller.canonical, numbers.home_form(caller), caller.dialled)
        return any(form.startswith(beginning) for form in forms)
    return numbers.canonical(pattern) == caller.canonical


def _direct(plan: InboundPlan, situation: Situation, is_extension: Callable[[str], bool]) -> str | None:
    if not plan.direct_digits or situation.did is None or len(situation.did) < plan.direct_digits:
        return None
    digits = situation.did[-plan.direct_digits :]
    return digits if is_extension(digits) else None
