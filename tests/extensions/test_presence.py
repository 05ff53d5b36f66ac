"""Lamps, mailboxes and texts: what a phone's keys and screen show of others."""

from __future__ import annotations

import asyncio
import re

import pytest

from extensions.accounts import Accounts
from extensions.presence import Mailbox, Presence
from extensions.sip.compose import new_call_id, new_request, new_tag
from extensions.sip.events import MessageReceived
from extensions.sip.headers import NameAddr
from extensions.sip.message import Request, Response, parse_message, respond_to
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause
from firmware.core.leg import LegEvent, LegState, TransferRequested
from tests.extensions.far_phone import FarPhone
from tests.extensions.office import BOX, CALLER, Office, opened
from tests.switch.fake_leg import FakeLeg

pytestmark = pytest.mark.looptime


class Asking:
    """A phone that sends requests and answers their challenge."""

    def __init__(self, place: Office, phone: FarPhone) -> None:
        self.place = place
        self.phone = phone
        self.statuses: list[int] = []
        self._number = 0

    async def sends(
        self,
        method: str,
        user: str,
        *headers: tuple[str, str],
        body: str = "",
        call_id: str = "",
        to_tag: str = "",
    ) -> int:
        """Send a request, with credentials once challenged; return the final status."""
        phone, flow = self.phone, self.phone.flow
        assert flow is not None
        call_id = new_call_id()
        to = NameAddr(f"sip:{user}@{BOX}")
        from_ = NameAddr(f"sip:{phone.extension}@{BOX}").tagged(f"w{phone.extension}")
        status = 0
        for _ in range(2):
            self._number += 1
            request = new_request(
                method, f"sip:{user}@{BOX}", flow, from_=from_, to=to,
                call_id=call_id, cseq=self._number,
            )  # fmt: skip
            request.headers.set("contact", f"<sip:{phone.extension}@{phone.host}:5060>")
            for name, value in headers:
                request.headers.set(name, value)
            if body:
                request.headers.set("content-type", "text/plain")
                request.body = body.encode()
            phone.auth.sign(request)
            got: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
            with phone.driver.turn() as now:
                phone.agent.transactions.request(request, flow, _Waiter(got), now)
            response = await asyncio.wait_for(got, 60)
            status = response.status
            if status != 401 or not phone.auth.take(response, request):
                break
        return status

    async def watches(self, event: str, user: str, *, expires: int = 600) -> int:
        return await self.sends("SUBSCRIBE", user, ("event", event), ("expires", str(expires)))

    def told(self) -> list[Request]:
        """Every NOTIFY the box has sent so far."""
        found = [parse_message(data) for data in self.place.net.carried if data.startswith(b"NOTIFY")]
        return [one for one in found if isinstance(one, Request)]


class _Waiter:
    def __init__(self, got: asyncio.Future[Response]) -> None:
        self._got = got

    def on_response(self, transaction: object, response: Response, now: float) -> None:
        if response.status >= 200 and not self._got.done():
            self._got.set_result(response)

    def on_failure(self, transaction: object, failure: object, now: float) -> None:
        if not self._got.done():
            self._got.set_exception(TimeoutError())


async def an_office() -> tuple[Office, Asking]:
    place = await opened()
    watcher = await place.phone("102")
    # The watcher's test phone has no subscriptions of its own: it just says 200 to every NOTIFY.
    original = watcher.agent.sessions.of

    def session_of(request: Request) -> object:
        return _Agreeable() if request.method == "NOTIFY" else original(request)

    setattr(watcher.agent.sessions, "of", session_of)  # noqa: B010 - the test's own phone, bent a little
    return place, Asking(place, watcher)


class _Agreeable:
    def receive(self, transaction: object, request: Request, flow: object, now: float) -> None:

        transaction.respond(respond_to(request, 200, tag=new_tag()), now)  # type: ignore[attr-defined]


def states(notify: Request) -> list[str]:
    return re.findall(r"<state>(\w+)</state>", notify.body.decode())


