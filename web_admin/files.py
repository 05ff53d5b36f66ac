"""Small files of the web process, replaced whole: a power cut leaves the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path

_MODE = 0o600


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path`, durable on return, for its owner's eyes only.

    Raises:
        OSError: The card refuses; the old content is still there.
    """
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
