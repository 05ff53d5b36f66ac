"""What phones' lamps show: who is talking (RFC 4235) and whose mailbox holds messages (RFC 3842).

legs ──watch──► Presence ──► dialog-info of an extension ──┐
switch (a code's) ─────────► dialog-info of its code ──────┤
PresenceSource.mailbox ────► message summary ──────────────┴─► every subscription to it

A switch, day and night service say, is shown as phones show somebody talking: the key that dials its code
is lit while it is on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from xml.sax.saxutils import escape, quoteattr

import msgspec

from extensions.accounts import AccountSource
from extensions.sip.call import Call
from extensions.sip.subscription import Subscription
from firmware.core.leg import Direction, Leg, LegEvent, LegState, StateChanged

DIALOG = "dialog"
SUMMARY = "message-summary"
DIALOG_TYPE = "application/dialog-info+xml"
SUMMARY_TYPE = "application/simple-message-summary"

# How a leg's state is named in dialog-info (RFC 4235 §4.1.1); a leg that was not rung yet isn't shown.
_STATES = {
    LegState.OFFERED: "trying",
    LegState.RINGING: "trying",
    LegState.ALERTING: "early",
    LegState.CONNECTED: "confirmed",
    LegState.HELD: "confirmed",
}


class Mailbox(msgspec.Struct, frozen=True):
    """How many messages wait for somebody."""

    new: int = 0
    old: int = 0


class PresenceSource(Protocol):
    """What lamps show that no leg tells."""

    def mailbox(self, extension: str) -> Mailbox:
        """Return what waits for an extension; all zero without a mailbox."""


class EmptyMailboxes:
    """A source for a box without voicemail."""

    def mailbox(self, extension: str) -> Mailbox:
        return Mailbox()


class Presence:
    """Every extension's legs and everybody's subscriptions.

    Args:
        notify: Sends a document to a subscription, in a turn of the agent.
        calls_of: Returns the SIP calls that carry a leg, so that a lamp's key can pick one up.
        accounts: Tells whom a subscription is about.
    """

    def __init__(
        self,
        notify: Callable[[Subscription, str, bytes], None],
        calls_of: Callable[[Leg], list[Call]],
        accounts: AccountSource,
    ) -> None:
        self.source: PresenceSource = EmptyMailboxes()
        self._notify = notify
        self._calls_of = calls_of
        self._accounts = accounts
        self._legs: dict[str, list[Leg]] = {}
        self._switches: dict[str, bool] = {}
        self._subscriptions: dict[tuple[str, str], list[Subscription]] = {}

    def watch(self, leg: Leg, extension: str = "") -> None:
        """Show a leg at the lamp of an extension, from its first ring until it ends.

        Args:
            leg: A phone's, or that of a handset that is somebody's phone.
            extension: Whose lamp; `leg.address` when empty.
        """
        whose = extension or leg.address
        leg.subscribe(lambda event: self._on_leg(leg, whose, event))
        if leg.state is not LegState.IDLE:
            self._legs.setdefault(whose, []).append(leg)
            self._changed(DIALOG, whose)

    def mailbox_changed(self, extension: str) -> None:
        """The extension's mailbox holds more or fewer messages than before."""
        self._changed(SUMMARY, extension)

    def show_switch(self, code: str, on: bool | None) -> None:
        """Light the lamp of a code's key, or put it out; None for a code that switches nothing any more."""
        if self._switches.get(code) is on:
            return
        if on is None:
            del self._switches[code]
        else:
            self._switches[code] = on
        self._changed(DIALOG, code)

    def has_switch(self, code: str) -> bool:
        """Tell whether a code has a lamp."""
        return code in self._switches

    def is_busy(self, extension: str) -> bool:
        """Tell whether an extension has a call of any kind."""
        return any(leg.state in _STATES for leg in self._legs.get(extension, ()))

    def subscribed(self, subscription: Subscription) -> None:
        """Take in a new or refreshed subscription, and tell it how things are."""
        known = self._subscriptions.setdefault(self._key_of(subscription), [])
        if subscription not in known:
            known.append(subscription)
        self._tell(subscription)

    def unsubscribed(self, subscription: Subscription) -> None:
        key = self._key_of(subscription)
        known = self._subscriptions.get(key, [])
        if subscription in known:
            known.remove(subscription)
        if not known:
            self._subscriptions.pop(key, None)

    def _watched(self, subscription: Subscription) -> str:
        """Return whose lamp it is: a device may ask by its own user name."""
        return self._accounts.extension_of(subscription.user) or subscription.user

    def _key_of(self, subscription: Subscription) -> tuple[str, str]:
        return subscription.event, self._watched(subscription)

    def _on_leg(self, leg: Leg, whose: str, event: LegEvent) -> None:
        if not isinstance(event, StateChanged):
            return
        legs = self._legs.setdefault(whose, [])
        if event.after is not LegState.ENDED:
            if leg not in legs:
                legs.append(leg)
        elif leg in legs:
            legs.remove(leg)
        if not legs:
            del self._legs[whose]
        self._changed(DIALOG, whose)

    def _changed(self, event: str, extension: str) -> None:
        for subscription in list(self._subscriptions.get((event, extension), ())):
            self._tell(subscription)

    def _tell(self, subscription: Subscription) -> None:
        host = subscription.flow.local_host
        entity = f"sip:{subscription.user}@{f'[{host}]' if ':' in host else host}"
        if subscription.event == SUMMARY:
            box = self.source.mailbox(self._watched(subscription))
            self._notify(subscription, SUMMARY_TYPE, summary(box, entity))
            return
        if self._switches.get(subscription.user):
            body = dialog_info_of_switch(entity, subscription.version)
            subscription.version += 1
            self._notify(subscription, DIALOG_TYPE, body)
            return
        shown = [leg for leg in self._legs.get(self._watched(subscription), ()) if leg.state in _STATES]
        body = dialog_info(entity, subscription.version, [(leg, self._calls_of(leg)) for leg in shown])
        subscription.version += 1
        self._notify(subscription, DIALOG_TYPE, body)


