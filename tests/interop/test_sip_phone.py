"""A real phone, real sockets and real sound: baresip over UDP, TCP and TLS with SRTP, its whole day."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import quote

import pytest

from extensions.accounts import Account, Accounts
from extensions.certificates import Certificates
from extensions.phones import Phones
from extensions.presence import Mailbox
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause, Side
from firmware.core.leg import DigitPressed, Leg, LegEvent, LegState, Party, TransferRequested
from firmware.core.media import PlayTone, Source
from firmware.media.client import MediaClient
from firmware.media.supervisor import MediaSupervisor
from firmware.sim.listening import find_tone, read_wav
from tests.interop.baresip import Baresip, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KEY = "k7mn2pq9rs4tvw6xyz3a"
CALLER = Party("13800138000", "Li Lei")
WAYS = ("udp", "tcp", "tls")
BOX_TONE = PlayTone((440.0,), ())
PHONE_HZ = 1000.0


class Mailboxes:
    """Two new messages for 101."""

    def mailbox(self, extension: str) -> Mailbox:
        return Mailbox(2, 1) if extension == "101" else Mailbox()


class Box:
    """Phones with a media process of their own; over TLS they must encrypt."""

    def __init__(self, folder: Path, way: str) -> None:
        self.way = way
        self.plane = MediaClient()
        first = free_port() % 30_000 + 30_000
        self.media = MediaSupervisor(self.plane, folder / "media.sock", f"{first}-{first + 99}")
        self.certificates = Certificates(folder / "tls")
        self.certificates.ensure(["127.0.0.1"], datetime.datetime.now(datetime.UTC))
        secure = way == "tls"
        accounts = [
            Account(number, name, KEY, srtp=secure) for number, name in (("101", "Ann"), ("102", "Bob"))
        ]
        self.phones = Phones(
            Accounts(accounts), self.plane, "127.0.0.1", 0,
            tls=self.certificates.server_context(), tls_port=0,
        )  # fmt: skip
        self.calls: asyncio.Queue[SipLeg] = asyncio.Queue()
        self.phones.on_incoming = lambda leg, _: self.calls.put_nowait(leg)
        self.phones.presence.source = Mailboxes()

    @property
    def port(self) -> int:
        return self.phones.tls_port if self.way == "tls" else self.phones.port

    def uri(self, number: str) -> str:
        return f"sip:{number}@127.0.0.1:{self.port}"

    async def call(self) -> SipLeg:
        return await asyncio.wait_for(self.calls.get(), 10)


@pytest.fixture(params=WAYS)
async def box(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Box]:
    box = Box(tmp_path, request.param)
    await box.media.start()
    await box.phones.start()
    yield box
    await box.phones.stop()
    await box.media.stop()
    assert box.phones.counters["bugs"] == 0


def phone(folder: Path, box: Box, *, mailbox: bool = False) -> AbstractAsyncContextManager[Baresip]:
    """Return 101's phone, to be entered."""
    return Baresip.running(
        folder, "101", KEY, registrar_port=box.port, transport=box.way, srtp=box.way == "tls",
        authority=box.certificates.authority if box.way == "tls" else None, mailbox=mailbox,
    )  # fmt: skip


@pytest.fixture
async def ann(tmp_path: Path, box: Box) -> AsyncIterator[Baresip]:
    async with phone(tmp_path / "ann", box) as ann:
        await ann.registered()
        yield ann


async def until(condition: Callable[[], bool], complaint: str) -> None:
    try:
        async with asyncio.timeout(15):
            while not condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(complaint) from None


def heard_hz(phone: Baresip, hertz: float) -> bool:
    """Tell whether a phone heard a tone in its last call."""
    rate, samples = read_wav(phone.heard()[-1])
    return find_tone(samples[:, 0] if samples.ndim > 1 else samples, rate, hertz) is not None


