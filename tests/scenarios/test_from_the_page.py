"""What somebody does to calls from the switchboard's page or the desk."""

from __future__ import annotations

import asyncio

import pytest

from extensions.dial import Office as Reachable
from extensions.hunt import Tally
from extensions.queue import QueueDesk
from extensions.queue.settings import AgentProfile, QueueSettings
from firmware.app.api.live import LiveDesk, QueuePicture
from firmware.control.live import (
    HangUpCall,
    ListenIn,
    ParkCall,
    PlaceCall,
    TransferCall,
)
from firmware.core.causes import Cause
from firmware.core.errors import UserError
from firmware.core.records import Outcome, TransferKind
from tests.scenarios.desk import Desk
from tests.scenarios.office import Office, trace

pytestmark = pytest.mark.looptime


class Page(Desk):
    """The office, and somebody before the page."""

    def __init__(self, office: Office) -> None:
        super().__init__(office)
        self.away: set[str] = set()
        self.queues = QueueDesk(
            (QueueSettings("sales", (AgentProfile("101"), AgentProfile("102"))),), Tally(), lambda _: None
        )
        reachable = Reachable(office.outbound, office.destinations, office.numbers, self.service.code)
        self.live = LiveDesk(
            office.exchange,
            office.directory,
            lambda number: number not in self.away,
            self.handing_on,
            self.lot,
            self.service,
            lambda: reachable,
        )

    def call(self) -> str:
        return self.office.exchange.live()[0].id


@pytest.fixture
async def page(office: Office) -> Page:
    return Page(office)


async def test_a_call_dragged_to_a_person_is_handed_on(page: Page) -> None:
    caller, phone = await page.talk("101")
    await page.live.transfer(TransferCall(call=page.call(), to="103", by="anna"))
    other = await page.answers("103")
    await page.office.talking(caller, other)
    await page.office.until(lambda: phone.ending is not None)
    other.far.ends()
    journey = await page.office.journey()
    assert [(one.kind, one.by, one.to) for one in journey.transfers] == [(TransferKind.BLIND, "101", "103")]
    assert any("anna" in line for line in trace(journey))


async def test_a_transfer_nobody_takes_comes_back(page: Page) -> None:
    caller, phone = await page.talk("101")
    await page.live.transfer(TransferCall(call=page.call(), to="103", by="anna"))
    (await page.office.phone_rings("103")).far.ends(Cause.BUSY)
    await page.office.talking(caller, phone)


async def test_a_call_is_parked_and_its_slot_shown(page: Page) -> None:
    await page.talk("101")
    await page.live.park(ParkCall(call=page.call(), by="anna"))
    await page.office.until(lambda: bool(page.lot.parked()))
    assert page.lot.parked() == {"71": page.call()}


async def test_a_call_is_ended(page: Page) -> None:
    caller, phone = await page.talk("101")
    await page.live.hang_up(HangUpCall(call=page.call(), by="anna"))
    assert caller.ending is not None
    assert phone.ending is not None
    assert page.office.store.closed[-1].outcome is Outcome.ANSWERED


async def test_click_to_call_rings_the_own_phone_first(page: Page) -> None:
    begun = await page.live.place(PlaceCall(own="101", to="103", by="anna"))
    assert begun.call is not None
    own = await page.office.phone_rings("101")
    assert [leg.address for leg in page.office.legs] == ["101"]
    own.far.answers()
    other = await page.answers("103")
    await page.office.talking(own, other)


async def test_a_phone_nobody_lifts_dials_nothing(page: Page) -> None:
    await page.live.place(PlaceCall(own="101", to="103", by="anna"))
    own = await page.office.phone_rings("101")
    await asyncio.sleep(35)
    assert own.ending is not None
    assert [leg.address for leg in page.office.legs] == ["101"]


@pytest.mark.parametrize("number", ["", "abc", "1" * 60, "138x", "<b>"])
async def test_what_is_no_number_is_not_dialled(page: Page, number: str) -> None:
    with pytest.raises(UserError):
        await page.live.place(PlaceCall(own="101", to=number, by="anna"))
    assert page.office.legs == []


async def test_whose_phone_is_not_there_is_told_so(page: Page) -> None:
    page.away.add("101")
    with pytest.raises(UserError, match="registered"):
        await page.live.place(PlaceCall(own="101", to="103", by="anna"))
    with pytest.raises(UserError, match="no extension"):
        await page.live.place(PlaceCall(own="999", to="103", by="anna"))


async def test_a_call_that_is_over_or_rings_yet_cannot_be_handed_on(page: Page) -> None:
    with pytest.raises(UserError, match="over"):
        await page.live.transfer(TransferCall(call="01GONE", to="103", by="anna"))
    await page.live.place(PlaceCall(own="101", to="103", by="anna"))
    await page.office.phone_rings("101")
    with pytest.raises(UserError, match="Nobody talks"):
        await page.live.park(ParkCall(call=page.call(), by="anna"))


async def test_only_a_supervisors_phone_may_listen(page: Page) -> None:
    await page.talk("101")
    with pytest.raises(UserError, match="supervisor"):
        await page.live.listen(ListenIn(own="103", to="101", by="bob"))
    await page.live.listen(ListenIn(own="102", to="101", by="anna"))
    ear = await page.answers("102")
    await page.office.until(lambda: ear.port is not None)
    await asyncio.sleep(3)
    assert any("takes part" in line or "102" in line for line in trace(page.office.exchange.live()[0]))


async def test_agents_sign_in_take_breaks_and_are_seen(page: Page) -> None:
    picture = QueuePicture(page.queues)
    assert picture.look(0)[1] == []
    page.queues.sign_in("101")
    first = picture.look(1_000_000)
    await asyncio.sleep(7)
    assert picture.look(1_007_000) == first, "a picture in which nothing happened stays the same"
    ((queue,), (agent,)) = first
    assert (queue.ready, queue.signed_in, agent.number, agent.mode) == (1, 1, "101", "ready")
    page.queues.pause("101", "lunch")
    assert picture.look(1_007_000)[1][0].reason == "lunch"
    page.queues.sign_out("101")
    assert picture.look(1_007_000)[1] == []
