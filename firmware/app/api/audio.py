"""Opening audio for whoever listens, decrypted where the box holds the owner's private key."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from firmware.core.errors import UserError
from firmware.store import owner_key


def opened(folder: Path, path: str, private_key: Path) -> int:
    """Open a recording for reading and return its descriptor; whoever takes it closes it.

    Args:
        folder: The recordings' folder.
        path: Relative to it.
        private_key: The file of the owner's private key, if there is one.

    Raises:
        UserError: It isn't there any more, isn't a file of that folder, or can't be read on this box.
    """
    descriptor = _opened(folder, path)
    if not path.endswith(owner_key.SUFFIX):
        return descriptor
    os.close(descriptor)
    if not private_key.exists():
        raise UserError(
            "That recording is encrypted, and this box doesn't hold the private key. Save it and read it "
            "with `age -d -i owner.key FILE`, or put the key on the box with `zongji owner-key --keep`."
        )
    private = owner_key.read_private(private_key)
    # Beside it, on the same disk: a long recording doesn't fit into a small board's memory.
    with tempfile.NamedTemporaryFile(dir=folder.parent, prefix="upload-") as plain:
        owner_key.decrypt(folder / path, Path(plain.name), private)
        return os.open(plain.name, os.O_RDONLY | os.O_CLOEXEC)


def shown_name(path: str) -> str:
    """Return a file's suffix as it is given out: ".ogg" for "one.ogg.age"."""
    return Path(path.removesuffix(owner_key.SUFFIX)).suffix


def _opened(folder: Path, path: str) -> int:
    wanted = (folder / path).resolve()
    if not wanted.is_relative_to(folder.resolve()):
        raise UserError("That recording lies outside the recordings' folder and is not given out.")
    try:
        descriptor = os.open(wanted, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise UserError("That recording is not there any more.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UserError("That recording is no file.")
    return descriptor
