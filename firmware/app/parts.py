"""What the areas of the switch process share; made by `boot`, each part after those it needs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from extensions.directory import OfficeDirectory
from extensions.phones import Phones
from firmware.app.alarms import Alarms
from firmware.app.providers import ProviderLines
from firmware.app.routing import Routing
from firmware.control.answers import Answers
from firmware.core.clock import Clock, Instant
from firmware.core.paths import StatePaths
from firmware.media.client import MediaClient
from firmware.media.supervisor import MediaSupervisor
from firmware.office.mail import Mail
from firmware.profile import Profile
from firmware.settings.store import SettingsStore
from firmware.store.records import SqliteJourneyStore
from firmware.switch.destinations import Destinations
from firmware.switch.exchange import Exchange
from firmware.switch.outbound.outbound import Outbound
from firmware.trunks.texting import Texting
from firmware.trunks.trunks import Trunks
from ivr.voicemail import Voicemail

if TYPE_CHECKING:
    from firmware.app.api.settings import SettingsDesk


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parts:
    """The running parts. Each area starts from these and adds what it does to `destinations`, `answers`, …"""

    paths: StatePaths
    profile: Profile
    clock: Clock
    started: Instant
    settings: SettingsStore
    editing: SettingsDesk
    """Changes settings in somebody's name, so that the history tells who it was."""
    alarms: Alarms
    plane: MediaClient
    media: MediaSupervisor
    store: SqliteJourneyStore
    phones: Phones
    directory: OfficeDirectory
    exchange: Exchange
    trunks: Trunks
    providers: ProviderLines
    texting: Texting
    mail: Mail
    voicemail: Voicemail
    outbound: Outbound
    destinations: Destinations
    routing: Routing
    answers: Answers
