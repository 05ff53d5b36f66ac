"""What the switch has told, by name, through its restarts.

begin_epoch ─► all is stale ─► told anew, it is kept ─► end_epoch ─► what is stale still is forgotten
"""

from __future__ import annotations

from typing import Generic, TypeVar

_Name = TypeVar("_Name")
_Value = TypeVar("_Value")


class Told(Generic[_Name, _Value]):
    """One kind of things told."""

    def __init__(self) -> None:
        self.now: dict[_Name, _Value] = {}
        """All that holds."""
        self._stale: set[_Name] = set()

    def tell(self, name: _Name, value: _Value) -> None:
        """Have `value` hold from now on."""
        self.now[name] = value
        self._stale.discard(name)

    def forget(self, name: _Name) -> None:
        """Have nothing hold for a name. Repeatable."""
        self.now.pop(name, None)
        self._stale.discard(name)

    def begin_epoch(self) -> None:
        """What is not told of in the new epoch must not outlive the old one."""
        self._stale = set(self.now)

    def end_epoch(self) -> None:
        """Forget what nobody has told again."""
        for name in self._stale:
            self.now.pop(name, None)
        self._stale = set()
