"""The services of an installed box, as an update needs them: a `System` over systemd."""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Final

from firmware.core.paths import StatePaths
from firmware.update.health import LIMIT_S, Before, look, until_well
from firmware.update.updater import UpdateError

PAGE: Final = "http://127.0.0.1:8080/"
_SERVICES: Final = ("zongji-web.service", "zongji-switch.service", "zongji-media.service")
_VENV_S: Final = 900.0
_SYSTEMCTL_S: Final = 60.0
_CONFIGURE_S: Final = 120.0


class Box:
    """This computer."""

    def __init__(self, paths: StatePaths, page: str = PAGE, limit_s: float = LIMIT_S) -> None:
        self._paths = paths
        self._page = page
        self._limit_s = limit_s

    def machine(self) -> str:
        return platform.machine()

    def python(self) -> str:
        return f"{sys.version_info.major}.{sys.version_info.minor}"

    def look(self) -> Before:
        return asyncio.run(look(self._paths.control_socket))

    def make_venv(self, version: Path, wheels: Path) -> None:
        # Calls go on meanwhile: they come first.
        command = [
            "nice",
            "-n",
            "15",
            "bash",
            str(version / "board/install/venv.sh"),
            str(version),
            str(wheels),
        ]
        _run(command, _VENV_S, "its packages can't be installed")

    def stop(self) -> None:
        _run(["systemctl", "stop", *_SERVICES], _SYSTEMCTL_S, "the services can't be stopped")

    def configure(self, version: Path) -> None:
        script = version / "board/install/system.sh"
        _run(["bash", str(script), str(version)], _CONFIGURE_S, "units and settings can't be put in place")

    def start(self) -> None:
        # The boot service would find the journal and count this as a boot; only the three are started.
        _run(["systemctl", "start", "--no-block", *_SERVICES], _SYSTEMCTL_S, "the services can't be started")

    def recover(self) -> None:
        """Have an update that was cut off brought to its end, in a process of the service manager's."""
        words = ["systemctl", "start", "--no-block", "zongji-trial.service"]
        _run(words, _SYSTEMCTL_S, "the update can't be brought to its end")

    def until_well(self, ready_lines: list[str]) -> str | None:
        return asyncio.run(until_well(self._paths.control_socket, self._page, ready_lines, self._limit_s))


def _run(command: list[str], limit_s: float, failure: str) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpdateError(f"{failure}: {error}") from error
    if done.returncode != 0:
        words = " / ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise UpdateError(f"{failure}: {words}")
