"""What a line that carries text says of messages, service codes and the network's clock."""

from __future__ import annotations

import dataclasses
import datetime
import enum


@dataclasses.dataclass(frozen=True)
class SmsReceived:
    """A message came, its parts joined. Repeated, with the same `ident`, until `sms_stored` is called.

    The SIM keeps the message until then, so a power cut loses none; whoever stores it must not store an
    `ident` twice, since the message comes again when the cut falls between storing and clearing the SIM.
    """

    ident: str
    number: str
    """Digits with a leading `+`, or a sender's name: "China Mobile"."""
    text: str
    sent: datetime.datetime | None
    """By the network's clock, with its zone."""
    complete: bool = True
    """False when parts never came; the text then has a mark in their place."""


class SmsOutcome(enum.Enum):
    SENT = "sent"
    """The network took all parts."""
    REFUSED = "refused"
    """For good: trying again won't help."""
    UNCERTAIN = "uncertain"
    """The modem fell silent or vanished after it got the text: a part may have gone out. Sending it again
    may double it; a delivery report that still comes tells.
    """


@dataclasses.dataclass(frozen=True)
class SmsPartSent:
    """The network took one part of an outgoing message; a store that notes it never doubles a part."""

    key: str
    part: int
    """From 1."""
    parts: int
    reference: int
    """0 to 255, in its delivery report too."""


@dataclasses.dataclass(frozen=True)
class SmsSendResult:
    """What became of `send_sms`. While the network is away or busy, the line tries again by itself."""

    key: str
    outcome: SmsOutcome
    detail: str


class SmsDelivery(enum.Enum):
    DELIVERED = "delivered"
    TRYING = "not delivered yet; the network goes on trying"
    FAILED = "the network gave up delivering it"


@dataclasses.dataclass(frozen=True)
class SmsReport:
    """The network's delivery report on one part."""

    number: str
    reference: int
    delivery: SmsDelivery


@dataclasses.dataclass(frozen=True)
class UssdReply:
    """The network's answer to a service code, or a question of its own."""

    text: str
    wants_reply: bool
    """Answer with another `send_ussd`."""
    ended: str
    """Empty when all is well; else why the exchange is over: "the network didn't answer in time"."""


@dataclasses.dataclass(frozen=True)
class NetworkTime:
    """What time it is, by the mobile network."""

    time: datetime.datetime
    """With its zone; seconds exact to about two."""
