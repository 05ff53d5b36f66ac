"""Errors, by who can do something about them.

Only a `UserError` is shown to a person as it stands: its text names the field and the remedy. The other
families are logged and turned into a cause, a tone or a lamp.
"""

from __future__ import annotations


class ZongjiError(Exception):
    """Every error this firmware raises on purpose."""


class UserError(ZongjiError):
    """Something a person entered can't be used; the message says which field and what to do."""


class PeerError(ZongjiError):
    """The other end of a wire broke its protocol; the message is for the log."""


class DeviceError(ZongjiError):
    """A device of this box is missing, busy or refuses; it may come back by itself."""
