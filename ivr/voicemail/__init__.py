"""Voicemail: callers leave messages, owners hear them, lamps and letters tell of them."""

from ivr.voicemail.desk import NoRoom, Voicemail
from ivr.voicemail.leave import Leaving, leave_message
from ivr.voicemail.listen import Hearing, hear_messages
from ivr.voicemail.model import Mailbox, Mailboxes, Resolved, VoicemailSettings
from ivr.voicemail.owner import OwnerSettings, owner_settings
from ivr.voicemail.sign_in import ask_mailbox, sign_in

__all__ = [
    "Hearing",
    "Leaving",
    "Mailbox",
    "Mailboxes",
    "NoRoom",
    "OwnerSettings",
    "Resolved",
    "Voicemail",
    "VoicemailSettings",
    "ask_mailbox",
    "hear_messages",
    "leave_message",
    "owner_settings",
    "sign_in",
]
