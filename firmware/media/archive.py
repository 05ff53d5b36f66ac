"""`python -m firmware.media.archive FILE.wav…`: turn closed recordings into Ogg Opus, beside the calls.

A process of its own that runs only when nothing else wants the processor (SCHED_IDLE), so a tick never waits
for it, and that stops altogether between any two blocks while the computer is overloaded: it is the first
thing to be shed. The switch starts it when a recording is closed, and may end it at any moment: an unfinished
result is a `.part` file, and the WAV file stays until the Ogg file is durable. Nothing is normalised:
loudness is kept.

Prints a line per file, `FILE.ogg MILLISECONDS` or `FILE.wav: reason`; exits with 1 if one failed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

BLOCK_SECONDS: Final = 30
"""Audio held in memory at once."""
LOWEST_PRIORITY: Final = 19
OVERLOAD: Final = 0.4
"""Share of the last ten seconds in which something had to wait for the processor (kernel's pressure stall
information), or waiting tasks a processor, where the kernel doesn't tell."""
WAIT_SECONDS: Final = 2.0
"""Between two looks at whether the overload is over."""
MAX_WAIT_SECONDS: Final = 600.0
"""For one block; a computer that is overloaded for ever must not keep its recordings as WAV for ever."""


class ArchiveError(RuntimeError):
    """A recording could not be turned; the WAV file is as it was."""


def yield_to_calls() -> None:
    """Have this process run only on what is left over."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    os.nice(LOWEST_PRIORITY)


def overload(proc: Path = Path("/proc")) -> float:
    """Return how overloaded the computer is; see `OVERLOAD`. 0 where nothing can be known."""
    try:
        first = (proc / "pressure" / "cpu").read_text(encoding="ascii").splitlines()[0]
        return float(first.split("avg10=")[1].split()[0]) / 100
    except (OSError, IndexError, ValueError):
        pass
    try:
        waiting = float((proc / "loadavg").read_text(encoding="ascii").split()[0])
    except (OSError, IndexError, ValueError):
        return 0.0
    return max(0.0, waiting / (os.cpu_count() or 1) - 1)


def wait_for_calm(
    measure: Callable[[], float] = overload, sleep: Callable[[float], None] = time.sleep
) -> float:
    """Wait until the computer is no longer overloaded; return the seconds waited."""
    waited = 0.0
    while waited < MAX_WAIT_SECONDS and measure() > OVERLOAD:
        sleep(WAIT_SECONDS)
        waited += WAIT_SECONDS
    return waited


def archive(
    path: Path, *, keep: bool = False, between_blocks: Callable[[], object] = wait_for_calm
) -> tuple[Path, int]:
    """Write `path` as Ogg Opus beside it; return the new file and its milliseconds.

    Args:
        path: A WAV file that nobody writes any more.
        keep: Leave the WAV file.
        between_blocks: Called before every block.

    Raises:
        ArchiveError: It can't be read, or the result can't be written or is too short.
    """
    # Loaded here: the library's memory is for this process, not for whoever imports the module.
    soundfile: Any = importlib.import_module("soundfile")
    target = path.with_suffix(".ogg")
    part = target.with_suffix(".ogg.part")
    try:
        with soundfile.SoundFile(str(path)) as source:
            rate, frames = source.samplerate, source.frames
            with soundfile.SoundFile(
                str(part), "w", rate, source.channels, format="OGG", subtype="OPUS"
            ) as sink:
                # Not by `blocks`: of what can't be read it gives the block before once more.
                while len(block := source.read(rate * BLOCK_SECONDS, dtype="int16")):
                    between_blocks()
                    sink.write(block)
        with soundfile.SoundFile(str(part)) as result:
            if result.frames < frames:
                raise ArchiveError(f"{path}: {result.frames} of {frames} samples")
        _make_durable(part)
        part.replace(target)
        _make_durable(path.parent)
    except (OSError, soundfile.SoundFileError) as error:
        raise ArchiveError(f"{path}: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    if not keep:
        path.unlink()
    return target, frames * 1000 // rate


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main() -> int:
    """Archive the files named; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m firmware.media.archive", description="WAV to Ogg Opus.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--keep", action="store_true", help="leave the WAV files")
    arguments = parser.parse_args()
    yield_to_calls()
    failed = False
    for path in arguments.files:
        try:
            target, milliseconds = archive(path, keep=arguments.keep)
        except ArchiveError as error:
            failed = True
            sys.stdout.write(f"{error}\n")
        else:
            sys.stdout.write(f"{target} {milliseconds}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
