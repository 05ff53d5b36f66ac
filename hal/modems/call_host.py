"""What the procedures of a call need of the driver around them."""

from __future__ import annotations

from typing import Protocol

from hal.at.procedures import Procedure
from hal.line import LineEvent


class Host(Protocol):
    """What calls need of the driver around them."""

    @property
    def now(self) -> float: ...

    def emit(self, event: LineEvent) -> None: ...

    def settle(self, ticket: int, error: str | None) -> None: ...

    def start(self, procedure: Procedure) -> Procedure: ...

    def cancel(self, procedure: Procedure | None) -> None: ...

    def call_changed(self) -> None: ...

    def restart_modem(self, reason: str) -> None: ...
