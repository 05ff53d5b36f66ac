"""The acceptance test's sheet: a page for the customer, signed by the box.

What is signed is the JSON that stands in the page itself (`<script type="application/json">`), byte for byte,
with Ed25519; page and signature travel together, so anyone with the box's public key can tell whether a
figure was changed. `verify` reads a sheet back.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path
from typing import Final

import jinja2
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from firmware.core.errors import DeviceError, UserError
from firmware.self_care.acceptance import BY_NAME, Status

_DATA: Final = re.compile(
    r'<script type="application/json" id="signed">(.*?)</script>.*?'
    r'<code id="signature">([A-Za-z0-9+/=]+)</code>.*?<code id="key">([A-Za-z0-9+/=]+)</code>',
    re.DOTALL,
)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    status: Status
    figure: str
    limit: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is signed."""

    office: str
    installer: str
    customer: str
    line: str
    version: str
    made_at: str
    """Local time with its zone, ISO 8601."""
    passed: bool
    lines: tuple[Line, ...]


def box_key(path: Path) -> Ed25519PrivateKey:
    """Return the box's own key; the first time makes it, readable by its owner only.

    Raises:
        DeviceError: It can't be read or made.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            words = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(words)
                file.flush()
                os.fsync(file.fileno())
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise DeviceError(f"the box's key {path} can't be used: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise DeviceError(f"{path} holds no Ed25519 key")
    return key


def render(sheet: Sheet, key: Ed25519PrivateKey, language: str) -> str:
    """Return the signed page.

    Args:
        sheet: What was measured.
        key: The box's.
        language: "zh" or "en".
    """
    # `</script>` can't stand in a script; JSON may write "<" as an escape.
    data = msgspec.json.encode(sheet).decode().replace("<", "\\u003c")
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return _template().render(
        sheet=sheet,
        titles={name: step.title[0 if language == "zh" else 1] for name, step in BY_NAME.items()},
        data=data,
        signature=base64.b64encode(key.sign(data.encode())).decode(),
        public=base64.b64encode(public).decode(),
        fingerprint=fingerprint(key.public_key()),
        zh=language == "zh",
    )


def verify(page: str) -> tuple[Sheet, str]:
    """Return what a sheet says, and the fingerprint of the box that signed it.

    Raises:
        UserError: It isn't a sheet, or it was changed after it was signed.
    """
    found = _DATA.search(page)
    if found is None:
        raise UserError("This is no acceptance sheet of zongji.")
    data, signature, public = found.groups()
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), data.encode())
        return msgspec.json.decode(data, type=Sheet), fingerprint(key)
    except (InvalidSignature, ValueError, msgspec.MsgspecError) as error:
        raise UserError("This sheet was changed after the box signed it.") from error


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return what a person compares: eight groups of the key's SHA-256."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    words = hashlib.sha256(raw).hexdigest()[:32]
    return " ".join(words[at : at + 4] for at in range(0, 32, 4))


def _template() -> jinja2.Template:
    folder = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("sheet.html")
