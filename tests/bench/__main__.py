"""`./flash.sh bench [NAME[:CASE]…] [--json FILE]`: run the benches and print their figures as a table.

A bench is a module `tests.bench.NAME_bench` with `run(cases)`: rows of bench, case, figure, unit, value,
and `floor` where the same run measured a floor or a peer.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

BENCHES = ("media", "sip", "records", "sync", "routing", "boot", "web")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./flash.sh bench", description="Measure.")
    parser.add_argument("names", nargs="*", metavar="NAME[:CASE]", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as a JSON list")
    options = parser.parse_args(arguments)
    wanted: dict[str, list[str]] = {}
    for name in options.names or BENCHES:
        bench, _, case = name.partition(":")
        if bench not in BENCHES:
            parser.error(f"there is no bench {bench}; there are {', '.join(BENCHES)}")
        wanted.setdefault(bench, [])
        if case:
            wanted[bench].append(case)
    rows: list[dict[str, Any]] = []
    for bench, cases in wanted.items():
        print(f"measuring {bench} …", file=sys.stderr, flush=True)
        module = importlib.import_module(f"tests.bench.{bench}_bench")
        rows += module.run(cases or None)
    _print_table(rows)
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0


def _print_table(rows: list[dict[str, Any]]) -> None:
    head = ("bench", "case", "figure", "value", "unit", "floor", "ratio")
    lines = [head]
    for row in rows:
        floor = row.get("floor")
        ratio = f"{row['value'] / floor:.2f}" if floor else ""
        lines.append(
            (
                row["bench"],
                row["case"],
                row["figure"],
                f"{row['value']:.4g}",
                row["unit"],
                "" if floor is None else f"{floor:.4g}",
                ratio,
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [
            text.rjust(width) if column in (3, 5, 6) else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