async def test_what_both_hear_keys_and_hold(box: Box, ann: Baresip, tmp_path: Path) -> None:
    (status,) = box.phones.registrations()
    assert status.transport == box.way
    leg = box.phones.leg_to("101")
    await leg.ring(CALLER)
    await ann.event("CALL_INCOMING")
    await ann.accept()
    await asyncio.wait_for(leg.answered(), 10)
    assert leg.port is not None

    keys: list[str] = []

    def on_event(event: LegEvent) -> None:
        if isinstance(event, DigitPressed):
            keys.append(event.digit)

    leg.subscribe(on_event)
    playing = box.plane.play(leg.port, [BOX_TONE], repeat=True)
    await asyncio.sleep(1.5)
    playing.stop()
    # What the phone says comes back to it: audio goes both ways.
    box.plane.route(leg.port, [Source(leg.port)])
    await asyncio.sleep(1.0)
    await ann.press("12#")
    await until(lambda: keys == ["1", "2", "#"], f"keys came as {keys}")

    await ann.hold()
    await until(lambda: leg.state is LegState.HELD, "the hold was not noticed")
    await ann.resume()
    await until(lambda: leg.state is LegState.CONNECTED, "the resume was not noticed")
    await leg.hold()
    await leg.resume()
    await asyncio.sleep(0.5)
    await ann.hang_up()
    assert (await asyncio.wait_for(leg.ended(), 10)).by is Side.THEM
    await until(lambda: bool(ann.heard()), "the phone wrote down nothing")
    await asyncio.sleep(0.5)
    assert heard_hz(ann, 440.0), "the phone did not hear the box"
    assert heard_hz(ann, PHONE_HZ), "the phone did not hear its own voice come back"


async def test_its_lamp_tells_of_messages(box: Box, tmp_path: Path) -> None:
    for attempt in range(_LAMPS):
        async with phone(tmp_path / f"ann-{attempt}", box, mailbox=True) as ann:
            await ann.registered()
            await until(
                lambda ann=ann: "Voice-Message: 2/1" in ann.log() or _has_gone_wild(ann),  # type: ignore[misc]
                f"no message summary came:\n{ann.log()[-1500:]}",
            )
            if not _has_gone_wild(ann):
                return
    raise AssertionError("every phone went wild")


# Now and then baresip 1.0 subscribes a thousand times a second, without waiting for an answer, as soon as it
# has registered; then another one is taken.
_LAMPS = 6


def _has_gone_wild(phone: Baresip) -> bool:
    return phone.log().count("subscribing to messages") > _LAMPS


async def test_it_hands_a_caller_on(box: Box, ann: Baresip) -> None:
    await ann.dial(box.uri("102"))
    leg = await box.call()
    asked = _takes_transfers(leg)
    await leg.answer()
    await ann.event("CALL_ESTABLISHED")
    await ann.transfer(box.uri("105"))
    await until(lambda: bool(asked), "the transfer never arrived")
    assert asked == [TransferRequested("105", None)]
    leg.transfer_finished(Cause.NORMAL)
    await asyncio.wait_for(leg.ended(), 10)


async def test_it_asks_first_and_then_hands_on(box: Box, ann: Baresip) -> None:
    await ann.dial(box.uri("102"))
    first = await box.call()
    asked = _takes_transfers(first)
    await first.answer()
    await ann.event("CALL_ESTABLISHED")
    await ann.hold()
    await until(lambda: first.state is LegState.HELD, "the first call was not held")
    await ann.dial(box.uri("103"))
    second = await box.call()
    await second.answer()
    await ann.event("CALL_ESTABLISHED")
    dialog = second.calls[0].dialog
    assert dialog is not None
    # baresip 1.0 has no key for it, but its REFER takes any target: the second call as the phone knows it.
    replaces = f"{dialog.call_id};to-tag={dialog.local.tag};from-tag={dialog.remote.tag}"
    await ann.command("line", "1")
    await ann.transfer(f"<{box.uri('103')}?Replaces={quote(replaces, safe='')}>")
    await until(lambda: bool(asked), "the transfer never arrived")
    assert asked == [TransferRequested("103", second)]
    first.transfer_finished(Cause.NORMAL)
    await asyncio.wait_for(first.ended(), 10)
    await second.hang_up()


def _takes_transfers(leg: Leg) -> list[TransferRequested]:
    asked: list[TransferRequested] = []

    def take_on(event: LegEvent) -> None:
        if isinstance(event, TransferRequested):
            asked.append(event)
            leg.accept_transfer()

    leg.subscribe(take_on)
    return asked
