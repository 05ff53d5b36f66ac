"""The box's certificates, and phones that register and call over TLS and IPv6 with them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
from pathlib import Path

import pytest

from extensions.accounts import Account, Accounts
from extensions.certificates import Certificates
from extensions.phones import Phones
from extensions.sip.acl import LAN, Acl
from extensions.sip.sources import Budget, Sources
from extensions.softphone import SoftPhone
from tests.interop.two_legs import TwoLegs
from tests.media.fake_media import FakeMedia

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
ACCOUNTS = [Account("101", "Ann", "key-of-101"), Account("102", "Bob", "key-of-102")]


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def test_certificates_are_made_once_and_renewed_in_time(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "tls")
    certificates.ensure(["127.0.0.1", "zongji.local"], NOW)
    files = {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    certificates.ensure(["127.0.0.1"], NOW + datetime.timedelta(days=700))
    assert {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()} == files
    certificates.ensure(["127.0.0.1"], NOW + datetime.timedelta(days=800))
    fresh = {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    assert fresh["ca.pem"] == files["ca.pem"]
    assert fresh["box.pem"] != files["box.pem"]
    certificates.ensure(["192.168.1.2"], NOW + datetime.timedelta(days=800))
    assert (tmp_path / "tls" / "box.pem").read_bytes() != fresh["box.pem"]
    assert len(certificates.fingerprint()) == 95


def test_keys_are_readable_by_the_box_only(tmp_path: Path) -> None:
    Certificates(tmp_path / "tls").ensure(["127.0.0.1"], NOW)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "tls").iterdir()}
    assert (modes["ca.key"], modes["box.key"]) == (0o600, 0o600)


async def call_over(phones: Phones, one: SoftPhone, two: SoftPhone) -> None:
    switch = TwoLegs(phones)
    await one.start()
    await two.start()
    await one.register()
    await two.register()
    await asyncio.wait_for(one.dial("102"), 10)
    assert switch.connected == 1
    await one.stop()
    await two.stop()
    await switch.close()


async def test_two_phones_talk_over_tls(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.ensure(["127.0.0.1"], now())
    phones = Phones(
        Accounts(ACCOUNTS), FakeMedia(), "127.0.0.1", 0, tls=certificates.server_context(), tls_port=0
    )
    await phones.start()
    trust = certificates.client_context()
    one, two = (
        SoftPhone(
            "127.0.0.1", phones.tls_port, account.extension, account.secret, transport="tls",
            answer_after=0.0, trust=trust,
        )
        for account in ACCOUNTS
    )  # fmt: skip
    await call_over(phones, one, two)
    assert phones.counters["bugs"] == 0
    await phones.stop()


async def test_a_phone_that_trusts_somebody_else_is_not_fooled(tmp_path: Path) -> None:
    ours, theirs = Certificates(tmp_path / "ours"), Certificates(tmp_path / "theirs")
    for certificates in (ours, theirs):
        certificates.ensure(["127.0.0.1"], now())
    phones = Phones(Accounts(ACCOUNTS), FakeMedia(), "127.0.0.1", 0, tls=ours.server_context(), tls_port=0)
    await phones.start()
    phone = SoftPhone(
        "127.0.0.1", phones.tls_port, "101", "key-of-101", transport="tls", trust=theirs.client_context()
    )
    with pytest.raises(ssl.SSLCertVerificationError):
        await phone.start()
    await phone.stop()
    await phones.stop()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_phones_of_both_internets_talk(transport: str) -> None:
    phones = Phones(Accounts(ACCOUNTS), FakeMedia(), "::", 0)
    await phones.start()
    one = SoftPhone("::1", phones.port, "101", "key-of-101", "::1", transport)
    two = SoftPhone("127.0.0.1", phones.port, "102", "key-of-102", "127.0.0.1", transport, answer_after=0.0)
    await call_over(phones, one, two)
    assert phones.counters["bugs"] == 0
    await phones.stop()


def test_outsiders_are_not_of_the_lan() -> None:
    acl = Acl()
    assert all(
        acl.allows(host) for host in ("192.168.1.5", "10.0.0.1", "fe80::1%eth0", "fd00::1", "127.0.0.1")
    )
    assert not any(acl.allows(host) for host in ("8.8.8.8", "2001:db8::1", "rubbish", "172.32.0.1"))
    assert "192.168.0.0/16" in LAN
    with pytest.raises(ValueError, match="nonsense"):
        Acl(["nonsense"])


async def test_an_outsider_is_not_heard() -> None:
    phones = Phones(Accounts(ACCOUNTS), FakeMedia(), "127.0.0.1", 0, acl=Acl(["192.168.0.0/16"]))
    await phones.start()
    with pytest.raises(TimeoutError):
        phone = SoftPhone("127.0.0.1", phones.port, "101", "key-of-101")
        await phone.start()
        await asyncio.wait_for(phone.register(), 0.5)
    await phone.stop()
    heard = phones.counters["outsiders"]
    with contextlib.suppress(ConnectionError):
        reader, writer = await asyncio.open_connection("127.0.0.1", phones.port)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    assert phones.counters["outsiders"] == heard + 1 > 1
    await phones.stop()


class Handshaker:
    """A host that connects over TLS again and again, from one of the addresses of this machine."""

    def __init__(self, port: int, trust: ssl.SSLContext, host: str) -> None:
        self._port = port
        self._trust = trust
        self._host = host

    async def succeeds(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(
                "127.0.0.1",
                self._port,
                ssl=self._trust,
                server_hostname="127.0.0.1",
                local_addr=(self._host, 0),
            )
        except OSError:
            return False
        writer.close()
        return True


async def test_one_host_may_shake_hands_so_often_and_takes_nothing_from_others(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.ensure(["127.0.0.1"], now())
    seldom = Budget(per_s=100, burst=100, transactions=10, handshakes_per_s=1 / 3600, handshakes_at_once=3)
    phones = Phones(
        Accounts(ACCOUNTS), FakeMedia(), "127.0.0.1", 0, sources=Sources(seldom),
        tls=certificates.server_context(), tls_port=0,
    )  # fmt: skip
    await phones.start()
    trust = certificates.client_context()
    greedy, other = (Handshaker(phones.tls_port, trust, host) for host in ("127.0.0.2", "127.0.0.1"))
    assert [await greedy.succeeds() for _ in range(6)] == [True, True, True, False, False, False]
    assert phones.counters["flooded"] == 3
    phone = SoftPhone("127.0.0.1", phones.tls_port, "101", "key-of-101", transport="tls", trust=trust)
    await phone.start()
    await phone.register()
    # Once somebody there has proved who he is, the host may do what an office's phones do together.
    assert [await other.succeeds() for _ in range(6)] == [True] * 6
    await phone.stop()
    await phones.stop()


async def test_an_outsider_shakes_no_hands(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.ensure(["127.0.0.1"], now())
    hands: list[object] = []
    context = certificates.server_context()
    # Told of each handshake as soon as the peer's first message was read.
    context.sni_callback = lambda *told: hands.append(told)
    phones = Phones(
        Accounts(ACCOUNTS), FakeMedia(), "127.0.0.1", 0, tls=context, tls_port=0, acl=Acl(["127.0.0.1/32"])
    )
    await phones.start()
    trust = certificates.client_context()
    assert not await Handshaker(phones.tls_port, trust, "127.0.0.2").succeeds()
    assert (len(hands), phones.counters["outsiders"]) == (0, 1)
    assert await Handshaker(phones.tls_port, trust, "127.0.0.1").succeeds()
    assert len(hands) == 1
    await phones.stop()


@pytest.mark.slow
async def test_who_does_not_finish_the_handshake_is_cut_off(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.ensure(["127.0.0.1"], datetime.datetime.now(datetime.UTC))
    phones = Phones(
        Accounts(ACCOUNTS), FakeMedia(), "127.0.0.1", 0, tls=certificates.server_context(), tls_port=0
    )
    await phones.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", phones.tls_port)
    writer.write(b"\x16\x03\x01")
    assert await asyncio.wait_for(reader.read(), 8) == b""
    writer.close()
    await phones.stop()
