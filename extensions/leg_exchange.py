"""What a SIP leg needs of the phones, or the provider's line, that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from extensions.registrar import Binding
from extensions.sip.call import Call
from extensions.sip.net.driver import Driver
from firmware.core.media import MediaPlane

if TYPE_CHECKING:
    from extensions.sip_leg import SipLeg


class Exchange(Protocol):
    """Makes legs and tells them what becomes of their calls."""

    driver: Driver
    media: MediaPlane
    wideband: bool
    """Whether wideband is spoken at all."""

    def bindings(self, extension: str) -> list[Binding]: ...
    def is_secure(self, binding: Binding) -> bool:
        """Tell whether a phone wants encrypted audio and nothing else."""

    def attach(self, call: Call, leg: SipLeg) -> None:
        """Hand the call's events to the leg's `on_event`."""

    def detach(self, call: Call) -> None: ...
    def leg_of(self, call: Call) -> SipLeg | None: ...
