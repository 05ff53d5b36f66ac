"""Which simulated worlds the lines of a profile need, and how each is started.

gsm            a mobile network with a modem
v253           an exchange with a voice modem
fxo, handset   of one board: an exchange, a telephone, the coprocessor in MicroPython, a codec
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from firmware.core.errors import UserError
from firmware.core.paths import StatePaths
from hal.fake.coprocessor import MODULE, REPOSITORY

LINE = "gsm1"
"""The line that callers dial unless told otherwise."""
BOARD_LINE = "pstn2"
"""The first line of the board in the profile that has one."""
HANDSET = "handset"
PROFILE = Path(__file__).parents[2] / "board" / "profiles" / "simulated.toml"
_NO_WIRE = "none"


class SimulatedWorld(msgspec.Struct, frozen=True):
    """One process to start."""

    line: str
    """Whose world it is; of a board's lines, the first."""
    command: list[str | Path]
    """Of the Python interpreter."""


def world_socket(paths: StatePaths, line: str) -> Path:
    """Return the remote control of a line's world."""
    return paths.world_socket if line == LINE else paths.run / f"world-{line}.sock"


def worlds_of(
    lines: Sequence[Mapping[str, Any]], run_folder: str, socket_of: Callable[[str], Path]
) -> Iterator[SimulatedWorld]:
    """Yield the worlds that a profile's `[[lines]]` need.

    Args:
        lines: As in the profile.
        run_folder: What `{run}` stands for.
        socket_of: Returns where a line's world listens.

    Raises:
        UserError: A line can't be simulated; the text says which and why.
    """

    def path(line: Mapping[str, Any], field: str) -> str:
        where = str(line.get(field, _NO_WIRE)).replace("{run}", run_folder)
        if not where.startswith(run_folder):
            raise UserError(
                f"line {line['name']}: {field} = {where} is real hardware; a simulation wants {{run}}/…"
            )
        return where

    boards: dict[str, dict[str, Mapping[str, Any]]] = {}
    for line in lines:
        socket: list[str | Path] = ["--control", socket_of(str(line["name"]))]
        match line["kind"]:
            case "gsm":
                ports = ["--at-link", path(line, "at"), "--pcm-link", path(line, "pcm")]
                model = ["--model", str(line["model"])]
                yield SimulatedWorld(line["name"], ["-m", "hal.fake", "gsm", *ports, *model, *socket])
            case "v253":
                ports = ["--port-link", path(line, "port"), "--model", str(line["model"])]
                yield SimulatedWorld(line["name"], ["-m", "hal.fake", "v253", *ports, *socket])
            case kind:
                boards.setdefault(path(line, "board"), {})[kind] = line
    for uart, wires in boards.items():
        yield _board(uart, wires, path, run_folder, socket_of)


def _board(
    uart: str,
    wires: Mapping[str, Mapping[str, Any]],
    path: Callable[[Mapping[str, Any], str], str],
    run_folder: str,
    socket_of: Callable[[str], Path],
) -> SimulatedWorld:
    if not (REPOSITORY / MODULE).exists():
        raise UserError("the HAT is simulated by MicroPython, which isn't here: npm ci --prefix board")
    first = next(iter(wires.values()))["name"]
    audio = [path(wires[kind], "audio") if kind in wires else f"{run_folder}/{_NO_WIRE}-{kind}"
             for kind in ("fxo", "handset")]  # fmt: skip
    command: list[str | Path] = ["-m", "hal.fake", "board", "--uart-link", uart]
    command += ["--line-link", audio[0], "--handset-link", audio[1], "--control", socket_of(first)]
    if wires.get("fxo", {}).get("reversal") != "yes":
        command.append("--no-reversal")
    return SimulatedWorld(first, command)
