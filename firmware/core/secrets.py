"""Generated secrets: what phones and tokens authenticate with. Nobody ever chooses one."""

from __future__ import annotations

import secrets

# Without 0, 1, l and o, which are mistaken for each other on a keypad; 32 characters, so 5 bits each.
_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"
# 120 bits of chance: MD5 digests can be attacked offline, so nothing shorter than 96 will do.
_LENGTH = 24


def new_secret() -> str:
    """Return 24 letters and digits that survive being typed on a desk phone."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
