"""A signed bundle: one file that carries a version of the firmware to a box.

    zongji-0.2.0-1a2b3c4d5e6f-aarch64.bundle    a tar of three members, in this order:
        manifest.json     what it is, and the SHA-256 of the payload
        manifest.sig      Ed25519 over manifest.json (RFC 8032), 64 octets
        payload.tar.gz    tree/ (the version's files) and wheels/ (all Python packages it needs)

Nothing of the payload is unpacked before signature and hash are right, and then only regular files and
folders with plain names: a signature says who made it, not that the tool was without faults.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from firmware.core.errors import UserError

FORMAT = 1
MAX_MANIFEST = 64 * 1024
MAX_PAYLOAD = 1024 * 1024 * 1024
"""Bytes: ten times what a version with all its packages takes."""
MAX_FILES = 50_000
_BLOCK = 1024 * 1024
_SIGNATURE_BYTES = 64
_PATH = re.compile(r"\A(tree|wheels)(/[A-Za-z0-9._@+ \-\u4e00-\u9fff]+)*\Z")
_MEMBERS = ("manifest.json", "manifest.sig", "payload.tar.gz")


class BundleError(UserError):
    """The bundle can't be used; the text says why and what to do."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle is."""

    format: int = FORMAT
    id: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]+\.[0-9]+\.[0-9]+[a-z0-9.]*-[0-9a-f]{12}\Z")]
    """The version's number and the beginning of its content's SHA-256; the name of its folder."""
    machine: Annotated[str, msgspec.Meta(max_length=32)]
    """What its packages were built for, as `uname -m` says: "aarch64"."""
    python: Annotated[str, msgspec.Meta(pattern=r"\A3\.[0-9]+\Z")]
    schema: int
    """Newest schema of the records that it knows."""
    payload_bytes: Annotated[int, msgspec.Meta(ge=0, le=MAX_PAYLOAD)]
    payload_sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


_MANIFESTS = msgspec.json.Decoder(Manifest, strict=True)


def make(path: Path, manifest: Manifest, payload: Path, key: Ed25519PrivateKey) -> None:
    """Write a bundle.

    Args:
        path: The file to make.
        manifest: Its size and hash are filled in here.
        payload: The packed payload.
        key: Signs it.
    """
    digest, size = hashlib.sha256(), 0
    with payload.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    manifest = msgspec.structs.replace(manifest, payload_bytes=size, payload_sha256=digest.hexdigest())
    words = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in ((_MEMBERS[0], words), (_MEMBERS[1], key.sign(words))):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        info = tarfile.TarInfo(_MEMBERS[2])
        info.size = size
        with payload.open("rb") as file:
            tar.addfile(info, file)


def verify(path: Path, trusted: Iterable[Ed25519PublicKey]) -> Manifest:
    """Return what a bundle is, once signature and payload are proven right.

    Raises:
        BundleError: It isn't a bundle, is damaged, or nobody whom this box trusts has signed it.
    """
    keys = list(trusted)
    if not keys:
        raise BundleError(
            "This box trusts nobody's updates yet: put the maker's key into /etc/zongji/trusted."
        )
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            words = _member(tar, 0, MAX_MANIFEST).read()
            signature = _member(tar, 1, _SIGNATURE_BYTES).read()
            if not any(_signed(key, signature, words) for key in keys):
                raise BundleError("Nobody whom this box trusts has signed this bundle; it was not installed.")
            manifest = _MANIFESTS.decode(words)
            if manifest.format != FORMAT:
                raise BundleError("This bundle is of a newer kind; install a version in between first.")
            _check_payload(_member(tar, 2, MAX_PAYLOAD), manifest)
            return manifest
    except (tarfile.TarError, EOFError) as error:
        raise BundleError(f"This is no zongji bundle, or it is damaged ({error}); fetch it again.") from error
    except msgspec.MsgspecError as error:
        raise BundleError(f"The bundle's manifest can't be read: {error}.") from error
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error


def unpack(path: Path, folder: Path) -> None:
    """Unpack the payload of a verified bundle below `folder`; `tree` and `wheels` are in it then.

    Raises:
        BundleError: It holds something else than plain files, or doesn't fit on the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    try:
        with (
            tarfile.open(path, "r:") as outer,
            tarfile.open(fileobj=_member(outer, 2, MAX_PAYLOAD), mode="r|gz") as tar,
        ):
            for info in tar:
                count += 1
                plain = info.isfile() or info.isdir()
                if (
                    not plain
                    or not _PATH.match(info.name)
                    or ".." in info.name.split("/")
                    or count > MAX_FILES
                ):
                    raise BundleError(f"The bundle holds {info.name!r}, which has no place in one.")
                _put(tar, info, folder / info.name)
    except (tarfile.TarError, EOFError) as error:
        raise BundleError(f"The bundle is damaged ({error}); fetch it again.") from error
    except OSError as error:
        raise BundleError(f"The bundle can't be unpacked: {error.strerror}; is the card full?") from error


def read_public(path: Path) -> Ed25519PublicKey:
    """Read a public key (PEM).

    Raises:
        BundleError: It is none.
    """
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} holds no public key.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BundleError(f"{path} holds no Ed25519 key.")
    return key


def trusted_keys(folder: Path) -> list[Ed25519PublicKey]:
    """Return the keys in `folder`, each a file `NAME.pub`.

    Raises:
        BundleError: One of them is no key.
    """
    return [read_public(path) for path in sorted(folder.glob("*.pub"))]


def new_key(path: Path) -> None:
    """Make a signing key at `path`, readable by its owner only, and the public one at `path` + ".pub".

    Raises:
        UserError: There is a file already.
        OSError: It can't be made.
    """
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UserError(f"{path} exists already; boxes that trust that key need it.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(private)
    path.with_name(path.name + ".pub").write_bytes(public)


def read_private(path: Path) -> Ed25519PrivateKey:
    """Read a signing key (PEM).

    Raises:
        BundleError: It is none.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise BundleError(
            f"{path} holds no signing key; make one with: ./flash.sh bundle --new-key {path}"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BundleError(f"{path} holds no Ed25519 key.")
    return key


def _member(tar: tarfile.TarFile, place: int, limit: int) -> IO[bytes]:
    """Return the member that belongs at `place`."""
    members = tar.getmembers()
    info = members[place] if len(members) == len(_MEMBERS) else None
    if info is None or info.name != _MEMBERS[place] or not info.isfile() or info.size > limit:
        raise BundleError("This is no zongji bundle, or it is damaged; fetch it again.")
    file = tar.extractfile(info)
    if file is None:
        raise BundleError("This is no zongji bundle, or it is damaged; fetch it again.")
    return file


def _signed(key: Ed25519PublicKey, signature: bytes, words: bytes) -> bool:
    try:
        key.verify(signature, words)
    except InvalidSignature:
        return False
    return True


def _check_payload(file: IO[bytes], manifest: Manifest) -> None:
    digest, size = hashlib.sha256(), 0
    while block := file.read(_BLOCK):
        digest.update(block)
        size += len(block)
    if size != manifest.payload_bytes or digest.hexdigest() != manifest.payload_sha256:
        raise BundleError("The bundle was damaged on its way; fetch it again.")


def _put(tar: tarfile.TarFile, info: tarfile.TarInfo, path: Path) -> None:
    if info.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(info)
    if source is None:
        raise BundleError(f"The bundle's {info.name!r} is empty of content.")
    with path.open("xb") as file:
        while block := source.read(_BLOCK):
            file.write(block)
    path.chmod(0o755 if info.mode & 0o100 else 0o644)
