"""The players: one at most for every port, and the music that is a source of its own.

Play ─► Player ─► a frame a tick, on top of what the port hears          (ports)
OpenMusic ─► Player, round and round ─► a frame a tick, as if it came in (sources)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.core.media import PlayItem
from firmware.media import protocol
from firmware.media.g711 import FRAME, I16
from firmware.media.loader import Loading
from firmware.media.players import Player


class _Playing(msgspec.Struct):
    player: Player
    row: int
    until_key: bool
    frames: int = 0
    """Heard so far."""
    confirmed: bool = True


class PlayerBank:
    """All players.

    Args:
        request: Asks for a file.
    """

    def __init__(self, request: Callable[[str], Loading]) -> None:
        self._request = request
        self._players: dict[str, _Playing] = {}
        self._music: dict[int, Player] = {}

    def __len__(self) -> int:
        return len(self._players)

    def rows(self) -> set[int]:
        """Return the rows that are played to."""
        return {playing.row for playing in self._players.values()}

    def confirm(self, player_id: str) -> bool:
        """Confirm a player; return whether it is known."""
        known = self._players.get(player_id)
        if known is not None:
            known.confirmed = True
        return known is not None

    def unconfirm(self) -> None:
        """Begin an epoch: every player has to be confirmed."""
        for playing in self._players.values():
            playing.confirmed = False

    def unconfirmed(self) -> list[str]:
        """Return the players nobody has confirmed."""
        return [name for name, playing in self._players.items() if not playing.confirmed]

    def of_row(self, row: int) -> list[str]:
        """Return the players of a row."""
        return [name for name, playing in self._players.items() if playing.row == row]

    def until_key(self, row: int, since_frames: int = 0) -> list[str]:
        """Return the players of a row that a key ends, and that have been heard for so many frames."""
        return [
            name
            for name, playing in self._players.items()
            if playing.row == row and playing.until_key and playing.frames >= since_frames
        ]

    def awaiting_keys(self) -> set[int]:
        """Return the rows that are played something a key ends."""
        return {playing.row for playing in self._players.values() if playing.until_key}

    def row_of(self, player_id: str) -> int | None:
        """Return the row a player plays to; None when it is over."""
        playing = self._players.get(player_id)
        return None if playing is None else playing.row

    def start(self, command: protocol.Play, row: int) -> None:
        """Play to a row; what it was played before must have been ended."""
        player = Player(command.items, repeat=command.repeat, request=self._request)
        self._players[command.player_id] = _Playing(player, row, command.until_key)

    def end(self, player_id: str) -> protocol.PlaybackEnded | None:
        """Forget a player; return what is to be told of it."""
        playing = self._players.pop(player_id, None)
        return None if playing is None else protocol.PlaybackEnded(player_id, playing.player.error)

    def render_ahead(self, row: int, out: I16) -> None:
        """Fill one frame more of a row's player, shape (160,); silence when it has none or is at its end."""
        out[:] = 0
        for playing in self._players.values():
            if playing.row == row:
                playing.player.render(out)

    def render(self, waiting: set[int]) -> tuple[dict[int, npt.NDArray[Any]], list[str]]:
        """Return a frame of every player by row, and which players are at their end.

        Args:
            waiting: Rows that would not be heard yet: their players wait.
        """
        played: dict[int, npt.NDArray[Any]] = {}
        over: list[str] = []
        for player_id, playing in self._players.items():
            frame = np.zeros(FRAME, np.int16)
            if playing.row not in waiting:
                playing.frames += 1
                if not playing.player.render(frame):
                    over.append(player_id)
            played[playing.row] = frame
        return played, over

    # Music

    def start_music(self, row: int, items: Sequence[PlayItem]) -> None:
        """Make a row a source that plays items round and round."""
        self._music[row] = Player(items, repeat=True, request=self._request, ahead=1, patient=True)

    def stop_music(self, row: int) -> None:
        """End a row's music. Repeatable."""
        self._music.pop(row, None)

    @property
    def has_music(self) -> bool:
        return bool(self._music)

    def play_music(self, linear: I16) -> None:
        """Write this tick of every source's music to its row, shape (rows, 160)."""
        for row, player in self._music.items():
            player.render(linear[row])