async def test_a_lamp_shows_ringing_talking_and_free() -> None:
    place, watcher = await an_office()
    far = await place.phone("101")
    assert await watcher.watches("dialog", "101") == 200
    await place.settle()
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    far.alert()
    await place.settle()
    far.answer()
    await place.settle()
    assert place.phones.presence.is_busy("101")
    await leg.hang_up()
    await place.settle()
    assert [states(one) for one in watcher.told()] == [[], ["trying"], ["early"], ["confirmed"], []]
    versions = [re.search(rb'version="(\d+)"', one.body) for one in watcher.told()]
    assert [int(version[1]) for version in versions if version] == [0, 1, 2, 3, 4]
    assert 'direction="recipient"' in watcher.told()[1].body.decode()
    assert not place.phones.presence.is_busy("101")


async def test_a_switch_has_a_lamp_at_the_key_that_dials_its_code() -> None:
    place, watcher = await an_office()
    assert await watcher.watches("dialog", "*60") == 404
    presence = place.phones.presence
    presence.show_switch("*60", False)
    assert await watcher.watches("dialog", "*60") == 200
    assert await watcher.watches("message-summary", "*60") == 404
    for on in (True, True, False, None):
        await place.settle()
        presence.show_switch("*60", on)
    await place.settle()
    assert [states(one) for one in watcher.told()] == [[], ["confirmed"], [], []]
    assert await watcher.watches("dialog", "*60") == 404


async def test_a_lamp_that_changes_while_the_phone_is_slow_shows_the_latest() -> None:
    place, watcher = await an_office()
    await watcher.watches("dialog", "101")
    await place.phone("101")
    for _ in range(5):
        leg = place.phones.leg_to("101")
        await leg.ring(CALLER)
        await leg.hang_up()
    await place.settle()
    assert states(watcher.told()[-1]) == []
    assert len(watcher.told()) < 8


async def test_a_mailbox_is_shown_to_its_owner_only() -> None:
    place, watcher = await an_office()
    boxes = {"102": Mailbox(2, 5)}

    class Boxes:
        def mailbox(self, extension: str) -> Mailbox:
            return boxes.get(extension, Mailbox())

    place.phones.presence.source = Boxes()
    assert await watcher.watches("message-summary", "101") == 403
    assert await watcher.watches("message-summary", "102") == 200
    await place.settle()
    boxes["102"] = Mailbox(0, 7)
    place.phones.presence.mailbox_changed("102")
    await place.settle()
    first, second = (one.body.decode() for one in watcher.told())
    assert "Messages-Waiting: yes\r\n" in first and "Voice-Message: 2/5 (0/0)\r\n" in first
    assert "Messages-Waiting: no\r\n" in second


@pytest.mark.parametrize(
    ("event", "user", "expires", "status"),
    [("weather", "101", 600, 489), ("dialog", "999", 600, 404), ("dialog", "101", 10, 423)],
)
async def test_what_cannot_be_watched(event: str, user: str, expires: int, status: int) -> None:
    _, watcher = await an_office()
    assert await watcher.watches(event, user, expires=expires) == status


async def test_a_subscription_runs_out_and_is_forgotten() -> None:
    place, watcher = await an_office()
    await watcher.watches("dialog", "101", expires=120)
    await asyncio.sleep(130)
    assert watcher.told()[-1].headers.get("subscription-state") == "terminated;reason=timeout"
    place.phones.leg_to("101")
    assert len(place.phones.driver.agent) == 0
    assert place.phones.presence._subscriptions == {}


async def test_a_subscription_for_no_time_is_a_question() -> None:
    place, watcher = await an_office()
    assert await watcher.watches("dialog", "101", expires=0) == 200
    await place.settle()
    (answer,) = watcher.told()
    assert answer.headers.get("subscription-state") == "terminated;reason=timeout"
    assert len(place.phones.driver.agent) == 0


async def test_a_watcher_that_vanished_is_forgotten() -> None:
    place, watcher = await an_office()
    await watcher.watches("dialog", "101")
    await place.settle()
    watcher.phone.vanish()
    leg = place.phones.leg_to("101")
    await place.phone("101")
    await leg.ring(CALLER)
    await asyncio.sleep(40)
    assert len(place.phones.driver.agent) == 0 or leg.state is not LegState.ENDED
    assert place.phones.presence._subscriptions == {}
    await leg.hang_up()


