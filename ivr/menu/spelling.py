"""`python -m ivr.menu.spelling < NAMES > SPELLINGS`: names in Latin letters, both as JSON lists.

In a process of its own, because the dictionaries for Chinese names take 40 MB that the switch needn't keep.
"""

from __future__ import annotations

import sys

import msgspec

from ivr.menu.names import spelled


def main() -> int:
    names = msgspec.json.decode(sys.stdin.buffer.read(), type=list[str])
    sys.stdout.buffer.write(msgspec.json.encode([spelled(name) for name in names]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
