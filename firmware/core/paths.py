"""Where everything lies in the state folder. The only place that knows these names.

STATE/settings.json         what the administrator edits (firmware.store)
STATE/records.sqlite        the journeys (firmware.store)
STATE/starts.json           starts that came to nothing (firmware.self_care)
STATE/recordings/           stereo WAV files, named in the journeys
STATE/voicemail/            messages, named in the journeys
STATE/owner.key             the owner's private key, where the box may read what it has encrypted
STATE/scratch/              backups in the making; emptied whenever one begins
STATE/voicemail/            messages, named in the journeys
STATE/prompts/              what callers are played
STATE/run/control.sock      the control API (firmware.control)
STATE/run/media.sock        switch ↔ media process
STATE/run/world.sock        the fake mobile network, in the simulation only
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

DEFAULT_STATE = Path("/var/lib/zongji")
STATE_VARIABLE = "ZONGJI_STATE"
"""Environment variable that names another state folder."""

_FOLDER_MODE = 0o750
"""Journeys and recordings are personal data: for the firmware's user and its group only."""


@dataclasses.dataclass(frozen=True)
class StatePaths:
    """The names of files and folders under one state folder."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def records(self) -> Path:
        return self.root / "records.sqlite"

    @property
    def starts(self) -> Path:
        return self.root / "starts.json"

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def voicemail(self) -> Path:
        return self.root / "voicemail"

    @property
    def owner_key(self) -> Path:
        return self.root / "owner.key"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def prompts(self) -> Path:
        return self.root / "prompts"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def control_socket(self) -> Path:
        return self.run / "control.sock"

    @property
    def media_socket(self) -> Path:
        return self.run / "media.sock"

    @property
    def world_socket(self) -> Path:
        return self.run / "world.sock"

    def ensure(self) -> None:
        """Make the folders that are missing; those that exist keep the mode they were given.

        Raises:
            OSError: A folder can't be made.
        """
        for folder in (self.root, self.recordings, self.voicemail, self.prompts, self.run):
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(_FOLDER_MODE)
