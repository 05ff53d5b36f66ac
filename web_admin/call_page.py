"""One call's page, and what is written down on it: for the office's list, and for somebody's own desk."""

from __future__ import annotations

import re
from typing import Any

from litestar import Response

from firmware.control.notes import AddNote, AmendedReply, SetTags
from firmware.core.records import Journey
from web_admin.notices import notice_of, then
from web_admin.pictures.journey import picture
from web_admin.rendering import AnyRequest, address_of, user_of
from web_admin.site import Site

_CALL_ID = re.compile(r"\A[0-9A-Za-z]{1,32}\Z")


def has_part(journey: Journey, extension: str) -> bool:
    """Tell whether an extension takes part in a call, rang or was asked for."""
    return bool(extension) and (
        journey.called == extension
        or journey.line == extension
        or any(leg.address == extension for leg in journey.legs)
    )


async def call_page(
    site: Site, request: AnyRequest, call: str, base: str, only_of: str | None = None
) -> Response[Any]:
    """Return a call's page.

    Args:
        site: The site.
        request: Who asks.
        call: The call's id or the beginning of it.
        base: Where its list and its forms are.
        only_of: The extension it has to have had part in, where not everything may be seen.
    """

    def missing() -> Response[Any]:
        return site.pages.page(request, "problem.html", status=404, key="call.not_found", detail="")

    if not _CALL_ID.match(call):
        return missing()
    async with site.box.ask() as switch:
        found = await switch.call(call)
    if only_of is not None and not has_part(found, only_of):
        return missing()
    now = site.box.picture
    return site.pages.page(
        request,
        "call.html",
        journey=found,
        picture=picture(found),
        names={one.number: one.name for one in now.people} if now else {},
        base=base,
        hears=only_of is None,
        notice=notice_of(request)[0],
    )


async def take_note(site: Site, request: AnyRequest, call: str, base: str) -> Response[Any]:
    """Write a note down and show the call again."""
    form = await request.form()
    async with site.box.ask() as switch:
        asked = AddNote(call=call[:40], author=user_of(request), text=str(form.get("text", "")))
        found = (await switch.ask(asked, AmendedReply)).journey
    site.audit.note(user_of(request), address_of(request), "call-noted", found.id)
    return then(f"{base}/{found.id}#notes", "call.noted")


async def take_tags(site: Site, request: AnyRequest, call: str, base: str) -> Response[Any]:
    """Set the tags and show the call again."""
    form = await request.form()
    tags = re.split(r"[,，;；\n]", str(form.get("tags", "")))
    async with site.box.ask() as switch:
        asked = SetTags(call=call[:40], tags=tags, source=str(form.get("source", "")))
        found = (await switch.ask(asked, AmendedReply)).journey
    site.audit.note(user_of(request), address_of(request), "call-noted", found.id)
    return then(f"{base}/{found.id}#tags", "call.noted")
