"""What the pages share, put together once: the box, who is signed in, templates, the live stage."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from web_admin.assets import Assets
from web_admin.box import Box
from web_admin.live import Hub, Stage
from web_admin.rendering import Pages
from web_admin.security.audit import Audit
from web_admin.security.brake import Brake
from web_admin.security.hashing import Hashing
from web_admin.security.https import Https
from web_admin.security.second_factor import Waiting
from web_admin.security.sessions import Sessions
from web_admin.security.tokens import Tokens
from web_admin.security.users import Users
from web_admin.setup_state import SetupState
from web_admin.shown import Shown

_FOLDER_MODE = 0o700


@dataclasses.dataclass
class Site:
    """One running web process."""

    box: Box
    assets: Assets
    pages: Pages
    stage: Stage
    hub: Hub
    users: Users
    waiting: Waiting
    sessions: Sessions
    brake: Brake
    audit: Audit
    shown: Shown
    tokens: Tokens
    https: Https
    setup: SetupState
    folder: Path
    uploads: Path
    """Where bundles lie until they are installed; the switch's folder, which this process may write to."""
    host_names: frozenset[str]

    @classmethod
    def at(
        cls,
        control_socket: Path,
        folder: Path,
        host_names: frozenset[str] = frozenset(),
        uploads: Path | None = None,
    ) -> Site:
        """Put a site together.

        Args:
            control_socket: Of the switch.
            folder: The web process's own: users, tokens, sessions, audit log. Made when missing.
            host_names: Names the box answers to besides addresses and local names.
            uploads: Where the steward takes bundles from; in `folder` where there is no steward.

        Raises:
            OSError: The folder can't be made.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(_FOLDER_MODE)
        box = Box(control_socket)
        assets = Assets()
        pages = Pages(assets)
        stage = Stage(box, pages)
        return cls(
            box=box,
            assets=assets,
            pages=pages,
            stage=stage,
            hub=Hub(box),
            users=Users(folder / "users.json", Hashing()),
            waiting=Waiting(),
            sessions=Sessions(folder / "sessions.json"),
            brake=Brake(),
            audit=Audit(folder / "audit.jsonl"),
            shown=Shown(folder / "shown.json"),
            tokens=Tokens(folder / "tokens.json"),
            https=Https(folder, host_names),
            setup=SetupState(folder / "setup.json"),
            folder=folder,
            uploads=uploads or folder / "uploads",
            host_names=host_names,
        )
