"""The office's numbers: which extensions there are, who the operator is, how each is rung.

The settings own the list; this is call control's view of it, made anew when the settings change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from firmware.core.errors import UserError
from firmware.core.leg import Leg
from firmware.switch.directory import Extension
from firmware.switch.numbering.emergency import EmergencyNumbers


class OfficeDirectory:
    """The extensions of one office.

    Args:
        extensions: All of them.
        operator: The number of the one who helps callers that found nobody else; None for no one.
        leg_to: Makes a fresh outgoing leg to an extension's number.
        speak_to: The same, with the phone asked to answer by itself; None where phones can't be asked.

    Raises:
        UserError: The operator isn't one of the extensions.
    """

    def __init__(
        self,
        extensions: Iterable[Extension],
        operator: str | None,
        leg_to: Callable[[str], Leg],
        speak_to: Callable[[str], Leg] | None = None,
    ) -> None:
        self._leg_to = leg_to
        self._speak_to = speak_to or leg_to
        self._wired: dict[str, Callable[[], Leg]] = {}
        self.replace(extensions, operator)

    def replace(
        self,
        extensions: Iterable[Extension],
        operator: str | None,
        emergency: EmergencyNumbers | None = None,
    ) -> None:
        """Take over a changed list; calls in progress keep the legs they have.

        Raises:
            UserError: The operator isn't one of the extensions, or an extension stands in the way of an
                emergency number; nothing was changed.
        """
        by_number = {extension.number: extension for extension in extensions}
        collisions = emergency.collisions(by_number) if emergency is not None else []
        if collisions:
            raise UserError("; ".join(collisions))
        if operator is not None and operator not in by_number:
            raise UserError(
                f"operator: there is no extension {operator}; choose one of {', '.join(by_number)}"
            )
        self._by_number = by_number
        self._operator = by_number[operator] if operator is not None else None

    def find(self, number: str) -> Extension | None:
        return self._by_number.get(number)

    def may_grow(self, digits: str) -> bool:
        return any(number != digits and number.startswith(digits) for number in self._by_number)

    def longest(self) -> int:
        return max((len(number) for number in self._by_number), default=0)

    def operator(self) -> Extension | None:
        return self._operator

    def is_wired(self, number: str, leg_to: Callable[[], Leg]) -> None:
        """Have an extension be the analog handset at the box, which `leg_to` rings, instead of phones."""
        self._wired[number] = leg_to

    def leg_to(self, extension: Extension) -> Leg:
        wired = self._wired.get(extension.number)
        return wired() if wired is not None else self._leg_to(extension.number)

    def speak_to(self, extension: Extension) -> Leg:
        return self._speak_to(extension.number)