async def test_a_ringing_call_is_picked_up_at_another_phone() -> None:
    place, watcher = await an_office()
    far = await place.phone("101")
    picked: list[tuple[SipLeg, SipLeg]] = []
    place.phones.on_pickup = lambda new, old: picked.append((new, old))
    await watcher.watches("dialog", "101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    far.alert()
    await place.settle()
    shown = watcher.told()[-1].body.decode()
    ids = dict(re.findall(r'(call-id|local-tag|remote-tag)="([^"]*)"', shown))
    replaces = f"{ids['call-id']};to-tag={ids.get('local-tag', 'x')};from-tag={ids['remote-tag']};early-only"
    watcher.phone.dial("101", headers=[("replaces", replaces)])
    await place.settle()
    ((new, old),) = picked
    assert (old, new.party.number) == (leg, "102")
    await new.hang_up(Cause.BUSY)
    await leg.hang_up()


async def test_pickup_where_nobody_does_it_is_refused() -> None:
    place, watcher = await an_office()
    await place.phone("101")
    leg = place.phones.leg_to("101")
    await leg.ring(CALLER)
    await place.settle()
    call = leg.calls[0]
    watcher.phone.dial("101", headers=[("replaces", f"{call.call_id};to-tag=x;from-tag={call.local_tag}")])
    await place.settle()
    assert watcher.phone.ended is not None
    assert watcher.phone.ended.status == 501
    await leg.hang_up()


async def test_an_attended_transfer_names_the_consulted_leg() -> None:

    place, watcher = await an_office()
    phone = watcher.phone
    phone.dial("101")
    first, _ = await asyncio.wait_for(place.incoming.get(), 5)
    await first.answer()
    await place.settle()
    one = phone.call
    phone.dial("103")
    second, _ = await asyncio.wait_for(place.incoming.get(), 5)
    await second.answer()
    await place.settle()
    two = phone.call
    assert one is not None and two is not None and two.dialog is not None
    asked: list[LegEvent] = []
    first.subscribe(asked.append)
    inner = f"{two.call_id}%3Bto-tag%3D{two.dialog.remote.tag}%3Bfrom-tag%3D{two.local_tag}"
    with phone.driver.turn() as now:
        one.transfers.refer(f"sip:103@{BOX}?Replaces={inner}", now)
    await place.settle()
    assert asked == [TransferRequested("103", second)]
    await first.hang_up()
    await second.hang_up()


# Texts


def texts_at(phone: FarPhone) -> list[str]:

    return [event.message.body.decode() for event in phone.events if isinstance(event, MessageReceived)]


async def test_a_text_reaches_another_phone() -> None:
    place, sender = await an_office()
    far = await place.phone("101")
    answered = asyncio.create_task(sender.sends("MESSAGE", "101", body="午饭？"))
    await asyncio.sleep(1)
    assert texts_at(far) == ["午饭？"]

    event = next(event for event in far.events if isinstance(event, MessageReceived))
    with far.driver.turn() as now:
        event.message.answer(200, now)
    assert await answered == 200


async def test_texts_that_reach_nobody() -> None:
    place, sender = await an_office()
    assert await sender.sends("MESSAGE", "103", body="anyone?") == 480
    assert await sender.sends("MESSAGE", "13800138000", body="hello") == 404
    outside: list[tuple[str, str, str]] = []

    def carry(from_: str, to: str, text: str) -> bool:
        outside.append((from_, to, text))
        return True

    place.phones.texts.on_outside = carry
    assert await sender.sends("MESSAGE", "13800138000", body="hello") == 202
    assert outside == [("102", "13800138000", "hello")]
    assert await sender.sends("MESSAGE", "101", body="x" * 1400) == 413


def test_presence_without_phones_is_quiet() -> None:
    presence = Presence(lambda *_: None, lambda leg: [], Accounts([]))
    presence.mailbox_changed("101")
    assert not presence.is_busy("101")


async def test_a_lamp_shows_a_handset_that_is_somebodys_phone() -> None:
    place, watcher = await an_office()
    assert await watcher.watches("dialog", "103") == 200
    await place.settle()
    handset = FakeLeg.outgoing("handset1", media=place.media)
    place.phones.presence.watch(handset, "103")
    await handset.ring(CALLER)
    await place.settle()
    handset.far.answers()
    await place.settle()
    handset.far.ends()
    await place.settle()
    assert [states(one) for one in watcher.told()] == [[], ["trying"], ["confirmed"], []]
