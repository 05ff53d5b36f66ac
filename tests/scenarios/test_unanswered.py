"""Nobody takes the call, and there is a mailbox: from outside and from inside."""

from __future__ import annotations

import pytest

from firmware.core.causes import Cause
from firmware.switch.call import Call
from firmware.switch.destinations import ToExtension
from tests.scenarios.office import Office

pytestmark = pytest.mark.looptime


class Mailboxes:
    """Serves callers whom nobody took, or not."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.serves = True

    async def __call__(self, call: Call, extension: str) -> bool:
        self.served.append(extension)
        return self.serves


async def test_a_colleague_who_does_not_answer_is_left_a_message(office: Office) -> None:
    mailboxes = office.destinations.unanswered = Mailboxes()
    phone = office.phone_dials("101", "103")
    other = await office.phone_rings("103")
    other.far.ends(Cause.BUSY)
    await office.journey()
    assert mailboxes.served == ["103"]
    assert phone.far.refusal is Cause.NORMAL


async def test_without_a_mailbox_the_phone_shows_why(office: Office) -> None:
    mailboxes = office.destinations.unanswered = Mailboxes()
    mailboxes.serves = False
    phone = office.phone_dials("101", "103")
    other = await office.phone_rings("103")
    other.far.ends(Cause.BUSY)
    await office.journey()
    assert phone.far.refusal is Cause.BUSY


async def test_a_direct_number_nobody_answers_leads_to_the_mailbox_last(office: Office) -> None:
    mailboxes = office.destinations.unanswered = Mailboxes()
    causes: list[Cause] = []

    async def script(call: Call) -> None:
        causes.append(await office.destinations.lead(call, ToExtension("101"), ToExtension("103")))

    office.somebody_rings_in(script)
    (await office.phone_rings("101")).far.ends(Cause.BUSY)
    (await office.phone_rings("103")).far.ends(Cause.BUSY)
    await office.journey()
    assert mailboxes.served == ["103"], "only once nothing else is left"
    assert causes == [Cause.NORMAL]
