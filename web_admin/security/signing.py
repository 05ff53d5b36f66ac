"""The key of the pages' HTTPS, the request to have it signed, and what a certificate says.

Apart from `https`, and imported only when a certificate is made: the library takes eight megabytes, and that
happens once in years.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from web_admin.files import replace_file


def signing_request(key_file: Path) -> str:
    """Return a signing request (PKCS #10, PEM) for the key in a file, which is made when missing.

    Raises:
        ValueError: The file holds no key of ours.
        OSError: The card refuses.
    """
    if not key_file.exists():
        fresh = ec.generate_private_key(ec.SECP256R1())
        pem = fresh.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        replace_file(key_file, pem)
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{key_file} is no key of ours")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zongji")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def said_by(certificate: str) -> tuple[int, list[str]]:
    """Return when a certificate (PEM) ends, ms since 1970 UTC, and the names it is for."""
    found = x509.load_pem_x509_certificate(certificate.encode())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return int(found.not_valid_after_utc.timestamp() * 1000), [str(name.value) for name in names]
