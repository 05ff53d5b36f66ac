"""`python -m ivr.prompts FOLDER`: speak what is missing in a folder of prompts."""

from __future__ import annotations

import sys
from pathlib import Path

from firmware.core.errors import DeviceError
from ivr.prompts.library import speak_missing


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m ivr.prompts FOLDER", file=sys.stderr)
        return 2
    try:
        for made in speak_missing(Path(sys.argv[1])):
            print(f"  spoke {made}", flush=True)
    except DeviceError as error:
        print(f"prompts: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
