"""A call from one of the office's own phones to another.

The caller's phone makes its own ringing tone and shows causes on its display, so nothing is answered until
somebody takes the call.
"""

from __future__ import annotations

from firmware.core.causes import Cause
from firmware.core.trace.inside import Dialled
from firmware.switch.call import Call
from firmware.switch.destinations import Unanswered


async def internal_call(
    call: Call, dialled: str, ring_seconds: float, unanswered: Unanswered | None = None
) -> None:
    """Ring the dialled extension and let the two talk; else tell the phone why not.

    Args:
        call: Begun by the phone.
        dialled: What its user keyed.
        ring_seconds: How long to ring at most.
        unanswered: Serves a caller whom nobody takes: voicemail.
    """
    extension = call.directory.find(dialled)
    if extension is None:
        call.journey.route(Dialled.NO_SUCH(digits=dialled))
        await call.refuse(Cause.UNALLOCATED_NUMBER)
        return
    if extension.number == call.caller.address:
        call.journey.route(Dialled.OWN(digits=dialled))
        await call.refuse(Cause.BUSY)
        return
    call.journey.is_for(extension.number)
    call.journey.route(Dialled.PERSON(digits=dialled, name=extension.name))
    ring = await call.ring(extension, ring_seconds)
    if ring.leg is None:
        if unanswered is None or not await unanswered(call, extension.number):
            await call.refuse(ring.cause)
        return
    await call.answer()
    await call.bridge(ring.leg)
