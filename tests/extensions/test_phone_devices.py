"""Several devices of one person, each with its own account; encrypted audio; wideband."""

from __future__ import annotations

import asyncio

import pytest

from extensions.accounts import Account, Accounts, Algorithm
from extensions.sip.agent import Agent
from extensions.sip.flow import Flow
from extensions.sip.offer_answer import AudioNegotiation
from extensions.sip.uri import SipUri
from firmware.core.leg import Party
from firmware.core.media import G722, PCMA
from tests.extensions.office import CALLER, Office, opened

pytestmark = pytest.mark.looptime


def devices(place: Office, *accounts: Account) -> None:
    """Have these accounts and no others."""
    fresh = Accounts(accounts)
    vars(place.phones.accounts).update(vars(fresh))
    place.phones.accounts_changed()


async def test_a_person_with_two_devices_is_rung_on_both_and_the_first_to_answer_wins() -> None:
    place = await opened()
    devices(place, Account("101", "Ann", "desk"), Account("101", "Ann", "sofa", username="101-sofa"))
    desk = await place.phone("101", secret="desk")  # noqa: S106 - of a phone that does not exist
    sofa = await place.phone("101-sofa", secret="sofa")  # noqa: S106 - likewise
    assert {one.account for one in place.phones.registrations()} == {"101", "101-sofa"}
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    assert desk.is_rung() and sofa.is_rung()
    sofa.answer()
    await asyncio.wait_for(leg.answered(), 10)
    await place.settle()
    assert sofa.is_talking()
    assert (
        desk.ended is not None and str(desk.ended.reason) == 'SIP;cause=200;text="Call completed elsewhere"'
    )


async def test_each_device_calls_as_its_person() -> None:
    place = await opened()
    devices(place, Account("101", "Ann", "sofa", Algorithm.SHA256, "101-sofa"))
    sofa = await place.phone("101-sofa", secret="sofa")  # noqa: S106 - as above
    sofa.dial("102")
    leg, dialled = await place.incoming.get()
    assert (leg.address, leg.party, dialled) == ("101", Party("101", "Ann"), "102")


async def test_a_device_cannot_remove_anothers_registration() -> None:
    place = await opened()
    devices(place, Account("101", "Ann", "desk"), Account("101", "Ann", "sofa", username="101-sofa"))
    await place.phone("101", secret="desk")  # noqa: S106 - as above
    sofa = await place.phone("101-sofa", secret="sofa")  # noqa: S106 - as above
    assert sofa.registration is not None
    with sofa.driver.turn() as now:
        sofa.registration.stop(now)
    await place.settle()
    assert [one.account for one in place.phones.registrations()] == ["101"]


async def test_a_device_that_is_taken_away_is_not_rung_any_more() -> None:
    place = await opened()
    devices(place, Account("101", "Ann", "desk"), Account("101", "Ann", "sofa", username="101-sofa"))
    await place.phone("101", secret="desk")  # noqa: S106 - as above
    await place.phone("101-sofa", secret="sofa")  # noqa: S106 - as above
    devices(place, Account("101", "Ann", "desk"))
    assert [one.account for one in place.phones.registrations()] == ["101"]


async def test_a_phone_that_must_encrypt_is_not_let_in_without_tls() -> None:
    place = await opened()
    devices(place, Account("101", "Ann", "desk", srtp=True))
    far = place.unregistered("101", secret="desk")  # noqa: S106 - as above
    with pytest.raises(TimeoutError):
        await far.register("10.0.0.1")
    assert place.phones.registrations() == []
    assert any(b"403 TLS Required" in data for data in place.net.carried)


async def test_a_phone_that_must_encrypt_and_offers_to_speak_plainly_is_refused() -> None:
    place = await opened()
    devices(place, Account("101", "Ann", "desk", srtp=True))
    far = place.unregistered("101", secret="desk")  # noqa: S106 - as above
    await far.register("10.0.0.1", transport="tls")
    assert [one.transport for one in place.phones.registrations()] == ["tls"]
    far.dial("102")
    await place.settle()
    assert far.ended is not None and far.ended.status == 488
    assert place.incoming.empty()
    far.dial("102", body=AudioNegotiation(1, secure=True).offer(far.host, 4000))
    leg, _ = await asyncio.wait_for(place.incoming.get(), 5)
    await leg.answer()
    assert leg.port is not None and place.media.aims[leg.port][-1].srtp is not None


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("both", [True, False])
async def test_two_phones_that_have_it_speak_wideband(allowed: bool, both: bool) -> None:
    place = await opened()
    place.phones.wideband = allowed
    ann, bob = await place.phone("101"), await place.phone("102")
    ann.has_wideband()
    if both:
        bob.has_wideband()
    ann.dial("102")
    caller, _ = await place.incoming.get()
    called = place.phones.leg_to("102")
    called.wideband = caller.can_wideband
    await called.ring(CALLER)
    await place.settle()
    bob.answer()
    await asyncio.wait_for(called.answered(), 10)
    caller.wideband = called.can_wideband
    await caller.answer()
    await place.settle()
    wanted = G722 if allowed and both else PCMA
    assert ann.agreed is not None and bob.agreed is not None
    assert (ann.agreed.payload_type, bob.agreed.payload_type) == (wanted, wanted)
    assert {aims[-1].payload_type for aims in place.media.aims.values()} == {wanted}


async def test_a_caller_who_is_answered_by_the_box_itself_stays_narrow() -> None:
    place = await opened()
    place.phones.wideband = True
    ann = await place.phone("101")
    ann.has_wideband()
    ann.dial("102")
    caller, _ = await place.incoming.get()
    await caller.answer()
    await place.settle()
    assert ann.agreed is not None and ann.agreed.payload_type == PCMA
    assert not caller.can_wideband


async def test_a_phone_that_registers_takes_none_of_its_neighbours_calls_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = await opened()
    desk = await place.phone("101")
    found: list[tuple[str, str]] = []

    def note(self: Agent, contact: SipUri, flow: Flow, now: float) -> None:
        found.append((contact.host, flow.host))

    monkeypatch.setattr(Agent, "flow_found", note)
    sofa = await place.phone("101")
    assert found == [(sofa.host, sofa.host)]
    assert len(place.phones.bindings("101")) == 2
    assert desk.host != sofa.host
