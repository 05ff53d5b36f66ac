"""The script by which somebody at a phone records a prompt, hears it, and keeps it.

ask ─► tone ─► recording, ended by any key ─► heard ─┬─ 1 keep
                     ▲                               ├─ 2 hear again
                     └───────────────────────────────┴─ 3 once more        anything else: nothing is kept
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from firmware.core.errors import UserError
from firmware.core.ids import new_port_id
from firmware.core.media import MediaError, PlayFile, PlayTone
from firmware.core.trace.voice import Prompting
from firmware.switch.call import Call
from ivr.prompts.audio import MAX_SECONDS, RATE, Samples, write_prompt
from ivr.prompts.library import Prompts
from ivr.prompts.own import OwnPrompts, normalised

MAX_TAKES = 5
_HEARINGS = 5
_BEEP = PlayTone(frequencies=(1000.0,), cadence_ms=(), duration_ms=300)
# The key that ends a recording sounds in it until it is recognised (ITU-T Q.24: 40 ms) and the recorder told.
_KEY_SECONDS = 0.25
_ANSWER_SECONDS = 8.0


async def record_by_phone(
    call: Call, prompts: Prompts, own: OwnPrompts, language: str, name: str, scratch: Path
) -> bool:
    """Record prompt `name` in `language`; return whether it was kept.

    Args:
        call: The call of somebody who may do this; the caller of this script has made sure.
        prompts: What the person hears.
        own: Where the prompt goes.
        language: The prompt's, not the person's.
        name: The prompt's.
        scratch: A folder the media process may write to; nothing is left in it.
    """
    await call.answer()
    samples = await record_take(call, prompts, scratch)
    if samples is None:
        call.journey.route(Prompting.NOT_KEPT(name=name))
        await call.play(Prompting.DROPPED(), prompts("prompt-not-kept"))
        return False
    await asyncio.to_thread(own.keep, language, name, samples)
    call.journey.route(Prompting.RECORDED(name=name, seconds=f"{len(samples) / RATE:.1f}"))
    await call.play(Prompting.KEPT(), prompts("prompt-kept"))
    return True


async def record_take(call: Call, prompts: Prompts, scratch: Path) -> Samples | None:
    """Have something recorded, heard and kept; None when the person kept nothing.

    Args:
        call: Answered.
        prompts: What the person hears.
        scratch: See `record_by_phone`.
    """
    for _ in range(MAX_TAKES):
        await call.play(Prompting.ASKED(), [*prompts("record-after-tone"), _BEEP])
        try:
            samples = await _take(call, scratch)
        except (UserError, MediaError) as error:
            call.journey.route(Prompting.FAILED(why=str(error)))
            await call.play(Prompting.NOTHING(), prompts("nothing-recorded"))
            continue
        match await _review(call, prompts, samples, scratch):
            case "1":
                return samples
            case "3":
                continue
            case _:
                return None
    return None


async def _take(call: Call, scratch: Path) -> Samples:
    """Record until a key, and return what was said.

    Raises:
        UserError: It was silence.
        MediaError: It could not be recorded.
    """
    port = call.caller.port
    if port is None:
        raise MediaError("the phone has no audio")
    path = scratch / f"prompt-{new_port_id('take')}.wav"
    try:
        recording = await call.media.record(path, port, port)
        try:
            await call.collect(
                Prompting.RECORDING(),
                (),
                is_complete=lambda _: True,
                first_seconds=MAX_SECONDS - 1,
                next_seconds=1.0,
            )
        finally:
            await recording.close()
        return await asyncio.to_thread(lambda: normalised(path.read_bytes(), _KEY_SECONDS))
    finally:
        path.unlink(missing_ok=True)


async def _review(call: Call, prompts: Prompts, samples: Samples, scratch: Path) -> str:
    """Play what was recorded until the person decides; return the key."""
    path = scratch / f"prompt-{new_port_id('review')}.wav"
    try:
        await asyncio.to_thread(write_prompt, samples, path)
        for _ in range(_HEARINGS):
            key = await call.collect(
                Prompting.REVIEW(),
                [PlayFile(str(path)), *prompts("review-prompt")],
                is_complete=lambda _: True,
                first_seconds=_ANSWER_SECONDS,
                next_seconds=1.0,
            )
            if key != "2":
                return key
    finally:
        path.unlink(missing_ok=True)
    return ""