def summary(mailbox: Mailbox, account: str) -> bytes:
    """Return a message summary (RFC 3842 §5.2)."""
    waiting = "yes" if mailbox.new else "no"
    return (
        f"Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\n"
        f"Voice-Message: {mailbox.new}/{mailbox.old} (0/0)\r\n"
    ).encode()


def dialog_info(entity: str, version: int, legs: list[tuple[Leg, list[Call]]]) -> bytes:
    """Return the full state of one extension (RFC 4235 §4)."""
    return _document(entity, version, "".join(_dialog(entity, leg, calls) for leg, calls in legs))


def dialog_info_of_switch(entity: str, version: int) -> bytes:
    """Return the state of a switch that is on, in the only words a busy lamp knows: a confirmed dialog."""
    return _document(entity, version, '<dialog id="switch"><state>confirmed</state></dialog>\n')


def _document(entity: str, version: int, dialogs: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}" state="full" '
        f"entity={quoteattr(entity)}>\n{dialogs}</dialog-info>\n"
    ).encode()


def _dialog(entity: str, leg: Leg, calls: list[Call]) -> str:
    ids = ""
    for call in calls[:1]:
        ids = f" call-id={quoteattr(call.call_id)} remote-tag={quoteattr(call.local_tag)}"
        if call.dialog is not None:
            ids += f" local-tag={quoteattr(call.dialog.remote.tag or '')}"
    direction = "recipient" if leg.direction is Direction.OUTGOING else "initiator"
    return (
        f'<dialog id={quoteattr(leg.id)}{ids} direction="{direction}">'
        f"<state>{_STATES[leg.state]}</state>"
        f"<local><identity>{escape(entity)}</identity><target uri={quoteattr(entity)}/></local></dialog>\n"
    )
