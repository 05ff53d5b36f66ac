"""The whole of what can be set: one section a field, its defaults those of the first start.

A section is a struct in a module of this folder, or one of the part it steers; every field has a type, a
default and a help text in both languages (`fields.help_text`).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from extensions.conference import RoomSettings
from extensions.hunt import HuntGroup
from extensions.queue import QueueSettings
from firmware.settings.closure import ClosureSettings
from firmware.settings.cloud import CloudSettings, Integrations
from firmware.settings.features import FeatureSettings
from firmware.settings.fields import help_text
from firmware.settings.lines import LineSettings
from firmware.settings.lost_callers import LostCallerSettings
from firmware.settings.mail import MailSettings
from firmware.settings.office import Office, Reception, RecordingSettings
from firmware.settings.people import Extension, first_extensions
from firmware.settings.reports import ReportSettings
from firmware.settings.sip import Device, Provider, SipSettings
from firmware.settings.storage import BackupSettings, StorageSettings
from firmware.switch.inbound import InboundPlan
from firmware.switch.numbering import Numbering
from firmware.switch.outbound.outbound import OutboundSettings
from ivr.hours import OfficeHours
from ivr.menu import MenuBook
from ivr.survey import Survey
from ivr.voicemail import VoicemailSettings


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the administrator can set; the defaults are those of the first start."""

    office: Office = Office()
    reception: Reception = Reception()
    recording: RecordingSettings = RecordingSettings()
    hours: OfficeHours = OfficeHours()
    menus: MenuBook = MenuBook()
    closure: ClosureSettings = ClosureSettings()
    mail: MailSettings = MailSettings()
    voicemail: VoicemailSettings = VoicemailSettings()
    surveys: Annotated[
        tuple[Survey, ...],
        Meta(max_length=20),
        help_text(
            "Satisfaction surveys; the first that fits a queue or group is asked.",
            "满意度调查；首个适用于该队列或组的生效。",
        ),
    ] = ()
    lost_callers: LostCallerSettings = LostCallerSettings()
    extensions: Annotated[
        tuple[Extension, ...],
        Meta(min_length=1, max_length=500),
        help_text("The extensions, 1 to 500, each number once.", "分机，1 到 500 个，号码不重复。"),
    ] = msgspec.field(default_factory=first_extensions)
    groups: Annotated[
        tuple[HuntGroup, ...],
        Meta(max_length=100),
        help_text("Hunt groups: several people behind one number.", "振铃组：一个号码对应多人。"),
    ] = ()
    queues: Annotated[
        tuple[QueueSettings, ...],
        Meta(max_length=50),
        help_text("Queues: callers wait for an agent in turn.", "队列：来电排队等候坐席。"),
    ] = ()
    rooms: Annotated[
        tuple[RoomSettings, ...],
        Meta(max_length=50),
        help_text("Conference rooms.", "会议室。"),
    ] = ()
    features: FeatureSettings = FeatureSettings()
    inbound: InboundPlan = InboundPlan()
    numbering: Numbering = Numbering()
    outbound: OutboundSettings = OutboundSettings()
    sip: SipSettings = SipSettings()
    devices: Annotated[
        tuple[Device, ...],
        Meta(max_length=1000),
        help_text("Phones beside people's first ones, up to 1000.", "第一部话机之外的话机，最多 1000 部。"),
    ] = ()
    providers: Annotated[
        tuple[Provider, ...],
        Meta(max_length=8),
        help_text("Lines bought from SIP providers, up to 8.", "SIP 服务商线路，最多 8 条。"),
    ] = ()
    lines: Annotated[
        tuple[LineSettings, ...],
        Meta(max_length=32),
        help_text("What the installer has set for each line.", "安装人员对各线路的设置。"),
    ] = ()
    storage: StorageSettings = StorageSettings()
    backup: BackupSettings = BackupSettings()
    cloud: CloudSettings = CloudSettings()
    integrations: Integrations = Integrations()
    reports: ReportSettings = ReportSettings()

    def extension(self, number: str) -> Extension | None:
        """Return the extension with that number, or None."""
        return next((one for one in self.extensions if one.number == number), None)
