"""Routing and people, put together: who is reached how, where callers are led, what codes do.

    lines ──► callers ─► inbound plan ─┐
                                       ├─► Destinations ─► extension, group, queue, room, mobile
    phones ─► callers ─► dial ─────────┘        └─ menus, mailboxes, announcements: `voice`

Everything here follows the settings while calls run: a caller who waits goes on waiting, a talk goes on.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from extensions.conference import Conferences, RoomSettings
from extensions.dial import Office
from extensions.dial import explain as explain_dial
from extensions.directory import OfficeDirectory
from extensions.feature_codes import CodeBook, Feature, FeatureService, InCall
from extensions.feature_codes.from_outside import FromOutside
from extensions.feature_codes.intercom import Intercom
from extensions.forwarding import Personal, Reacher
from extensions.hunt import HuntGroup, Hunting, Tally
from extensions.onward import onward
from extensions.queue import QueueDesk
from extensions.queue.callback import Callbacks
from extensions.queue.script import Queueing
from firmware.core.causes import Cause
from firmware.core.media import MediaPlane
from firmware.core.trace import Said, Text
from firmware.core.trace.inside import Reach
from firmware.settings.document import Settings
from firmware.settings.store import SettingsStore
from firmware.switch.call import Call
from firmware.switch.destinations import (
    Destination,
    Destinations,
    ToConference,
    ToExtension,
    ToGroup,
    ToMobile,
    ToQueue,
    ToVoicemail,
)
from firmware.switch.directory import Extension
from firmware.switch.exchange import Exchange
from firmware.switch.handing_on import HandingOn
from firmware.switch.hold_music import melody
from firmware.switch.inbound import Inbound, Situation, explain
from firmware.switch.inbound.decide import Explain
from firmware.switch.numbering import NumberPlan
from firmware.switch.outbound.outbound import Outbound, tell
from firmware.switch.parking import ParkingLot

_Thing = TypeVar("_Thing")

Edit = Callable[[Callable[[Settings], Settings], str], Awaitable[Settings]]
"""Changes the settings in somebody's name: "phone 101"."""


class Registered(Protocol):
    """What routing asks of the phones."""

    def is_registered(self, extension: str) -> bool:
        """Tell whether an extension has a phone that could ring."""


