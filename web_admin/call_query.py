"""What the search form of the calls holds, and what it asks of the switch."""

from __future__ import annotations

import datetime
import re
from urllib.parse import urlencode

import msgspec

from firmware.control.search import CallFilter, Cursor
from firmware.core.records import Outcome
from web_admin.rendering import AnyRequest

_CURSOR = re.compile(r"\A(-?\d{1,16})-(\d{1,16})\Z")
_LONGEST_QUERY = 60


class Query(msgspec.Struct, frozen=True):
    """What the search form holds, as typed."""

    text: str = ""
    person: str = ""
    since: str = ""
    until: str = ""
    outcome: str = ""
    recorded: str = ""

    @classmethod
    def of(cls, request: AnyRequest) -> Query:
        """Read the form; what makes no sense counts as not filled in."""
        asked = {name: request.query_params.get(name, "")[:_LONGEST_QUERY] for name in cls.__struct_fields__}
        if request.query_params.get("day") == "today":
            asked["since"] = datetime.datetime.now().astimezone().date().isoformat()
        return cls(**asked)

    def filter(self) -> CallFilter:
        """Return what is to be asked of the switch."""
        until = midnight(self.until)
        return CallFilter(
            text=self.text.replace(" ", ""),
            person=self.person,
            since_ms=milliseconds(midnight(self.since)),
            until_ms=milliseconds(None if until is None else until + datetime.timedelta(days=1)),
            outcome=Outcome(self.outcome) if self.outcome in set(Outcome) else None,
            recorded={"yes": True, "no": False}.get(self.recorded),
        )

    def encoded(self, **more: str) -> str:
        """Return it as an address's query."""
        filled = {name: value for name, value in msgspec.structs.asdict(self).items() if value}
        return urlencode({**filled, **more})


def midnight(day: str) -> datetime.datetime | None:
    """Return the beginning of a local day as typed; None for what is none."""
    try:
        return datetime.datetime.strptime(day, "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def milliseconds(when: datetime.datetime | None) -> int | None:
    """Return a moment in ms since 1970 UTC."""
    return None if when is None else int(when.timestamp() * 1000)


def cursor_of(text: str) -> Cursor | None:
    """Return where a list goes on; None for what is no such place."""
    found = _CURSOR.match(text)
    return None if found is None else Cursor(int(found[1]), int(found[2]))
