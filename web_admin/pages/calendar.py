"""The opening hours on a calendar: a month at a time, and what one day is made to be.

/calendar?month=2026-10 ── a day clicked ──► its form ── preview ──► in force, undoable
"""

from __future__ import annotations

import calendar as months
import datetime
import re
from typing import Any

from litestar import Request, Response, Router, get, post

from firmware.control.calendar import GetMonth, MonthReply
from firmware.control.editing import Edit, InsertItem, RemoveItem
from firmware.core.errors import UserError
from web_admin.notices import notice_of
from web_admin.pages.settings import preview
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, user_of, words_of
from web_admin.site import Site

_MONTH = re.compile(r"\A(20[0-9]{2})-(0[1-9]|1[0-2])\Z")
_LISTS = ("days_off", "working_days", "closures")
_LONGEST_NAME = 60


def calendar_router(site: Site) -> Router:
    """Return the handlers."""

    async def show(request: AnyRequest, problem: str = "") -> Response[Any]:
        today = datetime.datetime.now().astimezone().date()
        asked = request.query_params
        found = _MONTH.match(asked.get("month", ""))
        first = datetime.date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)
        async with site.box.ask() as switch:
            settings = await switch.settings()
            schedules = settings.values["hours"]["schedules"]
            name = asked.get("schedule", "")
            name = name if name in schedules else next(iter(schedules))
            month = await switch.ask(GetMonth(schedule=name, year=first.year, month=first.month), MonthReply)
        days = {one.day: one for one in month.days}
        chosen = asked.get("day", "")
        notice, undo = notice_of(request)
        return site.pages.page(
            request,
            "calendar.html",
            status=422 if problem else 200,
            first=first,
            before=(first - datetime.timedelta(days=1)).strftime("%Y-%m"),
            after=(first + datetime.timedelta(days=31)).strftime("%Y-%m"),
            weeks=months.Calendar(months.MONDAY).monthdatescalendar(first.year, first.month),
            days=days,
            warning=month.warning_zh if words_of(request).language == "zh" else month.warning_en,
            schedule=name,
            schedules=list(schedules),
            enabled=settings.values["hours"]["enabled"],
            closures=_closures(schedules[name]["closures"]),
            chosen=days.get(chosen),
            set_by_hand=_entries(schedules[name], chosen) if chosen in days else [],
            problem=problem,
            notice=notice,
            undo=undo,
        )

    @get("/calendar")
    async def page(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request)

    @post("/calendar", status_code=200)
    async def change(request: Request[Any, Any, Any]) -> Response[Any]:
        form = {key: str(value).strip() for key, value in (await request.form()).items()}
        schedule, day = form.get("schedule", ""), form.get("day", "")
        path = ["hours", "schedules", schedule]
        name, opens, closes = form.get("name", "")[:_LONGEST_NAME], form.get("opens"), form.get("closes")
        edits: list[Edit] = []
        async with site.box.ask() as switch:
            settings = await switch.settings()
            try:
                if schedule not in settings.values["hours"]["schedules"]:
                    raise UserError(f"Schedule: there is none called {schedule}.")
                match form.get("do"):
                    case "closed":
                        edits = [InsertItem([*path, "days_off"], {"first": day, "last": None, "name": name})]
                    case "open":
                        spans = [{"opens": opens, "closes": closes}]
                        edits = [
                            InsertItem([*path, "working_days"], {"day": day, "spans": spans, "name": name})
                        ]
                    case "hours":
                        closure = {"begins": f"{day}T{opens}:00", "ends": f"{day}T{closes}:00", "name": name}
                        edits = [InsertItem([*path, "closures"], closure)]
                    case "remove":
                        edits = [
                            RemoveItem([*path, kind, str(place)])
                            for kind, place, _ in reversed(
                                _entries(settings.values["hours"]["schedules"][schedule], day)
                            )
                        ]
                    case _:
                        raise UserError("There is no such act.")
                changed = await switch.change_settings(edits, user_of(request), dry_run=True)
            except UserError as error:
                return await show(request, in_words(error, settings, words_of(request)))
        back = f"/calendar?schedule={schedule}&month={day[:7]}"
        return preview(site, request, changed.changes, edits, settings.revision, back)

    return Router("/", route_handlers=[page, change])


def _entries(schedule: dict[str, Any], day: str) -> list[tuple[str, int, str]]:
    """Return what was set by hand for a day: list, place in it, name."""
    found = []
    for kind in _LISTS:
        for place, one in enumerate(schedule[kind]):
            first = one.get("first") or one.get("day") or one["begins"][:10]
            last = one.get("last") or (one["ends"][:10] if "ends" in one else first)
            if first <= day <= last:
                found.append((kind, place, one["name"]))
    return found


def _closures(closures: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the hours of closures by the day they begin on."""
    by_day: dict[str, list[str]] = {}
    for one in closures:
        begins, ends = one["begins"], one["ends"]
        until = ends[11:16] if ends[:10] == begins[:10] else ends[:16].replace("T", " ")
        by_day.setdefault(begins[:10], []).append(f"{begins[11:16]}–{until} {one['name']}".strip())
    return by_day
