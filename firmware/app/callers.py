"""What becomes of an offered call: one from a line is received, one from a phone is put through."""

from __future__ import annotations

from functools import partial

from extensions.dial import Office, dial
from firmware.app.parts import Parts
from firmware.core.leg import Leg
from firmware.core.paths import StatePaths
from firmware.settings.store import SettingsStore
from firmware.switch.exchange import Exchange
from hal.line import Line
from ivr.prompts import Prompts
from ivr.reception import Reception, reception


class LineCallers:
    """Receives calls from the lines; told of them by `Trunks`.

    Args:
        paths: Where the prompts lie.
        settings: Opened.
        exchange: Takes the calls.
    """

    def __init__(self, paths: StatePaths, settings: SettingsStore, exchange: Exchange) -> None:
        self._paths = paths
        self._settings = settings
        self._exchange = exchange

    def __call__(self, leg: Leg, line: Line) -> None:
        now = self._settings.current
        rules = Reception(
            attempts=now.reception.attempts,
            first_key_seconds=now.reception.digits_timeout_ms / 1000,
            ring_seconds=now.reception.ring_seconds,
            recording_notice=now.recording.enabled,
        )
        prompts = Prompts(self._paths.prompts, now.office.language)
        self._exchange.take(leg, partial(reception, prompts=prompts, settings=rules))


def phone_calls(parts: Parts, leg: Leg, dialled: str) -> None:
    """Take a call from one of the office's phones, which dialled `dialled`."""
    office = Office(
        outbound=parts.outbound,
        destinations=parts.destinations,
        ring_seconds=parts.settings.current.reception.ring_seconds,
    )
    vital = parts.outbound.plan.emergency.match(dialled) is not None
    parts.exchange.take(leg, partial(dial, dialled=dialled, office=office), called=dialled, vital=vital)
