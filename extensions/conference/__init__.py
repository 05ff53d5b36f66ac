"""Conference rooms with PINs and a moderator."""

from extensions.conference.room import Conferences, RoomSettings

__all__ = ["Conferences", "RoomSettings"]
