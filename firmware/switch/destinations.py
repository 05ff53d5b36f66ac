"""Where a caller can be led, as data; and who knows how to serve each kind of place.

Other folders register what they serve (groups, queues, menus, mailboxes), so that routing, menus, dialled
numbers, overflow and transfers all lead to the same places by the same few words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from firmware.core.causes import Cause
from firmware.core.trace import Message, Said
from firmware.core.trace.calls import of_cause
from firmware.core.trace.routing import Places, Routing
from firmware.switch.call import Call

Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=60,
        description="Which one: its name, or an extension's number.",
        extra={"zh": "名称或分机号。"},
    ),
]
Seconds = Annotated[
    float,
    Meta(
        ge=0,
        le=3600,
        description="For how long at most, 0 to 3600 seconds; 0 for as long as is set there.",
        extra={"zh": "最长多少秒，0 到 3600；0 表示按该处自己的设置。"},
    ),
]
MenuName = Annotated[
    str,
    Meta(
        max_length=60,
        description="A menu's name; empty for the first one.",
        extra={"zh": "菜单名称；留空为第一个菜单。"},
    ),
]
Shown = Annotated[
    Cause,
    Meta(
        description="Cause that the network is told (ITU-T Q.850), such as 21 for rejected, 17 for busy.",
        extra={"zh": "告知网络的原因值（ITU-T Q.850），如 21 拒接、17 忙。"},
    ),
]


class _Place(msgspec.Struct, frozen=True):
    """A place; its first field says which one of its kind it is."""

    words: ClassVar[Message]
    """How the trace names the kind."""

    def said(self) -> Said:
        """Return it in words, as the trace shows it."""
        return self.words(name=str(getattr(self, self.__struct_fields__[0])))

    def __str__(self) -> str:
        return str(self.said())


class ToReception(_Place, frozen=True, tag="reception"):
    """The greeting, menus and dialling of an extension."""

    menu: MenuName = ""
    """Another menu than the first one, by name."""
    words: ClassVar = Places.MENU

    def said(self) -> Said:
        return super().said() if self.menu else Places.RECEPTION()


class ToExtension(_Place, frozen=True, tag="extension"):
    number: Name
    seconds: Seconds = 25.0
    """How long to ring."""
    words: ClassVar = Places.EXTENSION


class ToGroup(_Place, frozen=True, tag="group"):
    """A hunt group."""

    name: Name
    seconds: Seconds = 0.0
    """How long to hunt at most; 0 for as long as the group has set."""
    words: ClassVar = Places.GROUP


class ToQueue(_Place, frozen=True, tag="queue"):
    name: Name
    seconds: Seconds = 0.0
    """How long to wait at most; 0 for as long as the queue has set."""
    words: ClassVar = Places.QUEUE


class ToVoicemail(_Place, frozen=True, tag="voicemail"):
    mailbox: Name
    words: ClassVar = Places.VOICEMAIL


class ToAnnouncement(_Place, frozen=True, tag="announcement"):
    """Words, and goodbye."""

    prompt: Name
    words: ClassVar = Places.ANNOUNCEMENT


class ToConference(_Place, frozen=True, tag="conference"):
    room: Name
    words: ClassVar = Places.CONFERENCE


class ToMobile(_Place, frozen=True, tag="mobile"):
    """A member's own forwarding target; which number that is, the member's settings alone say."""

    member: Name
    seconds: Seconds = 25.0
    words: ClassVar = Places.MOBILE


class Refuse(_Place, frozen=True, tag="refuse"):
    """Turn the caller away without answering."""

    cause: Shown = Cause.REJECTED

    def said(self) -> Said:
        return Places.REFUSED()


Destination = (
    ToReception
    | ToExtension
    | ToGroup
    | ToQueue
    | ToVoicemail
    | ToAnnouncement
    | ToConference
    | ToMobile
    | Refuse
)

# For how long an extension rings when a destination says 0.
RING_SECONDS = 25.0

Handler = Callable[[Call, Any], Awaitable[Cause]]
"""Serves a caller at one kind of destination to the end; `NORMAL` when that was what the caller needed, else
why not, and the caller can be led on."""

Unanswered = Callable[[Call, str], Awaitable[bool]]
"""Told the call and the extension; false when the caller can't be served there either."""

Besides = Callable[[Call, Any], Awaitable[None]]
"""Done for a caller besides serving it at a destination."""

# Overflow that leads in a circle must end; nobody is led to so many places in earnest.
MAX_STEPS = 40


class Destinations:
    """Who serves which kind of destination."""

    def __init__(self) -> None:
        self._handlers: dict[type, Handler] = {Refuse: _refuse, ToExtension: _extension}
        self.before: list[Besides] = []
        """Done before a caller is served at a place: what it has to be told first."""
        self.after: list[Besides] = []
        """Done once a place has served a caller who is still there: what it is asked then."""
        self.unanswered: Unanswered | None = None
        """Serves a caller whom an extension's person didn't take, where nothing else is left: voicemail."""

    def register(self, kind: type[Any], handler: Handler) -> None:
        """Have `handler` serve a kind of destination from now on."""
        self._handlers[kind] = handler

    async def lead(self, call: Call, *places: Destination) -> Cause:
        """Lead a caller to the first of these places that serves it.

        Returns:
            `NORMAL` when one did; else the last one's cause.
        """
        cause = Cause.UNALLOCATED_NUMBER
        for place in places:
            call.steps += 1
            if call.steps > MAX_STEPS:
                call.journey.route(Routing.WITHOUT_END(count=MAX_STEPS))
                return cause
            handler = self._handlers.get(type(place))
            if handler is None:
                call.journey.route(Routing.NO_SUCH_THING(place=place.said()))
                continue
            call.journey.route(Routing.LED(place=place.said()))
            for first in self.before:
                await first(call, place)
            cause = await handler(call, place)
            if cause is Cause.NORMAL:
                for then in self.after:
                    await then(call, place)
                return cause
            call.journey.route(Routing.NOT_SERVED(place=place.said(), why=of_cause(cause)))
        last = places[-1] if places else None
        if isinstance(last, ToExtension) and await self._taken_instead(call, last.number):
            return Cause.NORMAL
        return cause

    async def _taken_instead(self, call: Call, extension: str) -> bool:
        return self.unanswered is not None and await self.unanswered(call, extension)


async def _refuse(call: Call, place: Refuse) -> Cause:
    await call.refuse(place.cause)
    return Cause.NORMAL


async def _extension(call: Call, place: ToExtension) -> Cause:
    extension = call.directory.find(place.number)
    if extension is None:
        return Cause.UNALLOCATED_NUMBER
    call.journey.is_for(extension.number)
    ring = await call.ring(extension, place.seconds or RING_SECONDS)
    if ring.leg is None:
        return ring.cause
    await call.answer()
    await call.bridge(ring.leg)
    return Cause.NORMAL
