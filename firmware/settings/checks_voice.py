"""What the sections about callers' words must fit: hours, menus, and what menus name."""

from __future__ import annotations

import re

from firmware.core.errors import UserError
from firmware.settings.document import Settings
from ivr.hours import check_hours
from ivr.menu import Known, problems
from ivr.prompts.catalogue import CATALOGUE
from ivr.voicemail import Mailboxes

_OWN = re.compile(r"own/[a-z0-9][a-z0-9-]{0,39}", re.ASCII)


def known_to_menus(settings: Settings, prompts: frozenset[str] | None = None) -> Known:
    """Return what menus may name in this office.

    Args:
        settings: Whose.
        prompts: The office's own prompts, which are files; None not to look at them.
    """
    return Known(
        extensions=frozenset(one.number for one in settings.extensions),
        operator=settings.extension(settings.office.operator) is not None,
        groups=frozenset(one.name for one in settings.groups),
        queues=frozenset(one.name for one in settings.queues),
        mailboxes=frozenset(mailboxes_of(settings).names()),
        prompts=prompts,
        names=True,
    )


def mailboxes_of(settings: Settings) -> Mailboxes:
    """Return the office's mailboxes."""
    return Mailboxes(settings.voicemail, {one.number: one.name for one in settings.extensions})


def _check_mailboxes(settings: Settings) -> None:
    seen: set[str] = set()
    for index, box in enumerate(settings.voicemail.mailboxes):
        place = f"Setting voicemail.mailboxes[{index}]"
        if box.name.isdigit() and settings.extension(box.name) is None:
            raise UserError(
                f"{place}.name: there is no extension {box.name}. A group's mailbox has a name that is no "
                "number, and its number in the field number. Nothing was changed."
            )
        for what in (box.name, box.number):
            if what in seen:
                raise UserError(f"{place}: {what} is there twice. Nothing was changed.")
            seen |= {what} - {""}
        for member in box.members:
            if settings.extension(member) is None:
                raise UserError(
                    f"{place}.members: there is no extension {member}. Remove it, or add it first. "
                    "Nothing was changed."
                )


def is_prompt(name: str) -> bool:
    """Tell whether callers can be played a prompt: one that came with the box, or the office's own.

    Own ones are files, which come and go without the settings; a tone stands in for what is gone.
    """
    return name in CATALOGUE or _OWN.fullmatch(name) is not None


def _check_prompts(settings: Settings) -> None:
    named = [("closure.prompt", settings.closure.prompt)]
    for index, survey in enumerate(settings.surveys):
        for position, question in enumerate(survey.questions):
            named.append((f"surveys[{index}].questions[{position}].prompt", question.prompt))
    for index, queue in enumerate(settings.queues):
        named += [(f"queues[{index}].messages", message) for message in queue.messages]
    for place, prompt in named:
        if not is_prompt(prompt):
            raise UserError(
                f"Setting {place}: there is no prompt {prompt}. Name one of the catalogue, or record or "
                "upload your own and name it own/NAME. Nothing was changed."
            )


def check_voice(settings: Settings) -> None:
    """Check hours, prompts, and the menus in force, which must not name what the same change takes away.

    Raises:
        UserError: Something doesn't fit; the text names the field and the remedy.
    """
    try:
        check_hours(settings.hours)
    except UserError as error:
        raise UserError(f"Setting hours.{error} Nothing was changed.") from None
    if settings.mail.host and not settings.mail.sender:
        raise UserError(
            "Setting mail.sender: letters need an address they come from, such as zongji@example.com. "
            "Nothing was changed."
        )
    _check_mailboxes(settings)
    _check_prompts(settings)
    menus = settings.menus.in_force()
    if menus is None:
        return
    found = problems(menus, known_to_menus(settings))
    if found:
        raise UserError(
            f"Setting menus: the menus in force no longer fit. {found[0]} "
            "Publish changed menus first. Nothing was changed."
        )
