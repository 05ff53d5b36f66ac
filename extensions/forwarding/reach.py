"""How an extension is reached, by what its owner has set. Every `Call.ring` comes through here.

An extension that is forwarded to another extension rings that one by *its* wishes, at most `MAX_HOPS` times
and never in a circle.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping

from extensions.forwarding.personal import Personal, When
from firmware.core.causes import Cause
from firmware.core.trace import Said
from firmware.core.trace.inside import Reach
from firmware.core.trace.outbound import Outbound as Outside
from firmware.core.trace.routing import Routing
from firmware.switch.call import Call
from firmware.switch.destinations import ToMobile
from firmware.switch.directory import Directory, Extension
from firmware.switch.outbound.outbound import Outbound
from firmware.switch.ringing import Attempt, Confirm, Rung

MAX_HOPS = 5
MOBILE_SECONDS = 25.0
_UNREACHABLE = frozenset({Cause.SUBSCRIBER_ABSENT, Cause.NO_USER_RESPONDING, Cause.DESTINATION_OUT_OF_ORDER})


class Reacher:
    """Reaches extensions.

    Args:
        personal: Each member's wishes by extension; may change at any time.
        outbound: The gate to outside targets.
        local_time: For rules by time.
    """

    def __init__(
        self,
        personal: Mapping[str, Personal],
        outbound: Outbound,
        local_time: Callable[[], datetime.datetime],
    ) -> None:
        self.personal = personal
        self.no_waiting: frozenset[str] = frozenset()
        """Extensions at which no second call rings while they talk."""
        self.is_talking: Callable[[str], bool] = lambda _: False
        self._outbound = outbound
        self._local_time = local_time

    def why_not(self, number: str) -> Said | None:
        """Return why a member wants no calls now; None when it does."""
        return Reach.DO_NOT_DISTURB() if self.personal.get(number, _NOTHING).do_not_disturb else None

    async def reach(self, call: Call, extension: Extension, seconds: float) -> Rung:
        """Ring an extension as its owner wishes."""
        return await self._reach(call, extension, seconds, frozenset())

    def mobile(
        self, call: Call, member: str, seconds: float = MOBILE_SECONDS, delay_seconds: float = 0.0
    ) -> Attempt | Said:
        """Return the attempt to ring a member's own mobile, or why there is none."""
        wishes = self.personal.get(member, _NOTHING)
        if not wishes.mobile:
            return Reach.NO_MOBILE(who=member)
        return self._outside(call, member, wishes, wishes.mobile, seconds, delay_seconds)

    async def serve_mobile(self, call: Call, place: ToMobile) -> Cause:
        """Lead a caller to a member's own mobile; the handler for `ToMobile`."""
        attempt = self.mobile(call, place.member, place.seconds or MOBILE_SECONDS)
        if isinstance(attempt, Said):
            call.journey.route(Outside.WHO(who=place.member, why=attempt))
            return Cause.NOT_PERMITTED
        rung = await call.ring_any([attempt])
        if rung.leg is None:
            return rung.cause
        await call.answer()
        await call.bridge(rung.leg)
        return Cause.NORMAL

    def explain(self, directory: Directory, number: str, seconds: float) -> list[Said]:
        """Say in plain words how an extension would be reached now, whoever calls."""
        extension = directory.find(number)
        if extension is None:
            return [Routing.NO_EXTENSION(number=number)]
        wishes = self.personal.get(number, _NOTHING)
        if wishes.do_not_disturb:
            return [Reach.DND(who=number)]
        always = wishes.forward.get(When.ALWAYS, "")
        if always:
            return [Reach.FORWARDED(who=number, when=Reach.ALWAYS(), number=always)]
        more = wishes.follow_me or When.NO_ANSWER in wishes.forward
        rings = wishes.no_answer_seconds if more else seconds
        said = [Routing.RINGS(number=number, name=extension.name, seconds=rings)]
        said += [
            Reach.FORWARDED(who=number, when=_WHEN[when](), number=target)
            for when, target in wishes.forward.items()
        ]
        if wishes.follow_me:
            said.append(Reach.FOLLOWS(who=number) if wishes.mobile else Reach.NO_MOBILE(who=number))
        return said

    async def _reach(self, call: Call, extension: Extension, seconds: float, seen: frozenset[str]) -> Rung:
        number = extension.number
        wishes = self.personal.get(number, _NOTHING)
        if wishes.do_not_disturb:
            call.journey.skipped(number, Reach.DO_NOT_DISTURB())
            call.journey.route(Reach.DND(who=number))
            return Rung(None, "", {number: Cause.BUSY})
        always = self._rule(call, wishes) or wishes.forward.get(When.ALWAYS, "")
        if always:
            return await self._forward(call, extension, wishes, always, When.ALWAYS, seconds, seen)
        if self.is_talking(number):
            if number in self.no_waiting:
                call.journey.skipped(number, Reach.BUSY())
                return await self._not_taken(
                    call, extension, wishes, Rung(None, "", {number: Cause.BUSY}), seconds, seen
                )
            call.journey.route(Reach.CALL_WAITING(who=number))
        wants_more = wishes.follow_me or When.NO_ANSWER in wishes.forward
        attempts = [call.attempt(extension, wishes.no_answer_seconds if wants_more else seconds)]
        if wishes.mobile and wishes.mobile_rings_at_once:
            together = self.mobile(call, number, seconds)
            if isinstance(together, Attempt):
                attempts.append(together)
        rung = await call.ring_any(attempts)
        if rung.leg is not None:
            return rung
        return await self._not_taken(call, extension, wishes, rung, seconds, seen)

    async def _not_taken(
        self,
        call: Call,
        extension: Extension,
        wishes: Personal,
        rung: Rung,
        seconds: float,
        seen: frozenset[str],
    ) -> Rung:
        """Go on with a call that the phones of an extension did not take."""
        number = extension.number
        redirected = rung.redirects.get(number, "")
        # A phone may send calls about inside; to the outside only where its owner has set that here.
        if redirected and (call.directory.find(redirected) or redirected in wishes.targets()):
            call.journey.route(Reach.REDIRECTED(who=number, number=redirected))
            return await self._forward(call, extension, wishes, redirected, When.ALWAYS, seconds, seen)
        why = _WHY.get(rung.cause, When.UNREGISTERED if rung.cause in _UNREACHABLE else None)
        target = wishes.forward.get(why, "") if why is not None else ""
        if target and why is not None:
            return await self._forward(call, extension, wishes, target, why, seconds, seen)
        if wishes.follow_me and not wishes.mobile_rings_at_once and rung.cause is not Cause.REJECTED:
            attempt = self.mobile(call, number)
            if isinstance(attempt, Attempt):
                call.journey.route(Reach.FOLLOWS(who=number))
                return await call.ring_any([attempt])
            call.journey.route(Reach.CANNOT_FOLLOW(who=number, why=attempt))
        return rung

    async def _forward(
        self,
        call: Call,
        extension: Extension,
        wishes: Personal,
        target: str,
        why: When,
        seconds: float,
        seen: frozenset[str],
    ) -> Rung:
        number = extension.number
        call.journey.route(Reach.FORWARDED(who=number, when=_WHEN[why](), number=target))
        inside = call.directory.find(target)
        if inside is not None:
            if target in seen or target == number or len(seen) >= MAX_HOPS:
                call.journey.route(Reach.CIRCLE(who=number))
                return Rung(None, "", {number: Cause.NO_ANSWER})
            return await self._reach(call, inside, seconds, seen | {number})
        attempt = self._outside(call, number, wishes, target, MOBILE_SECONDS, 0.0)
        if isinstance(attempt, Said):
            call.journey.route(Outside.WHO(who=number, why=attempt))
            return Rung(None, "", {number: Cause.NO_ANSWER})
        return await call.ring_any([attempt])

    def _outside(
        self, call: Call, member: str, wishes: Personal, target: str, seconds: float, delay: float
    ) -> Attempt | Said:
        """Return the attempt to a member's own target. Nothing else leads a caller to an outside line."""
        if target not in wishes.targets():
            return Reach.NOT_SET(number=target, who=member)
        words = tuple(self._outbound.speaker.say("press-one-to-take")) if wishes.press_one else ()
        return self._outbound.forward(
            call,
            member,
            target,
            seconds=seconds,
            delay_seconds=delay,
            confirm=Confirm(words) if wishes.press_one else None,
        )

    def _rule(self, call: Call, wishes: Personal) -> str:
        """Return where a rule for this caller leads; "" when none does."""
        at, numbers = self._local_time(), self._outbound.plan
        caller = numbers.canonical(call.caller.party.number or "")
        for rule in wishes.rules:
            if rule.when and not any(period.holds(at) for period in rule.when):
                continue
            for pattern in rule.callers:
                whole = numbers.canonical(pattern)
                beginning = pattern.endswith("*") and caller.startswith(_beginning(pattern, numbers.country))
                if caller and (caller == whole or beginning):
                    return rule.to
        return ""


def _beginning(pattern: str, country: str) -> str:
    """Return what a canonical number that fits `021*` begins with."""
    bare = pattern.removesuffix("*")
    if country == "CN" and not bare.startswith("+"):
        return f"+86{bare.removeprefix('0')}"
    return bare


_NOTHING = Personal()
_WHEN = {
    When.ALWAYS: Reach.ALWAYS,
    When.BUSY: Reach.ON_BUSY,
    When.NO_ANSWER: Reach.NO_ANSWER,
    When.UNREGISTERED: Reach.WHEN_UNREGISTERED,
}
_WHY = {Cause.BUSY: When.BUSY, Cause.NO_ANSWER: When.NO_ANSWER}
