"""The computer that the steward looks after: its commands and its root folder.

`PretendHost` obeys the same contract without touching anything: the simulation and the tests use it. It keeps
a history of what it was told to do.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final, Protocol

from firmware.core.errors import UserError

_LIMIT_S: Final = 60.0


class Host(Protocol):
    """A computer to look after."""

    root: Path
    """Of its file system: `/`, or a folder that stands for it."""

    def run(self, *command: str, limit_s: float = _LIMIT_S, stdin: str = "") -> str:
        """Run a command, `stdin` on its input, and return what it printed.

        Raises:
            UserError: It failed; the text has its last words.
        """

    def is_read_only(self) -> bool:
        """Tell whether its root is mounted to be read only."""


class RealHost:
    """This computer."""

    root = Path("/")

    def run(self, *command: str, limit_s: float = _LIMIT_S, stdin: str = "") -> str:
        try:
            done = subprocess.run(
                command,
                input=stdin,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit_s,
                check=False,
            )
        except FileNotFoundError:
            raise UserError(f"This system has no {command[0]}.") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UserError(f"{command[0]}: {error}") from error
        if done.returncode != 0:
            words = (done.stderr or done.stdout).strip().splitlines()[-2:]
            raise UserError(f"{command[0]}: {' / '.join(words) or f'ended with {done.returncode}'}")
        return done.stdout

    def is_read_only(self) -> bool:
        return bool(os.statvfs(self.root).f_flag & os.ST_RDONLY)


class PretendHost:
    """A folder that stands for a computer; commands go into `history` and are answered from `answers`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.history: list[tuple[str, ...]] = []
        self.answers: dict[str, str] = {
            "journalctl": "11-22 08:00:01 switch: the switch is up\n11-22 08:00:02 switch: gsm1: ready\n",
            "ip": '[{"ifname":"lo","addr_info":[]},'
            '{"ifname":"eth0","addr_info":[{"local":"192.168.1.20","prefixlen":24}]}]',
            "lsblk": '{"blockdevices":[{"name":"sda1","label":"STICK","size":8000000000,"tran":null,'
            '"rm":true,"fstype":"vfat","pkname":"sda"}]}',
        }
        """By the command's first word."""
        self.read_only = False
        (root / "etc").mkdir(parents=True, exist_ok=True)

    def run(self, *command: str, limit_s: float = _LIMIT_S, stdin: str = "") -> str:
        self.history.append(command)
        with (self.root / "commands").open("a", encoding="utf-8") as log:
            log.write(" ".join(command) + "\n")
        return self.answers.get(command[0], "")

    def is_read_only(self) -> bool:
        return self.read_only
