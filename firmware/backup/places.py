"""Where backups go: a folder of a USB stick, S3-compatible storage, or any server that takes PUT."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from firmware.cloud.bucket import Bucket
from firmware.cloud.transport import NotAllowed, Unreachable
from firmware.core.errors import DeviceError
from firmware.core.late import LateModule
from firmware.store.atomic import fsync_folder
from firmware.store.stick import is_another_disk

if TYPE_CHECKING:
    import httpx
else:
    httpx = LateModule("httpx")

_TIMEOUT_S = 120.0
_BLOCK = 1024 * 1024
_UNAUTHORISED = (401, 403)


class Place(Protocol):
    """A place for backups. Every method may raise Unreachable, NotAllowed or DeviceError."""

    async def put(self, name: str, file: Path) -> None:
        """Store a file; durable on return."""

    async def get(self, name: str, target: Path) -> None:
        """Fetch it back."""

    async def names(self) -> list[str] | None:
        """Return what is stored there; None where the place can't tell."""

    async def remove(self, name: str) -> None:
        """Remove a file."""


class FolderPlace:
    """A folder on another disk than the box's own.

    Args:
        folder: Where the stick is mounted, or a folder on it.
        is_there: Tests hand in their own.
    """

    def __init__(self, folder: Path, is_there: Callable[[Path], bool] | None = None) -> None:
        self._folder = folder
        self._is_there = is_there or is_another_disk

    async def put(self, name: str, file: Path) -> None:
        """Store a file; durable on return.

        Raises:
            DeviceError: No stick is in, or it is full.
        """
        if not self._is_there(self._folder):
            raise DeviceError(f"no stick is in: {self._folder} is not there, or lies on the box's own card")
        part = self._folder / f"{name}.part"
        try:
            shutil.copyfile(file, part)
            with part.open("rb+") as copy:
                os.fsync(copy.fileno())
            part.replace(self._folder / name)
            fsync_folder(self._folder)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise DeviceError(f"the stick can't be written: {error}") from error

    async def get(self, name: str, target: Path) -> None:
        """Fetch it back.

        Raises:
            DeviceError: It is gone.
        """
        try:
            shutil.copyfile(self._folder / name, target)
        except OSError as error:
            raise DeviceError(f"{name} can't be read back: {error}") from error

    async def names(self) -> list[str] | None:
        """Return what is there."""
        return sorted(file.name for file in self._folder.iterdir() if file.is_file())

    async def remove(self, name: str) -> None:
        """Remove a file."""
        (self._folder / name).unlink(missing_ok=True)


class BucketPlace:
    """S3-compatible storage."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def put(self, name: str, file: Path) -> None:
        """Store a file."""
        await self._bucket.put(name, file)

    async def get(self, name: str, target: Path) -> None:
        """Fetch it back."""
        await self._bucket.get(name, target)

    async def names(self) -> list[str] | None:
        """Return what is there."""
        return await self._bucket.names()

    async def remove(self, name: str) -> None:
        """Remove a file."""
        await self._bucket.remove(name)


class PutPlace:
    """A server that takes PUT and gives the same back (WebDAV, a web server with an upload folder).

    Args:
        url: What a file's name is put behind.
        token: Bearer token; empty for none.
        client: Tests hand in their own.
    """

    def __init__(self, url: str, token: str = "", client: httpx.AsyncClient | None = None) -> None:
        self._url = url.rstrip("/") + "/"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = client or httpx.AsyncClient(timeout=_TIMEOUT_S)

    async def put(self, name: str, file: Path) -> None:
        """Store a file.

        Raises:
            Unreachable, NotAllowed: See there.
        """
        size = {"Content-Length": str(file.stat().st_size)}

        async def blocks() -> AsyncIterator[bytes]:
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK):
                    yield block

        try:
            content = blocks()
            answer = await self._client.put(self._url + name, content=content, headers=self._headers | size)
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from None
        _check(answer)

    async def get(self, name: str, target: Path) -> None:
        """Fetch it back.

        Raises:
            Unreachable, NotAllowed: See there.
        """
        try:
            async with self._client.stream("GET", self._url + name, headers=self._headers) as answer:
                _check(answer)
                with target.open("wb") as file:
                    async for block in answer.aiter_bytes():
                        file.write(block)
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from None

    async def names(self) -> list[str] | None:
        """Return None: HTTP knows no list."""
        return None

    async def remove(self, name: str) -> None:
        """Remove a file."""
        try:
            await self._client.delete(self._url + name, headers=self._headers)
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from None


def _check(answer: httpx.Response) -> None:
    if answer.status_code in _UNAUTHORISED:
        raise NotAllowed(f"HTTP {answer.status_code}: is the token right?")
    if not answer.is_success:
        raise Unreachable(f"HTTP {answer.status_code}")
