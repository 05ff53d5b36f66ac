"""The box's own certificate authority and the certificate phones see over TLS; made at first boot.

    ca.pem    given to phones: by provisioning, or downloaded once by hand
    ca.key    never leaves the box
    box.pem, box.key    what the TLS socket shows; made anew when the addresses change or it nears its end

An authority of our own, not a public one: a box on a LAN has no name that a public authority would certify.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# A desk phone keeps its authority as long as it lives; nobody renews by hand what lasts ten years.
_CA_YEARS = 20
# Short enough that a lost key is soon worthless; renewed by itself.
_BOX_DAYS = 825
_RENEW_BEFORE = datetime.timedelta(days=30)
# A Pi has no clock battery: before the time is set it must not make certificates from the future.
_BACKDATED = datetime.timedelta(days=2)
_CURVE = ec.SECP256R1()


class Certificates:
    """The files of one folder.

    Args:
        folder: Made when missing, readable by this user only.
    """

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "ca.pem"
        """What a phone must trust; no secret."""
        self._folder = folder
        self._authority_key = folder / "ca.key"
        self._box = folder / "box.pem"
        self._box_key = folder / "box.key"

    def ensure(self, hosts: Iterable[str], now: datetime.datetime) -> None:
        """Have an authority and a certificate for these names and addresses, made or renewed where needed.

        Args:
            hosts: What phones reach the box by.
            now: The time, with its zone.

        Raises:
            OSError: The folder can't be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self.authority.exists() and self._authority_key.exists()):
            self._make_authority(now)
        if not self._is_good(set(hosts), now):
            self._make_box(sorted(set(hosts)), now)

    def server_context(self) -> ssl.SSLContext:
        """Return what the TLS socket is opened with.

        Raises:
            OSError: There are no certificates; call `ensure` first.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._box, self._box_key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return what trusts this box and nobody else: for the test phone."""
        return ssl.create_default_context(cafile=str(self.authority))

    def sign(self, request: bytes, hosts: Iterable[str], now: datetime.datetime) -> bytes:
        """Return a server certificate for another process of this box, which keeps its own key.

        Args:
            request: Its signing request (PKCS #10, PEM); only the public key in it is taken over.
            hosts: What browsers reach it by.
            now: The time, with its zone.

        Raises:
            ValueError: The request can't be read, or isn't signed with its own key.
            OSError: There is no authority yet; call `ensure` first.
        """
        asked = x509.load_pem_x509_csr(request)
        key = asked.public_key()
        if not asked.is_signature_valid or not isinstance(key, ec.EllipticCurvePublicKey):
            raise ValueError("the request isn't signed with its own key")
        authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
        signed = _server(authority.subject, key, sorted(set(hosts)), now).sign(
            self._signer(), hashes.SHA256()
        )
        return signed.public_bytes(serialization.Encoding.PEM)

    def fingerprint(self) -> str:
        """Return the authority's SHA-256 fingerprint, to compare by eye: "AB:CD:…"."""
        digest = x509.load_pem_x509_certificate(self.authority.read_bytes()).fingerprint(hashes.SHA256())
        return digest.hex(":").upper()

    def _is_good(self, hosts: set[str], now: datetime.datetime) -> bool:
        if not (self._box.exists() and self._box_key.exists()):
            return False
        certificate = x509.load_pem_x509_certificate(self._box.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = {str(name.value) for name in names}
        authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
        ours = certificate.issuer == authority.subject
        return ours and hosts <= known and certificate.not_valid_after_utc - now > _RENEW_BEFORE

    def _make_authority(self, now: datetime.datetime) -> None:
        key = ec.generate_private_key(_CURVE)
        name = _name(f"zongji {os.urandom(4).hex()}")
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        certificate = (
            _builder(name, name, key.public_key(), now, datetime.timedelta(days=365 * _CA_YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(self._authority_key, _pem(key), 0o600)
        _write(self.authority, certificate.public_bytes(serialization.Encoding.PEM), 0o644)

    def _make_box(self, hosts: list[str], now: datetime.datetime) -> None:
        authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
        key = ec.generate_private_key(_CURVE)
        certificate = _server(authority.subject, key.public_key(), hosts, now).sign(
            self._signer(), hashes.SHA256()
        )
        _write(self._box_key, _pem(key), 0o600)
        _write(self._box, certificate.public_bytes(serialization.Encoding.PEM), 0o644)

    def _signer(self) -> ec.EllipticCurvePrivateKey:
        signer = serialization.load_pem_private_key(self._authority_key.read_bytes(), None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise OSError(f"{self._authority_key} is not the key of this box's authority")
        return signer


def _server(
    issuer: x509.Name, key: ec.EllipticCurvePublicKey, hosts: list[str], now: datetime.datetime
) -> x509.CertificateBuilder:
    """Return a server's certificate, not signed yet."""
    return (
        _builder(_name("zongji"), issuer, key, now, datetime.timedelta(days=_BOX_DAYS))
        .add_extension(x509.SubjectAlternativeName([_san(host) for host in hosts]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
    life: datetime.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _san(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a file so that a power cut leaves the old one or the new one."""
    fresh = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
