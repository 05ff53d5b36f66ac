"""Lost callers put together: every closed journey is looked at; the list answers pages."""

from __future__ import annotations

from contextlib import AsyncExitStack

from firmware.app.parts import Parts
from firmware.control.lost_callers import CloseLostCaller, ListLostCallers, LostCallersReply
from firmware.core.records import Journey
from firmware.office.lost_callers import LostCallers, Rules
from firmware.store.lost_callers import LostCallerStore
from firmware.store.numbers import normalise
from firmware.store.records import RecordEvent

_MOST_LISTED = 1000
_LONGEST_REASON = 200


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Note lost callers from now on."""

    def rules() -> Rules:
        now = parts.settings.current
        return Rules(now.office.country, now.lost_callers.shortest_seconds, now.lost_callers.text)

    lost = LostCallers(
        LostCallerStore(parts.store),
        rules,
        lambda address: parts.directory.find(address) is not None,
        parts.texting,
        parts.clock,
    )

    def ended(what: RecordEvent, journey: Journey) -> None:
        if what is RecordEvent.ENDED:
            lost.closed(journey)

    async def listed(request: ListLostCallers) -> LostCallersReply:
        limit = max(1, min(request.limit, _MOST_LISTED))
        found = await lost.store.listed(closed=request.closed, limit=limit)
        if request.number:
            number = normalise(request.number, rules().country)
            found = [one for one in found if number is not None and one.number == number]
        return LostCallersReply(callers=found)

    async def close(request: CloseLostCaller) -> LostCallersReply:
        await lost.close(request.caller, request.by[:_LONGEST_REASON], request.why[:_LONGEST_REASON])
        return LostCallersReply(callers=await lost.store.listed())

    parts.answers.on(ListLostCallers, listed)
    parts.answers.on(CloseLostCaller, close)
    running.callback(parts.store.subscribe(ended))
    running.push_async_callback(lost.stop)
