"""The office as the composition root puts it together, on fakes, following a settings file of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec

from extensions.dial import dial
from firmware.app.api.settings import SettingsDesk
from firmware.app.routing import Routing
from firmware.core.causes import Cause
from firmware.settings.document import Settings
from firmware.settings.people import Extension
from firmware.settings.store import SettingsStore
from firmware.switch.call import Call
from firmware.switch.destinations import ToReception
from firmware.switch.inbound import route
from tests.scenarios.office import LoopClock, Office
from tests.switch.fake_leg import FakeLeg


class Handsets:
    """Every phone is registered but those that aren't."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def is_registered(self, extension: str) -> bool:
        return extension not in self.gone


class RoutedOffice(Office):
    """Extensions 101, 102 and 103 and whatever `change` adds; calls run by the settings in force."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = SettingsStore(folder / "settings.json")
        self.settings.open()
        self.handsets = Handsets()
        self.spoken_to: list[str] = []
        """Extensions whose phones were asked to answer by themselves."""
        self.directory._speak_to = self._speak_to
        self.editing = SettingsDesk(self.settings, folder / "settings-history.jsonl", LoopClock())
        self.routing = Routing(
            self.settings,
            self.editing.edit,
            self.exchange,
            self.directory,
            self.outbound,
            self.destinations,
            self.media,
            self.handsets,
            folder / "recordings",
        )
        self.destinations.register(ToReception, self._received)
        self.routing.connect()
        self.settings.subscribe(lambda _, after: self.routing.apply(after))

    async def change(self, **sections: object) -> None:
        """Set whole sections, as an administrator does."""
        await self.settings.change(lambda now: msgspec.structs.replace(now, **sections))

    async def person(self, number: str, **fields: object) -> None:
        """Set fields of a person."""

        def changed(settings: Settings) -> Settings:
            people = tuple(
                msgspec.structs.replace(one, **fields) if one.number == number else one
                for one in settings.extensions
            )
            return msgspec.structs.replace(settings, extensions=people)

        await self.settings.change(changed)

    def people(self, *numbers: str) -> tuple[Extension, ...]:
        """Return the people there are, and one of each number besides."""
        return (*self.settings.current.extensions, *(Extension(number, f"P{number}") for number in numbers))

    def calls_in(self, number: str | None = "13800138000", line: str = "gsm1") -> FakeLeg:
        """Have somebody call from outside, led by the inbound plan."""
        return self.somebody_rings_in(partial(route, inbound=self.routing.inbound()), number, line)

    def dials(self, own: str, dialled: str) -> FakeLeg:
        """Have one of the office's phones dial."""
        phone = FakeLeg.incoming(own, own, media=self.media)
        script = partial(dial, dialled=dialled, office=self.routing.office())
        self.exchange.take(phone, script, called=dialled)
        return phone

    async def _received(self, call: Call, place: ToReception) -> Cause:
        raise AssertionError("this story's plan leads past the reception")

    async def _menu(self, call: Call, place: ToReception) -> Cause:
        """Have a caller meet the first menus; a story registers it where its plan leads there."""
        await self.reception(call)
        return Cause.NORMAL

    def _speak_to(self, number: str) -> FakeLeg:
        self.spoken_to.append(number)
        leg = self._leg_to(number)
        assert isinstance(leg, FakeLeg)
        return leg
