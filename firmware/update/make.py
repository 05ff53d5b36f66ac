"""`python -m firmware.update.make`: signs a packed payload into a bundle; makes signing keys."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from firmware.core.errors import ZongjiError
from firmware.update import bundle

_SCHEMAS = Path(__file__).parents[1] / "store" / "schema"


def main(arguments: list[str] | None = None) -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m firmware.update.make", description="Make a bundle.")
    parser.add_argument("--new-key", type=Path, metavar="FILE", help="make a signing key and end")
    parser.add_argument("--id")
    parser.add_argument("--machine")
    parser.add_argument("--python")
    parser.add_argument("--key", type=Path)
    parser.add_argument("--payload", type=Path)
    parser.add_argument("out", nargs="?", type=Path)
    options = parser.parse_args(arguments)
    try:
        if options.new_key is not None:
            bundle.new_key(options.new_key)
            print(f"{options.new_key} signs: keep it safe. {options.new_key}.pub goes onto the boxes.")
            return 0
        if None in (options.id, options.machine, options.python, options.key, options.payload, options.out):
            parser.error("--id, --machine, --python, --key, --payload and a file to make are needed")
        manifest = bundle.Manifest(
            id=options.id,
            machine=options.machine,
            python=options.python,
            schema=max(int(path.name[:4]) for path in _SCHEMAS.glob("*.sql")),
            payload_bytes=0,
            payload_sha256="0" * 64,
        )
        bundle.make(options.out, manifest, options.payload, bundle.read_private(options.key))
    except (ZongjiError, OSError) as error:
        print(f"zongji: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
