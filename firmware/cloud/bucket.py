"""A folder of an S3-compatible storage: put, get, list, remove; requests signed (AWS signature version 4)."""

from __future__ import annotations

import datetime
import importlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from firmware.cloud.transport import NotAllowed, Unreachable

_CHUNK_BYTES = 8 * 1024 * 1024
"""Parts of a large file; also what is in memory of it at once, twice."""

_AT_ONCE = 2
_REQUEST_S = 120
"""A part over an ADSL line's 1 Mbit/s upstream takes 67 s."""

_RETRY_S = 60


class BucketConfig(msgspec.Struct, frozen=True):
    endpoint: str
    region: str
    bucket: str
    access_key: str
    access_secret: str
    path_style: bool = False
    """Whether the bucket is in the path instead of the host's name."""
    prefix: str = ""

    def __repr__(self) -> str:
        return f"BucketConfig({self.endpoint!r}, {self.bucket!r}, access_secret=***)"


class Bucket:
    """The files below a prefix of a bucket."""

    def __init__(self, config: BucketConfig) -> None:
        self._config = config
        self._store: Any = None

    async def put(self, name: str, file: Path) -> None:
        """Store a file; durable at the far end on return.

        Raises:
            Unreachable, NotAllowed: See there.
            OSError: The file can't be read.
        """
        obstore = self._library("obstore")
        size = file.stat().st_size
        try:
            await obstore.put_async(
                self._opened(),
                name,
                file,
                use_multipart=size > _CHUNK_BYTES,
                chunk_size=_CHUNK_BYTES,
                max_concurrency=_AT_ONCE,
            )
            stored = (await obstore.head_async(self._opened(), name))["size"]
        except Exception as error:
            raise self._told(error) from None
        if stored != size:
            raise Unreachable(f"{name}: {stored} of {size} bytes arrived")

    async def get(self, name: str, target: Path) -> None:
        """Fetch a file.

        Raises:
            Unreachable, NotAllowed: See there.
            OSError: `target` can't be written.
        """
        try:
            answer = await self._library("obstore").get_async(self._opened(), name)
        except Exception as error:
            raise self._told(error) from None
        try:
            with target.open("wb") as file:
                async for chunk in answer.stream(min_chunk_size=1024 * 1024):
                    file.write(chunk)
        except OSError:
            raise
        except Exception as error:
            raise self._told(error) from None

    async def names(self) -> list[str]:
        """Return the names of all files, in order.

        Raises:
            Unreachable, NotAllowed: See there.
        """
        found: list[str] = []
        try:
            async for page in self._library("obstore").list(self._opened()):
                found += [entry["path"] for entry in page]
        except Exception as error:
            raise self._told(error) from None
        return sorted(found)

    async def remove(self, name: str) -> None:
        """Remove a file; one that isn't there is no fault.

        Raises:
            Unreachable, NotAllowed: See there.
        """
        try:
            await self._library("obstore").delete_async(self._opened(), name)
        except FileNotFoundError:
            return
        except Exception as error:
            raise self._told(error) from None

    def _opened(self) -> Any:
        if self._store is None:
            config = self._config
            endpoint = config.endpoint.rstrip("/")
            if not config.path_style:
                parts = urlsplit(endpoint)
                endpoint = f"{parts.scheme}://{config.bucket}.{parts.netloc}"
            self._store = self._library("obstore.store").S3Store(
                config.bucket,
                prefix=config.prefix or None,
                endpoint=endpoint,
                region=config.region,
                access_key_id=config.access_key,
                secret_access_key=config.access_secret,
                virtual_hosted_style_request=not config.path_style,
                client_options={
                    "allow_http": endpoint.startswith("http://"),
                    "timeout": datetime.timedelta(seconds=_REQUEST_S),
                },
                retry_config={
                    "max_retries": 3,
                    "retry_timeout": datetime.timedelta(seconds=_RETRY_S),
                    "backoff": {
                        "base": 2,
                        "init_backoff": datetime.timedelta(seconds=1),
                        "max_backoff": datetime.timedelta(seconds=10),
                    },
                },
            )
        return self._store

    @staticmethod
    def _library(name: str) -> Any:
        # Loaded when first used: most boxes have no such storage, and it is some megabytes of memory.
        return importlib.import_module(name)

    def _told(self, error: Exception) -> Exception:
        kind = type(error).__name__
        words = str(error).split("\n", 1)[0][:300].replace(self._config.access_secret, "***")
        if kind in ("PermissionDeniedError", "UnauthenticatedError") or "403" in words:
            return NotAllowed(f"the storage doesn't let us in: {words}")
        if isinstance(error, FileNotFoundError) or kind == "NotFoundError":
            return NotAllowed(f"the storage has no bucket {self._config.bucket}, or no such file: {words}")
        return Unreachable(f"the storage: {words}")
