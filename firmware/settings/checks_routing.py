"""What no single field of routing, people's rights, groups, queues and rooms can say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from extensions.feature_codes import CodeBook
from firmware.core.errors import UserError
from firmware.settings.checks_voice import is_prompt, mailboxes_of
from firmware.settings.document import Settings
from firmware.switch.destinations import (
    Destination,
    ToAnnouncement,
    ToConference,
    ToExtension,
    ToGroup,
    ToMobile,
    ToQueue,
    ToVoicemail,
)
from firmware.switch.numbering import NumberClass, NumberPlan


def check_routing(settings: Settings) -> None:
    """Check numbers, names, and that what is led to exists.

    Raises:
        UserError: Two fields contradict each other; the text names one and the remedy.
    """
    try:
        plan = NumberPlan(settings.office.country, settings.numbering)
    except UserError as error:
        raise UserError(f"Setting {error}. Nothing was changed.") from None
    _check_numbers(settings, plan)
    _check_members(settings)
    for where, place in _places(settings):
        _check_place(settings, where, place)
    _check_people(settings, plan)
    _check_trunks(settings)
    try:
        CodeBook(settings.features.codes)
    except UserError as error:
        raise UserError(f"Setting features.codes: {error}. Nothing was changed.") from None


def _numbers(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield every number that can be dialled inside: its field, the number."""
    for index, extension in enumerate(settings.extensions):
        yield f"extensions[{index}].number", extension.number
    for index, group in enumerate(settings.groups):
        yield f"groups[{index}].number", group.number
    for index, queue in enumerate(settings.queues):
        yield f"queues[{index}].number", queue.number
    for index, room in enumerate(settings.rooms):
        yield f"rooms[{index}].number", room.number
    for slot in settings.features.slots():
        yield "features.park_first", slot


def _check_numbers(settings: Settings, plan: NumberPlan) -> None:
    seen: dict[str, str] = {}
    for where, number in _numbers(settings):
        if not number:
            continue
        if number in seen:
            raise _refusal(where, f"{number} is {seen[number]} already", "Choose another number")
        seen[number] = where
        for words in plan.emergency.collisions([number]):
            raise _refusal(where, words.removeprefix("extension "), "Emergency numbers must stay free")
    for section, names in (
        ("groups", [group.name for group in settings.groups]),
        ("queues", [queue.name for queue in settings.queues]),
        ("rooms", [room.name for room in settings.rooms]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                raise _refusal(f"{section}[{index}].name", f"{name} is taken", "Give it another name")


def _check_members(settings: Settings) -> None:
    known = {extension.number for extension in settings.extensions}
    for index, group in enumerate(settings.groups):
        _check_known(f"groups[{index}].members", [member.number for member in group.members], known)
    for index, queue in enumerate(settings.queues):
        _check_known(f"queues[{index}].agents", [agent.number for agent in queue.agents], known)


def _check_known(where: str, numbers: list[str], known: set[str]) -> None:
    for position, number in enumerate(numbers):
        if number not in known:
            raise _refusal(where, f"there is no extension {number}", "Take it out here first, or add it")
        if number in numbers[:position]:
            raise _refusal(where, f"{number} is named twice", "Name each once")


def _places(settings: Settings) -> Iterator[tuple[str, Destination]]:
    """Yield every place a caller may be led to, with the field that says so."""

    def each(where: str, places: Iterable[Destination]) -> Iterator[tuple[str, Destination]]:
        for place in places:
            yield where, place

    for index, rule in enumerate(settings.inbound.rules):
        yield from each(f"inbound.rules[{index}].to", rule.to)
    yield from each("inbound.otherwise", settings.inbound.otherwise)
    for index, group in enumerate(settings.groups):
        yield from each(f"groups[{index}].overflow", group.overflow)
    for index, queue in enumerate(settings.queues):
        yield from each(f"queues[{index}].overflow", queue.overflow)
        if queue.message is not None:
            yield f"queues[{index}].message", queue.message


def _check_place(settings: Settings, where: str, place: Destination) -> None:
    match place:
        case ToExtension(number=name) | ToMobile(member=name):
            there = settings.extension(name) is not None
        case ToGroup(name=name):
            there = any(group.name == name for group in settings.groups)
        case ToQueue(name=name):
            there = any(queue.name == name for queue in settings.queues)
        case ToConference(room=name):
            there = any(room.name == name for room in settings.rooms)
        case ToVoicemail(mailbox=name):
            there = mailboxes_of(settings).find(name) is not None
        case ToAnnouncement(prompt=name):
            there = is_prompt(name)
        case _:
            return
    if not there:
        raise _refusal(where, f"there is no {place}", "Name one that exists, or add it first")


def _check_people(settings: Settings, plan: NumberPlan) -> None:
    rights = settings.outbound.rights
    if rights.default not in rights.classes:
        raise _refusal("outbound.rights.default", f"there is no class {rights.default}", _CLASS_REMEDY)
    for index, pin in enumerate(rights.pins):
        if pin.service_class not in rights.classes:
            raise _refusal(
                f"outbound.rights.pins[{index}].service_class",
                f"there is no class {pin.service_class}",
                _CLASS_REMEDY,
            )
    for index, extension in enumerate(settings.extensions):
        where = f"extensions[{index}]"
        if extension.service_class and extension.service_class not in rights.classes:
            raise _refusal(
                f"{where}.service_class", f"there is no class {extension.service_class}", _CLASS_REMEDY
            )
        for target in extension.personal.targets():
            if settings.extension(target) is not None:
                continue
            kind = plan.read(target).number_class
            if kind in (NumberClass.EMERGENCY, NumberClass.UNKNOWN):
                raise _refusal(
                    f"{where}.personal",
                    f"{target} is no number calls can be forwarded to",
                    "Enter an extension, or an outside number as dialled from here",
                )


def _check_trunks(settings: Settings) -> None:
    """Check that groups have different names and rules name existing groups.

    Lines are the board's and may be plugged in later, so a group may name one that isn't there.
    """
    names = [group.name for group in settings.outbound.groups]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise _refusal(f"outbound.groups[{index}].name", f"{name} is taken", "Give it another name")
    for index, rule in enumerate(settings.outbound.routes):
        for name in rule.groups:
            if name not in names:
                raise _refusal(
                    f"outbound.routes[{index}].groups",
                    f"there is no trunk group {name}",
                    "Name one of outbound.groups, or add it first",
                )


_CLASS_REMEDY = "Name one of outbound.rights.classes, or add it first"


def _refusal(where: str, what: str, remedy: str) -> UserError:
    return UserError(f"Setting {where}: {what}. {remedy}. Nothing was changed.")
