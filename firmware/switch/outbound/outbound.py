"""Calls to the outside: the one gate to the lines.

    number ─► emergency? ─► may this extension? ─► [PIN] ─► caps ─► line of its trunk group ─► ring ─► talk
                                                                   └─ line at fault: the next one

Nothing else in the switch asks for a leg to the outside. It is asked for on the authority of an extension
only: a phone that dials (`dial`), or a member's own forwarding target (`forward`). A call from outside has
no authority of its own.
"""

from __future__ import annotations

import asyncio
import datetime
import functools
import logging
from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.core.causes import Cause
from firmware.core.leg import Leg, LegState, Party
from firmware.core.money import MICROS
from firmware.core.records import EntryKind
from firmware.core.trace import Said, known
from firmware.core.trace.calls import Heard, of_cause
from firmware.core.trace.numbers import Numbers
from firmware.core.trace.numbers import Rights as RightsWords
from firmware.core.trace.outbound import Outbound as Words
from firmware.switch.call import Call
from firmware.switch.numbering import Number, NumberClass, NumberPlan
from firmware.switch.numbering.rewrite import for_line
from firmware.switch.outbound.emergency import EmergencyCalls
from firmware.switch.outbound.guard import Caps, Guard, Lease, Refused
from firmware.switch.outbound.lines import LineChooser, LineRates
from firmware.switch.outbound.meter import Meter
from firmware.switch.outbound.rights import Rights, ServiceClass
from firmware.switch.outbound.trunk_groups import Choice, TrunkChooser, TrunkGroup, TrunkRule
from firmware.switch.ringing import Attempt, Confirm
from firmware.switch.sentences import Speaker

logger = logging.getLogger(__name__)

PIN_TRIES = 3
# After three wrong PINs a phone gets no further try for this long.
PIN_LOCK_SECONDS = 900.0
RING_SECONDS = 90.0
# Causes that are the line's fault, not the called party's: another line may do better.
_LINE_AT_FAULT = frozenset(
    {
        Cause.NO_CIRCUIT,
        Cause.NETWORK_OUT_OF_ORDER,
        Cause.TEMPORARY_FAILURE,
        Cause.CONGESTION,
        Cause.BEARER_NOT_AVAILABLE,
        Cause.DESTINATION_OUT_OF_ORDER,
    }
)


class OutboundSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the office sets about calling out."""

    rights: Annotated[Rights, Meta(description="Who may dial what.", extra={"zh": "外呼权限。"})] = (
        msgspec.field(default_factory=Rights)
    )
    caps: Annotated[Caps, Meta(description="Limits a day.", extra={"zh": "每天限额。"})] = Caps()
    lines: Annotated[
        dict[str, LineRates],
        Meta(description="Prices and dialling habits by line.", extra={"zh": "各线路的资费与拨号方式。"}),
    ] = msgspec.field(default_factory=dict)
    groups: Annotated[
        tuple[TrunkGroup, ...],
        Meta(
            max_length=20,
            description="Trunk groups: lines that serve the same purpose, under one name.",
            extra={"zh": "中继组：用途相同的线路归为一组。"},
        ),
    ] = ()
    routes: Annotated[
        tuple[TrunkRule, ...],
        Meta(
            max_length=100,
            description="Which trunk groups carry which numbers; the first that fits counts. Where none "
            "fits, the cheapest free line does. Emergency calls take any line.",
            extra={
                "zh": "哪些号码走哪些中继组，取第一条适用的；均不适用时用最便宜的空闲线路。紧急呼叫不受限制。"
            },
        ),
    ] = ()
    currency: Annotated[
        str,
        Meta(pattern=r"\A[A-Z]{3}\Z", description="ISO 4217 code of the prices.", extra={"zh": "货币代码。"}),
    ] = "CNY"


class Outbound:
    """The gate to the outside lines.

    Args:
        plan: Reads numbers.
        settings: Rights, caps and prices; may be replaced while calls run.
        lines: The lines.
        guard: Counts; its caps follow the settings.
        speaker: Asks for PINs.
        local_time: The office's local time.
        alarm: Told in plain words of emergency calls; must not raise or wait.
    """

    def __init__(
        self,
        plan: NumberPlan,
        settings: OutboundSettings,
        lines: LineChooser,
        guard: Guard,
        speaker: Speaker,
        local_time: Callable[[], datetime.datetime],
        alarm: Callable[[Said], None],
    ) -> None:
        self.plan = plan
        self.speaker = speaker
        self.guard = guard
        self.emergency = EmergencyCalls(lines, alarm)
        self._lines = lines
        self._chooser = TrunkChooser()
        self._local_time = local_time
        self._wrong_pins: dict[str, tuple[int, float]] = {}
        self.settings = settings
        self.classes: Mapping[str, str] = {}
        """Class of service by extension; those that aren't in it have the default."""

    def replace(
        self, plan: NumberPlan, settings: OutboundSettings, classes: Mapping[str, str] | None = None
    ) -> None:
        """Put changed settings into force; calls in progress keep what they began with.

        Args:
            plan: Reads numbers.
            settings: Rights, caps and prices.
            classes: Class of service by extension; None leaves them.
        """
        self.plan, self.settings = plan, settings
        self.guard.caps = settings.caps
        if classes is not None:
            self.classes = classes

    def class_of(self, extension: str) -> ServiceClass:
        """Return what an extension may dial."""
        return self.settings.rights.named(self.classes.get(extension, ""))

    async def dial(self, call: Call, number: Number, extension: str) -> Cause:
        """Put a phone's call through to the outside and let the two talk.

        Args:
            call: Begun by the phone, not answered yet.
            number: Where to.
            extension: The phone's.

        Returns:
            `NORMAL` when they talked; else why not, for the caller of this to tell the phone.
        """
        if number.number_class is NumberClass.EMERGENCY:
            await self.emergency.place(call, number, self.plan, self.settings.lines)
            return Cause.NORMAL
        call.journey.is_for(number.canonical)
        call.journey.goes_out()
        call.journey.route(_read(number))
        if number.number_class in (NumberClass.UNKNOWN, NumberClass.INTERNAL):
            return Cause.UNALLOCATED_NUMBER
        account = await self._admitted(call, number, extension)
        if account is None:
            return Cause.NOT_PERMITTED
        choice = self._choose(number)
        if choice.groups:
            call.journey.route(_by_groups(choice))
        if not choice.lines:
            call.journey.route(Words.NO_LINE())
            return Cause.NO_CIRCUIT
        cause = Cause.NO_CIRCUIT
        for line in choice.lines:
            lease = self._lease(call, account, line, number)
            if lease is None:
                cause = Cause.NOT_PERMITTED
                continue
            call.journey.route(Words.GOES_OUT(line=line))
            make = functools.partial(self._leg, call, line, number, lease)
            attempt = Attempt(number.dialled, make, RING_SECONDS)
            try:
                rung = await call.ring_any([attempt])
            finally:
                self._give_back_unused(lease)
            if rung.leg is not None:
                await call.answer()
                await call.bridge(rung.leg)
                return Cause.NORMAL
            cause = rung.cause
            if cause not in _LINE_AT_FAULT:
                return cause
            call.journey.route(Words.LINE_FAILED(line=line, why=of_cause(cause)))
        return cause

    def forward(
        self,
        call: Call,
        member: str,
        target: str,
        *,
        seconds: float,
        delay_seconds: float = 0.0,
        confirm: Confirm | None = None,
        shown: Party | None = None,
    ) -> Attempt | Said:
        """Return the attempt to ring a member's own forwarding target, or why that may not be.

        Args:
            call: For which caller.
            member: The extension whose forwarding it is; its rights, caps and account count.
            target: The number, as the member entered it.
            seconds: How long to ring.
            delay_seconds: How long after the others.
            confirm: What to press before the caller is put through.
            shown: The caller as the target is to see it.
        """
        number = self.plan.read(target)
        if number.number_class in (NumberClass.EMERGENCY, NumberClass.UNKNOWN):
            return Words.NOT_A_TARGET(number=target)
        service = self.class_of(member)
        if number.number_class not in service.allowed:
            return Words.MAY_NOT_FORWARD(member=member, kind=known(number.number_class))

        def make() -> Leg | Cause:
            for line in self._choose(number).lines:
                lease = self._lease(call, member, line, number)
                if lease is not None:
                    call.journey.route(Words.FORWARDED(member=member, number=number.dialled, line=line))
                    leg = self._leg(call, line, number, lease)
                    self._give_back_unused(lease)
                    return leg
            call.journey.route(Words.NO_LINE_TO_FORWARD(number=number.dialled))
            return Cause.NO_CIRCUIT

        return Attempt(member, make, seconds, delay_seconds, confirm, shown)

    def explain(self, number: Number, extension: str, at: datetime.datetime) -> list[Said]:
        """Say in plain words what would become of a phone's call, without calling."""
        said = [_read(number)]
        if number.number_class is NumberClass.EMERGENCY:
            return said + self.emergency.check(self.plan, self.settings.lines)
        bar = self.settings.rights.bar(self.class_of(extension), number, at)
        if bar is not None:
            return [*said, Words.WHO(who=extension, why=bar)]
        choice = self._choose(number)
        if choice.groups:
            said.append(_by_groups(choice))
        if not choice.lines:
            return [*said, Words.NO_LINE()]
        for line in choice.lines:
            rates = self._rates(line)
            digits = for_line(number, self.plan, rates.numbering)
            price = rates.per_minute.get(number.number_class, 0.0)
            said.append(
                Words.WOULD_DIAL(line=line, digits=digits, price=price, currency=self.settings.currency)
            )
        return said

    async def _admitted(self, call: Call, number: Number, extension: str) -> str | None:
        """Return on whose account the call goes, asking for a PIN where that may help; None for nobody's."""
        rights = self.settings.rights
        service = self.class_of(extension)
        bar = rights.bar(service, number, self._local_time())
        if bar is None:
            return extension
        call.journey.route(Words.WHO(who=extension, why=bar))
        if not service.pin_allowed or not rights.pins:
            return None
        now = asyncio.get_running_loop().time()
        wrong, since = self._wrong_pins.get(extension, (0, now))
        if wrong >= PIN_TRIES and now - since < PIN_LOCK_SECONDS:
            call.journey.route(Words.PIN_LOCKED(who=extension, count=wrong))
            return None
        if wrong >= PIN_TRIES:
            wrong = 0
        await call.answer()
        question = ["enter-pin"]
        while wrong < PIN_TRIES:
            keyed = await call.collect(
                Heard.ASKED_FOR_PIN(),
                self.speaker.say(*question),
                is_complete=lambda _: False,
                first_seconds=8.0,
                next_seconds=5.0,
                secret=True,
            )
            if not keyed:
                return None
            pin = rights.pin(keyed)
            if pin is not None:
                self._wrong_pins.pop(extension, None)
                lent = rights.classes.get(pin.service_class)
                bar = (
                    rights.bar(lent, number, self._local_time())
                    if lent is not None
                    else RightsWords.NO_CLASS()
                )
                call.journey.route(Words.PIN_OF(owner=pin.owner, what=bar or RightsWords.MAY()))
                return extension if bar is None else None
            wrong += 1
            self._wrong_pins[extension] = (wrong, asyncio.get_running_loop().time())
            call.journey.route(Words.WRONG_PIN())
            question = ["wrong-pin", "enter-pin"]
        return None

    def _choose(self, number: Number) -> Choice:
        settings = self.settings
        return self._chooser.choose(
            number, self._lines.lines(), settings.lines, settings.groups, settings.routes
        )

    def _lease(self, call: Call, account: str, line: str, number: Number) -> Lease | None:
        now = asyncio.get_running_loop().time()
        lease = self.guard.begin(
            account, line, number.number_class, self._rates(line), now, self._local_time().date()
        )
        if isinstance(lease, Refused):
            call.journey.route(Words.NOT_ON(line=line, why=lease.reason))
            return None
        return lease

    def _leg(self, call: Call, line: str, number: Number, lease: Lease) -> Leg | Cause:
        leg = self._lines.leg(line, for_line(number, self.plan, self._rates(line).numbering))
        if leg is None:
            return Cause.NO_CIRCUIT
        lease.taken = True
        self._chooser.used(line)
        currency = self.settings.currency

        def costs(cost: float) -> None:
            # What nobody has set a price for is not free, but unknown.
            if lease.rates.has_price(lease.number_class):
                call.journey.cost(round(cost * MICROS), currency)

        Meter(
            self.guard,
            lease,
            leg,
            on_cost=costs,
            on_limit=lambda words: call.journey.note(EntryKind.ROUTE, Words.LIMIT_ENDS(why=words)),
        )
        return leg

    def _give_back_unused(self, lease: Lease) -> None:
        """End a lease for which no leg was made; one with a leg ends with it."""
        if not lease.taken:
            self.guard.end(lease, asyncio.get_running_loop().time(), talked=False)

    def _rates(self, line: str) -> LineRates:
        return self.settings.lines.get(line, _NO_RATES)


_NO_RATES = LineRates()


def _by_groups(choice: Choice) -> Said:
    return Words.BY_GROUPS(groups=", ".join(choice.groups))


def _read(number: Number) -> Said:
    return Numbers.READ(number=number.dialled, why=known(number.why), kind=known(number.number_class))


async def tell(call: Call, cause: Cause, speaker: Speaker) -> None:
    """End a phone's call that came to nothing: by its display, or in words where it was answered already."""
    if call.caller.state is LegState.OFFERED:
        await call.refuse(cause)
        return
    words = {Cause.NOT_PERMITTED: "not-permitted", Cause.NO_CIRCUIT: "lines-busy"}.get(cause, "wrong-number")
    await call.play(words, speaker.say(words))
    await call.refuse(cause)
