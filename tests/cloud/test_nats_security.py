"""A real nats-server that asks for TLS and for a user's credentials."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import json
import shutil
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats
import nkeys
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.cloud.build import CloudConfig, cloud_sync
from firmware.cloud.fleet.consumer import create_stream
from firmware.cloud.jetstream import JetStreamTransport
from firmware.cloud.transport import NotAllowed, Unreachable
from firmware.cloud.wire import Record
from firmware.core.errors import UserError
from firmware.store.records import SqliteJourneyStore
from tests.cloud import servers
from tests.reports.office import random_office
from tests.store.sample import BenchClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SITE, KEY = "shop-1", "the secret of shop 1"


def record(seq: int) -> Record:
    return Record(SITE, "epoch", seq, random_office(seq, 1)[0])


def authority(folder: Path) -> str:
    """Make a certificate authority and the server's certificate in `folder`; the authority's in PEM."""
    now = datetime.datetime.now(datetime.UTC)

    def certificate(name: str, key: Any, issuer: str, signer: Any, *, is_ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        )
        if not is_ca:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(signer, hashes.SHA256())

    ours, theirs = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("fleet authority", ours, "fleet authority", ours, is_ca=True)
    server = certificate("fleet", theirs, "fleet authority", ours, is_ca=False)
    (folder / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    private = theirs.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.key").write_bytes(private)
    return root.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server with TLS; its address and its authority."""
    pem = authority(tmp_path)
    server, address, folder = servers.nats(
        *("--tls", "--tlscert", str(tmp_path / "server.pem"), "--tlskey", str(tmp_path / "server.key"))
    )
    server.start()
    yield address.replace("nats://", "tls://"), pem
    server.kill()
    shutil.rmtree(folder)


async def test_records_go_through_tls_to_a_server_of_a_private_authority(secured: tuple[str, str]) -> None:
    address, pem = secured
    trust = ssl.create_default_context(cadata=pem)
    client = await nats.connect(address, tls=trust)
    await create_stream(client)
    transport = JetStreamTransport(address, SITE, KEY, "", trust)
    assert (await transport.send([record(1), record(2)])).stored == 2
    await transport.close()
    info = await client.jetstream().stream_info("ZONGJI")
    assert info.state.messages == 2
    await client.close()


async def test_a_server_nobody_vouches_for_gets_nothing(secured: tuple[str, str]) -> None:
    transport = JetStreamTransport(secured[0], SITE, KEY, "", ssl.create_default_context())
    with pytest.raises(Unreachable, match=r"(?i)certificate"):
        await transport.send([record(1)])
    await transport.close()


def test_the_settings_carry_the_authority(secured: tuple[str, str], tmp_path: Path) -> None:
    store = SqliteJourneyStore(tmp_path / "records.sqlite", BenchClock())
    config = CloudConfig("nats", secured[0], SITE, KEY, authority=secured[1])
    assert cloud_sync(config, store, lambda _: None) is not None
    with pytest.raises(UserError, match=r"cloud\.authority"):
        cloud_sync(CloudConfig("nats", secured[0], SITE, KEY, authority="no PEM"), store, lambda _: None)


def nkey(prefix: int, which: str = "") -> nkeys.KeyPair:
    """Make a key pair of a kind (NATS's nkeys, see ADR-14)."""
    return nkeys.from_seed(nkeys.encode_seed(hashlib.sha256(f"{prefix}{which}".encode()).digest(), prefix))


def token(signer: nkeys.KeyPair, subject: nkeys.KeyPair, name: str, claims: dict[str, Any]) -> str:
    """Return a JWT as NATS has them: Ed25519 over header and claims, the id a hash of the claims."""

    def packed(value: object) -> str:
        text = json.dumps(value, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    body = {
        "iat": int(time.time()),
        "iss": signer.public_key.decode(),
        "name": name,
        "sub": subject.public_key.decode(),
        "nats": {**claims, "version": 2},
    }
    digest = hashlib.new("sha512_256", json.dumps(body, separators=(",", ":")).encode()).digest()
    body["jti"] = base64.b32encode(digest).rstrip(b"=").decode()
    signed = packed({"typ": "JWT", "alg": "ed25519-nkey"}) + "." + packed(body)
    return signed + "." + base64.urlsafe_b64encode(signer.sign(signed.encode())).rstrip(b"=").decode()


NO_LIMIT = {"subs": -1, "data": -1, "payload": -1}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server that lets in who has credentials; its address and a site's credentials file's content."""
    operator, account = nkey(nkeys.PREFIX_BYTE_OPERATOR), nkey(nkeys.PREFIX_BYTE_ACCOUNT)
    user = nkey(nkeys.PREFIX_BYTE_USER)
    system = nkey(nkeys.PREFIX_BYTE_ACCOUNT, "system")
    allowed = {**NO_LIMIT, "imports": -1, "exports": -1, "wildcards": True, "conn": -1, "leaf": -1}
    jetstream = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
    of_operator = token(operator, operator, "fleet", {"type": "operator"})

    def of(key: nkeys.KeyPair, name: str, limits: dict[str, Any]) -> str:
        claims = {"type": "account", "limits": limits, "default_permissions": {"pub": {}, "sub": {}}}
        return f"{key.public_key.decode()}: {token(operator, key, name, claims)}"

    of_user = token(account, user, SITE, {"type": "user", "pub": {}, "sub": {}, **NO_LIMIT})
    configuration = tmp_path / "nats.conf"
    configuration.write_text(
        f"operator: {of_operator}\nsystem_account: {system.public_key.decode()}\nresolver: MEMORY\n"
        f"resolver_preload: {{\n{of(account, 'shops', allowed | jetstream)}\n"
        f"{of(system, 'SYS', allowed)}\n}}\n"
    )
    server, address, folder = servers.nats("-c", str(configuration))
    server.start()
    credentials = (
        f"-----BEGIN NATS USER JWT-----\n{of_user}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
    )
    yield address, credentials
    server.kill()
    shutil.rmtree(folder)


async def test_a_site_with_credentials_is_let_in(guarded: tuple[str, str], tmp_path: Path) -> None:
    address, credentials = guarded
    (tmp_path / "site.creds").write_text(credentials)
    client = await nats.connect(address, user_credentials=str(tmp_path / "site.creds"))
    await create_stream(client)
    await client.close()
    transport = JetStreamTransport(address, SITE, KEY, credentials)
    assert (await transport.send([record(1)])).stored == 1
    await transport.close()


async def test_a_site_without_them_is_not_and_somebody_is_told(guarded: tuple[str, str]) -> None:
    transport = JetStreamTransport(guarded[0], SITE, KEY)
    with pytest.raises(NotAllowed):
        await transport.send([record(1)])
    await transport.close()
