"""Encryption to the owner's key, in the age format (age-encryption.org/v1).

The box holds the public key and can only write; whoever holds the private key reads, with this or with the
`age` command on any computer: `age -d -i owner.key FILE.age`. A box that shall play its own recordings, or
make sure of its own backups, may keep the private key beside its settings.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyrage

from firmware.core.errors import DeviceError, UserError

SUFFIX = ".age"
_OWNER_ONLY = 0o600


def new_key() -> tuple[str, str]:
    """Return a new private key ("AGE-SECRET-KEY-1…") and its public key ("age1…")."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def public_of(private: str) -> str:
    """Return the public key of a private one.

    Raises:
        UserError: It isn't one.
    """
    return str(_identity(private).to_public())


def encrypt(source: Path, target: Path, keys: Sequence[str]) -> None:
    """Write `target` so that each of the public keys' owners can read it; durable on return.

    Raises:
        UserError: A key isn't one.
        DeviceError: A file can't be read or written.
    """
    try:
        recipients = [pyrage.x25519.Recipient.from_str(key) for key in keys]
    except pyrage.RecipientError as error:
        raise UserError(f"Setting storage.owner_key: that is no age key: {error}.") from None
    part = target.with_name(target.name + ".part")
    try:
        pyrage.encrypt_file(str(source), str(part), recipients)
        _sync(part)
        part.replace(target)
    except (OSError, pyrage.EncryptError) as error:
        part.unlink(missing_ok=True)
        raise DeviceError(f"{source.name} can't be encrypted: {error}") from error


def decrypt(source: Path, target: Path, private: str) -> None:
    """Write what `source` holds.

    Raises:
        UserError: It was encrypted to another key, or was altered.
        DeviceError: A file can't be read or written.
    """
    identity = _identity(private)
    try:
        pyrage.decrypt_file(str(source), str(target), [identity])
    except pyrage.DecryptError as error:
        target.unlink(missing_ok=True)
        raise UserError(f"{source.name} can't be read with that key: {error}.") from None
    except OSError as error:
        target.unlink(missing_ok=True)
        raise DeviceError(f"{source.name} can't be decrypted: {error}") from error


def read_private(path: Path) -> str:
    """Return the private key in a file, as `age-keygen` and `zongji owner-key` write them.

    Raises:
        UserError: There is none.
    """
    try:
        lines = path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        lines = []
    for line in lines:
        if line.startswith("AGE-SECRET-KEY-1"):
            return line
    raise UserError(f"There is no private key in {path}; it is a line that begins with AGE-SECRET-KEY-1.")


def write_private(path: Path, private: str) -> None:
    """Keep a private key, for its owner's eyes only.

    Raises:
        OSError: The file can't be made, or there is one already.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(private + "\n")
        file.flush()
        os.fsync(file.fileno())


def _identity(private: str) -> pyrage.x25519.Identity:
    try:
        return pyrage.x25519.Identity.from_str(private.strip())
    except pyrage.IdentityError:
        raise UserError("That is no private key; one begins with AGE-SECRET-KEY-1.") from None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
