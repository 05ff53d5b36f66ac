"""The words of the trace in both languages; every message there is is known once this is imported."""

from firmware.core.trace import (
    box,
    calls,
    cloud,
    inside,
    interrupted,
    live,
    mail,
    numbers,
    outbound,
    phones,
    queues,
    routing,
    voice,
)
from firmware.core.trace.said import BY_CODE, Message, Said, Text, in_language, known

__all__ = [
    "BY_CODE",
    "Message",
    "Said",
    "Text",
    "box",
    "calls",
    "cloud",
    "in_language",
    "inside",
    "interrupted",
    "known",
    "live",
    "mail",
    "numbers",
    "outbound",
    "phones",
    "queues",
    "routing",
    "voice",
]
