"""Voicemail put together: mailboxes from the settings, callers led to them, owners let in, news passed on.

ToVoicemail ─► leave_message ─► Voicemail ─┬─► lamps (MWI), the handset's stutter
*97, *98, * in a greeting ─► hear_messages ├─► letter with the sound, SMS
                                           └─► journey: message heard
"""

from __future__ import annotations

import datetime
import logging
from contextlib import AsyncExitStack
from zoneinfo import ZoneInfo

from extensions.feature_codes import Feature
from extensions.presence import Mailbox as Lamp
from firmware.app.api.voicemail import VoicemailApi
from firmware.app.parts import Parts
from firmware.core.causes import Cause
from firmware.core.clock import Clock
from firmware.core.errors import DeviceError, UserError
from firmware.core.ids import CallId
from firmware.core.letters import Attachment
from firmware.core.messages import Message
from firmware.core.paths import StatePaths
from firmware.core.records import Journey
from firmware.core.trace.box import Box as Words
from firmware.settings.checks_voice import mailboxes_of
from firmware.settings.storage import StorageSettings
from firmware.settings.store import SettingsStore
from firmware.store.messages import SqliteMessages
from firmware.store.records import SqliteJourneyStore
from firmware.switch.call import Call
from firmware.switch.destinations import ToVoicemail
from ivr.prompts import Prompts
from ivr.prompts.said import said
from ivr.voicemail import (
    Hearing,
    Leaving,
    OwnerSettings,
    Resolved,
    Voicemail,
    ask_mailbox,
    hear_messages,
    leave_message,
    owner_settings,
    sign_in,
)

logger = logging.getLogger(__name__)


def build(paths: StatePaths, settings: SettingsStore, store: SqliteJourneyStore, clock: Clock) -> Voicemail:
    """Return the voicemail, not started."""

    return Voicemail(
        SqliteMessages(store, clock),
        paths.voicemail,
        lambda: mailboxes_of(settings.current),
        lambda: settings.current.voicemail,
        clock,
        keep_days=lambda: _keep_days(settings.current.storage),
    )


def _keep_days(storage: StorageSettings) -> int | None:
    """Return how long heard messages stay; None where the storage keeper clears them away, once archived."""
    return None if storage.archive_first else storage.voicemail_days


