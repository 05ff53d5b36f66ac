"""Who gets in at the office's phones: digests, brakes on guessing, copies of what was said before."""

from __future__ import annotations

import asyncio

import pytest

from extensions.accounts import Account
from extensions.bans import FIRST_BAN_S, MOST_PER_ACCOUNT, MOST_PER_USER
from extensions.sip.compose import new_request
from extensions.sip.headers import NameAddr
from extensions.sip.message import Request, Response, parse_message
from firmware.core.secrets import new_secret
from tests.extensions.office import opened

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("extension", ["101", "103"])
async def test_a_phone_registers_with_its_algorithm(extension: str) -> None:
    place = await opened()
    await place.phone(extension)
    (status,) = place.phones.registrations()
    assert (status.extension, status.expires_in_s) == (extension, 600)
    challenges = [data for data in place.net.carried if b"WWW-Authenticate" in data]
    assert (b"SHA-256" in challenges[0]) == (extension == "103")


async def test_registration_is_kept_alive() -> None:
    place = await opened()
    await place.phone("101")
    await asyncio.sleep(4000)
    assert place.phones.is_registered("101")


async def test_a_wrong_secret_does_not_register_and_is_braked() -> None:
    place = await opened()
    far = place.unregistered("101", secret="wrong")  # noqa: S106 - a wrong one, on purpose
    with pytest.raises(TimeoutError):
        await far.register("10.0.0.1")
    assert place.phones.registrations() == []
    assert place.phones.counters["auth_failed"] >= 1
    assert far.registration is not None
    for _ in range(2 * MOST_PER_USER):
        with far.driver.turn() as now:
            far.registration.start(now)
        await asyncio.sleep(1)
    assert place.phones.counters["auth_braked"] > 0
    failures = place.phones.counters["auth_failed"]
    assert failures < 2 * MOST_PER_USER
    # The right phone behind another address isn't locked out, and the brake lets go.
    await place.phone("101")
    await asyncio.sleep(FIRST_BAN_S + 1)
    with far.driver.turn() as now:
        far.registration.start(now)
    await asyncio.sleep(1)
    assert place.phones.counters["auth_failed"] > failures


async def test_a_phone_that_was_in_calls_on_while_its_account_is_attacked_from_elsewhere() -> None:
    place = await opened()
    far = await place.phone("101")
    now = asyncio.get_running_loop().time()
    for number in range(MOST_PER_ACCOUNT):
        place.phones.bans.failed(f"10.0.9.{number % 50}", "101", now)
    far.dial("102")
    leg, dialled = await asyncio.wait_for(place.incoming.get(), 5)
    assert (leg.party.number, dialled) == ("101", "102")
    # Who comes anew, be it with the right secret, waits until the ban is over.
    stranger = place.unregistered("101")
    with pytest.raises(TimeoutError):
        await stranger.register("10.0.0.1")
    assert place.phones.counters["auth_braked"] > 0


async def test_an_unknown_user_looks_like_a_wrong_secret() -> None:
    place = await opened()
    answers = []
    for user in ("101", "999"):
        far = place.unregistered("101", secret="wrong")  # noqa: S106 - as above
        far.extension = user
        far.auth._username = user
        place.net.carried.clear()
        with pytest.raises(TimeoutError):
            await far.register("10.0.0.1")
        answers.append([data[:12] for data in place.net.carried[:6]])
    assert answers[0] == answers[1]


async def test_a_phone_cannot_call_as_somebody_else() -> None:
    place = await opened()
    far = await place.phone("101")
    far.extension = "102"
    far.dial("103")
    await place.settle()
    assert far.ended is not None
    assert far.ended.status == 403
    assert place.incoming.empty()


async def test_secrets_are_long_and_readable_and_never_shown() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert all(len(secret) == 24 and not set(secret) & set("0o1l") for secret in secrets)
    assert "hush" not in repr(Account("101", "Ann", "hush"))


async def test_a_captured_request_cannot_be_replayed() -> None:
    place = await opened()
    await place.phone("101")
    captured = [parse_message(data) for data in place.net.carried if b"\r\nAuthorization" in data]
    registered = captured[-1]
    assert isinstance(registered, Request)
    thief = place.unregistered("102")
    await thief.driver.start()
    flow = await thief.driver.connect("10.0.0.1", 5060, "udp")
    again = new_request(
        "REGISTER", registered.uri, flow, from_=NameAddr("sip:101@10.0.0.1").tagged("t"),
        to=NameAddr("sip:101@10.0.0.1"), call_id="stolen", cseq=1,
    )  # fmt: skip
    again.headers.set("contact", "<sip:101@10.0.0.66>")
    again.headers.set("authorization", registered.headers.get("authorization") or "")
    place.net.carried.clear()
    with thief.driver.turn():
        thief.driver.agent.send(again.encode(), flow)
    await place.settle()
    answer = parse_message(place.net.carried[-1])
    assert isinstance(answer, Response)
    assert answer.status == 401
    assert "stale=true" in (answer.headers.get("www-authenticate") or "")
    assert len(place.phones.registrations()) == 1


async def test_nothing_is_kept_for_who_has_not_authenticated() -> None:
    place = await opened()
    stranger = place.unregistered("101")
    await stranger.driver.start()
    flow = await stranger.driver.connect("10.0.0.1", 5060, "udp")
    invite = new_request(
        "INVITE", "sip:102@10.0.0.1", flow, from_=NameAddr("sip:101@10.0.0.1").tagged("t"),
        to=NameAddr("sip:102@10.0.0.1"), call_id="knocking", cseq=1,
    )  # fmt: skip
    for _ in range(2):
        with stranger.driver.turn():
            stranger.driver.agent.send(invite.encode(), flow)
        await place.settle()
    agent = place.phones.driver.agent
    assert (len(agent.transactions), len(agent.timers), len(agent)) == (0, 0, 0)
    # A copy, sent because the challenge was lost, must look like the answer to the same request.
    challenges = [
        message for message in map(parse_message, place.net.carried) if isinstance(message, Response)
    ]
    assert [challenge.status for challenge in challenges] == [401, 401]
    assert challenges[0].to.tag == challenges[1].to.tag
