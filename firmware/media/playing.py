"""The players: one at most for every port, or a share in the music that all who wait hear.

Play ─► Player ─► a frame a tick, on top of what the port hears
Play, music ─► the one Player of these items ─► the same frame for all who hear it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.core.media import PlayItem
from firmware.media import protocol
from firmware.media.g711 import FRAME, I16
from firmware.media.loader import Loading
from firmware.media.players import Player

MAX_MUSIC: Final = 8
"""Kept with their places: an office changes its music seldom."""


class _Playing(msgspec.Struct):
    player: Player
    row: int
    until_key: bool
    music: bool
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
        self._music: dict[tuple[PlayItem, ...], Player] = {}
        """By what it plays; kept in its place while nobody hears it."""

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
        if command.music:
            player = self._music_of(command.items)
        else:
            player = Player(command.items, repeat=command.repeat, request=self._request)
        self._players[command.player_id] = _Playing(player, row, command.until_key, command.music)

    def _music_of(self, items: tuple[PlayItem, ...]) -> Player:
        """Return the music that plays these items; forget such as nobody hears any more, if there is much."""
        heard = [playing.player for playing in self._players.values()]
        for known, player in list(self._music.items()):
            if len(self._music) >= MAX_MUSIC and known != items and player not in heard:
                del self._music[known]
        if items not in self._music:
            self._music[items] = Player(items, repeat=True, request=self._request, ahead=1, patient=True)
        return self._music[items]

    def end(self, player_id: str) -> protocol.PlaybackEnded | None:
        """Forget a player; return what is to be told of it."""
        playing = self._players.pop(player_id, None)
        return None if playing is None else protocol.PlaybackEnded(player_id, playing.player.error)

    def render_ahead(self, row: int, out: I16) -> None:
        """Fill one frame more of a row's player, shape (160,); silence when it has none or is at its end, or
        shares the music of others, of which there is nothing ahead."""
        out[:] = 0
        for playing in self._players.values():
            if playing.row == row and not playing.music:
                playing.player.render(out)

    def render(self, waiting: set[int]) -> tuple[dict[int, npt.NDArray[Any]], list[str]]:
        """Return a frame of every player by row, and which players are at their end.

        Args:
            waiting: Rows that would not be heard yet: their players wait.
        """
        played: dict[int, npt.NDArray[Any]] = {}
        over: list[str] = []
        music: dict[Player, I16] = {}
        for player_id, playing in self._players.items():
            frame = np.zeros(FRAME, np.int16)
            if playing.row in waiting:
                pass
            elif playing.music:
                if playing.player not in music:
                    # Where nothing of it can be played there is silence, until somebody stops it.
                    playing.player.render(frame)
                    music[playing.player] = frame
                frame = music[playing.player]
            else:
                playing.frames += 1
                if not playing.player.render(frame):
                    over.append(player_id)
            played[playing.row] = frame
        return played, over