class Desk:
    """Leads callers and owners, and passes the news on."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._voicemail = parts.voicemail

    async def take_message(self, call: Call, place: ToVoicemail) -> Cause:
        """Have a caller leave a message; serves `ToVoicemail`."""
        leaving = Leaving(
            self._voicemail,
            self._parts.settings.current.office.country,
            self._today,
            self._parts.exchange.is_talking,
            self._owner_signs_in,
        )
        return await leave_message(call, place.mailbox, self._prompts(call), leaving)

    async def instead(self, call: Call, extension: str) -> bool:
        """Lead a caller whom an extension's person didn't take to the mailbox; false where there is none."""
        if not self._voicemail.takes_unanswered(extension):
            return False
        return await self._parts.destinations.lead(call, ToVoicemail(extension)) is Cause.NORMAL

    async def own_messages(self, call: Call, _rest: str) -> None:
        """Let somebody at the own phone hear the messages; with the PIN where that is set."""
        box = self._voicemail.find(call.caller.address)
        await call.answer()
        if box is None:
            await self._say(call, "vm-no-such-mailbox")
            return
        with_pin = self._parts.settings.current.voicemail.pin_at_own_phone
        if not with_pin or await sign_in(call, box, self._prompts(call), self._voicemail):
            await self._hear(call, box)

    async def messages_of(self, call: Call, mailbox: str) -> None:
        """Let somebody at another's phone, or a group's member, hear a mailbox."""
        await call.answer()
        prompts = self._prompts(call)
        if mailbox:
            box = self._voicemail.find(mailbox)
        else:
            box = await ask_mailbox(call, prompts, self._voicemail)
        if box is None:
            await self._say(call, "vm-no-such-mailbox")
            return
        member = call.caller.address in box.box.members
        if member or await sign_in(call, box, prompts, self._voicemail):
            await self._hear(call, box)

    async def _owner_signs_in(self, call: Call, box: Resolved) -> None:
        if await sign_in(call, box, self._prompts(call), self._voicemail):
            await self._hear(call, box)

    async def _hear(self, call: Call, box: Resolved) -> None:
        # Only a phone of the office calls back: nobody outside gets an outside line from here.
        inside = self._parts.directory.find(call.caller.address) is not None
        hearing = Hearing(
            self._voicemail,
            self._zone,
            self._call_back if inside else None,
            self._settings,
        )
        await hear_messages(call, box, self._prompts(call), hearing)

    async def _settings(self, call: Call, box: Resolved, prompts: Prompts) -> None:
        owner = OwnerSettings(self._voicemail, self._voicemail.folder, self._today)
        await owner_settings(call, box, prompts, owner)

    async def _call_back(self, call: Call, number: str) -> Cause:
        extension = call.directory.find(number)
        if extension is not None:
            ring = await call.ring(extension, self._parts.settings.current.reception.ring_seconds)
            if ring.leg is None:
                return ring.cause
            await call.bridge(ring.leg)
            return Cause.NORMAL
        outbound = self._parts.outbound
        return await outbound.dial(call, outbound.plan.read(number), call.caller.address)

    # News

    def lamp(self, name: str) -> None:
        """Have the lamps of a mailbox's listeners show what it holds."""
        box = self._voicemail.find(name)
        for extension in box.listeners() if box is not None else ():
            self._parts.phones.presence.mailbox_changed(extension)

    async def write(self, message: Message, box: Resolved) -> None:
        """Mail and text of a message, where the mailbox is set so."""
        settings = self._parts.settings.current
        language, who = settings.office.language, message.caller_name or message.caller
        seconds = round(message.duration_ms / 1000)
        if language == "zh-CN":
            who = who or "未显示号码"
            subject = f"{'紧急' if message.urgent else ''}留言：{who}，{seconds} 秒（{box.title}）"
            body = f"{self._when(message)}，{who} 给 {box.title} 留言 {seconds} 秒。\n"
        else:
            who = who or "withheld number"
            subject = (
                f"{'Urgent message' if message.urgent else 'Message'} from {who}, {seconds} s ({box.title})"
            )
            body = f"{self._when(message)}: {who} left a message of {seconds} s for {box.title}.\n"
        if box.box.email:
            sound = Attachment(
                str(self._voicemail.folder / message.path), f"message-{message.id}.wav", "audio/wav"
            )
            attached = [sound] if box.box.email_audio else []
            try:
                await self._parts.mail.send(
                    box.box.email, subject, body, attachments=attached, purpose="voicemail"
                )
            except (UserError, DeviceError) as error:
                self._parts.alarms(Words.NO_LETTER(box=box.name, to=box.box.email, why=str(error)))
        if box.box.sms:
            try:
                await self._parts.texting.send(box.box.sms, subject, purpose="voicemail")
            except (UserError, DeviceError) as error:
                self._parts.alarms(Words.NO_TEXT(box=box.name, to=box.box.sms, why=str(error)))

    async def note_heard(self, message: Message, _box: Resolved) -> None:
        """Write into the journey that its message was heard."""

        def edit(journey: Journey) -> None:
            for record in journey.voicemails:
                if record.path == message.path:
                    record.heard = True

        if message.journey_id is not None and not message.forwarded_by:
            try:
                await self._parts.store.amend(CallId(message.journey_id), edit)
            except UserError:
                logger.info("message %s: its call %s still runs, or is gone", message.id, message.journey_id)

    def _when(self, message: Message) -> str:
        if not message.received.clock_set:
            return "—"
        return (
            f"{datetime.datetime.fromtimestamp(message.received.wall_ms / 1000, self._zone()):%Y-%m-%d %H:%M}"
        )

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._parts.settings.current.hours.of().timezone)

    def _today(self) -> datetime.date:
        return datetime.datetime.fromtimestamp(self._parts.clock.now().wall_ms / 1000, self._zone()).date()

    def _prompts(self, call: Call) -> Prompts:
        language = call.language or self._parts.settings.current.office.language
        return Prompts(self._parts.paths.prompts, language)

    async def _say(self, call: Call, words: str) -> None:
        await call.play(said(words), self._prompts(call)(words))


class Lamps:
    """A `extensions.presence.PresenceSource` over the mailboxes."""

    def __init__(self, voicemail: Voicemail) -> None:
        self._voicemail = voicemail

    def mailbox(self, extension: str) -> Lamp:
        counts = self._voicemail.waiting(extension)
        return Lamp(counts.new, counts.saved)


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Take messages, deliver what the last power cut broke off, show and pass on what is new."""
    desk, voicemail = Desk(parts), parts.voicemail
    parts.destinations.register(ToVoicemail, desk.take_message)
    parts.destinations.unanswered = desk.instead
    parts.routing.features.serve_also(Feature.MESSAGES, desk.own_messages)
    parts.routing.features.serve_also(Feature.MESSAGES_OF, desk.messages_of)
    parts.phones.presence.source = Lamps(voicemail)
    voicemail.on_changed.append(desk.lamp)
    voicemail.on_delivered.append(desk.write)
    voicemail.on_heard.append(desk.note_heard)
    VoicemailApi(voicemail).serve(parts.answers)
    await voicemail.start()
    running.push_async_callback(voicemail.stop)
