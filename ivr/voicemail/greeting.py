"""Which greeting a caller hears before the tone."""

from __future__ import annotations

import datetime

from firmware.core.media import PlayFile, PlayItem
from firmware.core.messages import Greeting, MailboxState
from ivr.prompts import Prompts
from ivr.voicemail.desk import Voicemail
from ivr.voicemail.model import Resolved


def greeting(
    voicemail: Voicemail,
    box: Resolved,
    state: MailboxState,
    prompts: Prompts,
    today: datetime.date,
    *,
    busy: bool,
) -> list[PlayItem]:
    """Return what to play.

    Args:
        voicemail: Knows recorded greetings.
        box: Whose.
        state: What its owner has set.
        prompts: In the caller's language.
        today: A greeting "away until" is over on that day.
        busy: Whether the owner is on another call now.
    """
    if state.greeting is Greeting.RECORDED:
        file = voicemail.greeting_file(box.name)
        if file.exists():
            return [PlayFile(str(file))]
    if not box.owner:
        return prompts("vm-group", "vm-leave")
    who = ["vm-extension", *prompts.spoken.digits(box.owner)]
    if state.greeting is Greeting.AWAY and state.away_until is not None:
        back = datetime.date.fromisoformat(state.away_until)
        if back > today:
            return prompts(*who, "vm-away", *prompts.spoken.date(back, today), "vm-leave")
    if state.greeting is Greeting.BUSY or busy:
        return prompts(*who, "vm-busy", "vm-leave")
    return prompts(*who, "vm-unavailable", "vm-leave")