class Routing:
    """The office's routing, following its settings.

    Args:
        settings: Opened.
        edit: Changes them in somebody's name.
        exchange: Where calls run.
        directory: Whom they may ring.
        outbound: The gate to the lines.
        destinations: The places callers are led to; this adds its own.
        plane: Mixes conferences.
        phones: Tell who is registered.
        recordings: Where recordings on demand go.
    """

    def __init__(
        self,
        settings: SettingsStore,
        edit: Edit,
        exchange: Exchange,
        directory: OfficeDirectory,
        outbound: Outbound,
        destinations: Destinations,
        plane: MediaPlane,
        phones: Registered,
        recordings: Path,
    ) -> None:
        self._settings = settings
        self._edit = edit
        self._exchange = exchange
        self._directory = directory
        self._outbound = outbound
        self._destinations = destinations
        self._phones = phones
        speaker = outbound.speaker
        self.personal: dict[str, Personal] = {}
        """Each member's wishes."""
        self.groups: dict[str, HuntGroup] = {}
        self.rooms: dict[str, RoomSettings] = {}
        self.tally = Tally()
        self.office_state: Callable[[datetime.datetime], str] = lambda _: "open"
        """State of the office's hours at a moment: open, closed, holiday."""
        self.tellers: dict[type, Explain] = {}
        """Who can say, in a dry run, what would happen at a kind of destination."""
        self.reacher = Reacher(self.personal, outbound, _local_time)
        self.hunting = Hunting(
            self.groups, self.tally, self.why_not, destinations, to_mobile=self.reacher.mobile
        )
        self.desk = QueueDesk((), self.tally, self.why_not)
        self.callbacks = Callbacks(self.desk, exchange, directory, outbound)
        self.queueing = Queueing(
            self.desk,
            destinations,
            speaker,
            self.callbacks,
            canonical=lambda number: outbound.plan.canonical(number),
        )
        self.conferences = Conferences(self.rooms, plane, speaker)
        self.handing_on = HandingOn(exchange, self._onward)
        self.lot = ParkingLot((), speaker, self.handing_on.back_to)
        self.in_call = InCall(
            self.handing_on, self.lot, settings.current.features.keys, recordings, self.queueing
        )
        self.intercom = Intercom(plane, self.why_not)
        self.features = FeatureService(
            CodeBook(), exchange, outbound, self.personal, self.keep_personal, self.desk, self.lot
        )
        self.from_outside = FromOutside(
            self.personal,
            self.features,
            destinations,
            speaker,
            lambda number: outbound.plan.canonical(number),
        )
        self._numbers: dict[str, Destination] = {}

    def connect(self) -> None:
        """Serve calls from now on."""
        self._exchange.reach = self.reacher.reach
        self._exchange.features = self.in_call
        self._exchange.on_over.append(self.desk.pump_all)
        self.reacher.is_talking = self._exchange.is_talking
        self._destinations.register(ToGroup, self.hunting.serve)
        self._destinations.register(ToQueue, self.queueing.serve)
        self._destinations.register(ToConference, self.conferences.serve)
        self._destinations.register(ToMobile, self.reacher.serve_mobile)
        self.tellers[ToGroup] = lambda place, _situation, _keys: self.hunting.explain(place.name)
        self.tellers[ToQueue] = lambda place, _situation, _keys: self.queueing.explain(place.name)
        self.tellers[ToExtension] = self._explain_extension
        self.features.colleagues = self._colleagues
        self.features.serve_also(Feature.INTERCOM, self._speak_to)
        self.features.serve_also(Feature.PAGE, self._page)
        self.features.serve_also(Feature.VOICEMAIL, self._leave_message)
        self.apply(self._settings.current)

    def apply(self, settings: Settings) -> None:
        """Put changed settings into force; calls in progress keep what they began with."""
        features = settings.features
        plan = NumberPlan(settings.office.country, settings.numbering)
        self._directory.replace(
            [Extension(one.number, one.name) for one in settings.extensions],
            settings.office.operator,
            plan.emergency,
        )
        classes = {one.number: one.service_class for one in settings.extensions if one.service_class}
        self._outbound.replace(plan, settings.outbound, classes)
        _refill(self.personal, {one.number: one.personal for one in settings.extensions})
        _refill(self.groups, {group.name: group for group in settings.groups})
        _refill(self.rooms, {room.name: room for room in settings.rooms})
        self.desk.replace(settings.queues)
        self.lot.slots = features.slots()
        self.in_call.keys = features.keys
        own = self._outbound.speaker.say(*features.hold_music) if features.hold_music else ()
        self._exchange.hold_music = tuple(own) or melody()
        self.features.book = CodeBook(features.codes)
        self.features.announce_monitor = features.announce_monitor
        self.features.supervisors = frozenset(one.number for one in settings.extensions if one.supervisor)
        self.reacher.no_waiting = frozenset(one.number for one in settings.extensions if not one.call_waiting)
        numbers: dict[str, Destination] = {one.number: ToGroup(one.name) for one in settings.groups}
        numbers |= {one.number: ToQueue(one.name) for one in settings.queues}
        numbers |= {one.number: ToConference(one.name) for one in settings.rooms}
        numbers.pop("", None)
        self._numbers = self.from_outside.numbers = numbers
        self.from_outside.enabled = features.members_from_outside

    def registered(self, _: str) -> None:
        """A phone has registered: somebody in a queue may be waiting for it."""
        self.desk.pump_all()

    def why_not(self, number: str) -> Said | None:
        """Return why somebody can't be rung for a group or queue now; None when it can."""
        wish = self.reacher.why_not(number)
        if wish is not None:
            return wish
        if not self._phones.is_registered(number):
            return Reach.UNREGISTERED()
        return Reach.BUSY() if self._exchange.is_busy(number) else None

    def office(self) -> Office:
        """Return what the office's phones can reach now."""
        return Office(
            outbound=self._outbound,
            destinations=self._destinations,
            numbers=self._numbers,
            code=self.features.code,
            ring_seconds=self._settings.current.reception.ring_seconds,
            mailbox_of=self._mailbox_of,
            read_code=self._read_code,
            explain_person=lambda number: self.reacher.explain(
                self._directory, number, self._settings.current.reception.ring_seconds
            ),
        )

    def inbound(self) -> Inbound:
        """Return what a call from outside needs now."""
        return Inbound(
            plan=self._settings.current.inbound,
            numbers=self._outbound.plan,
            destinations=self._destinations,
            speaker=self._outbound.speaker,
            local_time=_local_time,
            office_state=self.office_state,
            member=self.from_outside.serve,
        )

    def explain(
        self, at: datetime.datetime, line: str, caller: str | None, did: str | None, keys: str
    ) -> list[Text]:
        """Say in plain words what would become of a caller, without a call.

        Args:
            at: Local time.
            line: The call would come in on.
            caller: As the network would present it; None for withheld.
            did: What the caller would dial, where the line tells it.
            keys: What the caller would press.
        """
        situation = Situation(at, line, caller, did, self.office_state(at))
        return explain(
            self._settings.current.inbound,
            self._outbound.plan,
            situation,
            keys,
            is_extension=lambda digits: self._directory.find(digits) is not None,
            at_place=self.tellers,
        )

    def explain_dialled(self, extension: str, dialled: str, at: datetime.datetime) -> list[Text]:
        """Say in plain words what would become of what a phone dials, without a call."""
        return explain_dial(dialled, extension, self.office(), self._directory, at)

    def _mailbox_of(self, dialled: str) -> str | None:
        read = self.features.book.read(dialled)
        return read[1] if read is not None and read[0] is Feature.VOICEMAIL and read[1] else None

    def _colleagues(self, number: str) -> frozenset[str] | None:
        """Return who shares a group or queue with an extension; None for one that is in none."""
        teams = [{member.number for member in group.members} for group in self.groups.values()]
        teams += [set(model.agents) for model in self.desk.queues.values()]
        own = [team for team in teams if number in team]
        return frozenset().union(*own) if own else None

    async def _speak_to(self, call: Call, number: str) -> None:
        await self._or_tell(call, await self.intercom.speak_to(call, number))

    async def _page(self, call: Call, wanted: str) -> None:
        place = self._numbers.get(wanted)
        group = self.groups.get(place.name) if isinstance(place, ToGroup) else None
        numbers = [member.number for member in group.members] if group is not None else []
        await self._or_tell(call, await self.intercom.page(call, wanted, numbers))

    async def _leave_message(self, call: Call, mailbox: str) -> None:
        await self._or_tell(call, await self._destinations.lead(call, ToVoicemail(mailbox)))

    async def _or_tell(self, call: Call, cause: Cause) -> None:
        """Tell a phone what has come to nothing."""
        if cause is not Cause.NORMAL and call.caller.ending is None:
            await tell(call, cause, self._outbound.speaker)

    def _read_code(self, dialled: str) -> str | None:
        if self.lot.is_slot(dialled):
            return f"parking slot {dialled}"
        read = self.features.book.read(dialled)
        return None if read is None else read[0]

    async def keep_personal(self, number: str, wishes: Personal, by: str) -> None:
        """Keep a member's changed wishes in the name of `by`; in force when this returns.

        Raises:
            UserError: They can't be used.
            DeviceError: They can't be written.
        """

        def changed(settings: Settings) -> Settings:
            people = tuple(
                msgspec.structs.replace(one, personal=wishes) if one.number == number else one
                for one in settings.extensions
            )
            return msgspec.structs.replace(settings, extensions=people)

        await self._edit(changed, by)

    async def _onward(self, call: Call, number: str, by: str) -> Cause:
        return await onward(call, number, by, self.office())

    def _explain_extension(self, place: ToExtension, _situation: Situation, _keys: str) -> list[Text]:
        return list(self.reacher.explain(self._directory, place.number, place.seconds))


def _refill(mapping: MutableMapping[str, _Thing], fresh: Mapping[str, _Thing]) -> None:
    """Have a mapping that others hold contain exactly these from now on."""
    mapping.clear()
    mapping.update(fresh)


def _local_time() -> datetime.datetime:
    return datetime.datetime.now().astimezone()
