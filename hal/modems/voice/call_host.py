"""What the procedures of a call need of the voice modem's driver around them."""

from __future__ import annotations

from typing import Protocol

from hal.at.procedures import Procedure
from hal.line import LineEvent
from hal.modems.voice.stream import VoiceStream


class Host(Protocol):
    """What calls need of the driver around them."""

    stream: VoiceStream
    audio_device: str

    @property
    def now(self) -> float: ...

    def emit(self, event: LineEvent) -> None: ...

    def settle(self, ticket: int, error: str | None) -> None: ...

    def start(self, procedure: Procedure) -> Procedure: ...

    def cancel(self, procedure: Procedure | None) -> None: ...

    def reopen(self, reason: str) -> None: ...

    def refresh(self) -> None: ...
