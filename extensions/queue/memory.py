"""What a queue remembers of callers who are gone: dropped calls' places, and who served whom last."""

from __future__ import annotations

from collections import OrderedDict

_REMEMBERED_PLACES = 500
_REMEMBERED_AGENTS = 5000


class CallerMemory:
    """Callers by canonical number; who withholds it is not remembered."""

    def __init__(self) -> None:
        self._dropped: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._served_by: OrderedDict[str, str] = OrderedDict()

    def dropped(self, number: str | None, since: float, now: float) -> None:
        """Keep the place of a caller who hung up, or whose call dropped."""
        if number:
            self._dropped[number] = (since, now)
            while len(self._dropped) > _REMEMBERED_PLACES:
                self._dropped.popitem(last=False)

    def resume(self, number: str | None, now: float, kept_seconds: float) -> float:
        """Return from when a caller's place counts: from before, when it was gone no longer than that."""
        since, left = self._dropped.pop(number, (now, now)) if number else (now, now)
        return now if now - left > kept_seconds else since

    def served(self, number: str | None, agent: str) -> None:
        """Remember who served a caller."""
        if number:
            self._served_by[number] = agent
            self._served_by.move_to_end(number)
            while len(self._served_by) > _REMEMBERED_AGENTS:
                self._served_by.popitem(last=False)

    def last_agent(self, number: str | None) -> str | None:
        """Return who served a caller last."""
        return self._served_by.get(number) if number else None
