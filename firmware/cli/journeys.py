"""Journeys as text for a terminal: the table of calls and the story of one."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from firmware.cli.tables import printable, table
from firmware.cli.words import Words
from firmware.core.clock import Instant
from firmware.core.money import money
from firmware.core.records import Journey, LegRecord

_NOTHING = "-"


def moment(instant: Instant) -> str:
    """Return local date and time; of a clock that wasn't set only how long the box had been up."""
    if not instant.clock_set:
        return f"+{instant.mono_ms / 1000:.0f} s, clock not set"
    return datetime.datetime.fromtimestamp(instant.wall_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def length(milliseconds: int | None) -> str:
    """Return a duration as 0:42 or 1:02:03."""
    if milliseconds is None:
        return _NOTHING
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def offset(milliseconds: int | None) -> str:
    """Return a moment inside a call as 0:04.2."""
    if milliseconds is None:
        return _NOTHING
    minutes, tenths = divmod(milliseconds // 100, 600)
    return f"{minutes}:{tenths // 10:02}.{tenths % 10}"


def _outcome(journey: Journey, words: Words, live: bool) -> str:
    if journey.outcome is not None:
        return words.outcome(journey.outcome)
    return words("running" if live else "unfinished")


def _recording(journey: Journey, words: Words) -> str:
    if not journey.recordings:
        return _NOTHING
    first = journey.recordings[0]
    more = f" +{len(journey.recordings) - 1}" if len(journey.recordings) > 1 else ""
    cut = "" if first.complete or first.duration_ms is None else f" ({words('incomplete')})"
    return f"{first.path}{more}{cut}"


def calls_table(journeys: Sequence[Journey], language: str, *, live: bool = True) -> str:
    """Return the table of `zongji calls`.

    Args:
        journeys: In the order to be shown.
        language: "zh" or "en".
        live: Whether a switch runs, so that a journey without an outcome is a running call.
    """
    words = Words(language)
    if not journeys:
        return words("none")
    headings = [
        words(key) for key in ("when", "caller", "called", "outcome", "answered", "talked", "recording", "id")
    ]
    rows = [
        [
            moment(journey.started),
            journey.caller or words("withheld"),
            journey.called or _NOTHING,
            _outcome(journey, words, live),
            _NOTHING if journey.answered_ms is None else f"{journey.answered_ms / 1000:.1f} s",
            length(journey.talked_ms),
            _recording(journey, words),
            journey.id,
        ]
        for journey in journeys
    ]
    return table(headings, rows, right=frozenset({4, 5}))


def _why(leg: LegRecord) -> str:
    parts = [] if leg.cause is None else [leg.cause.name.lower().replace("_", " ")]
    if leg.ended_by is not None:
        parts.append(f"by {leg.ended_by.value}")
    return " ".join(parts) + (f": {leg.detail}" if leg.detail else "") or _NOTHING


def call_story(journey: Journey, language: str, recordings: Path, *, live: bool = True) -> str:
    """Return the text of `zongji call show`: summary, legs, timeline, recordings.

    Args:
        journey: The call.
        language: "zh" or "en".
        recordings: The folder its recordings lie in.
        live: As `calls_table`.
    """
    words = Words(language)
    ended = [journey.hung_up_by or _NOTHING]
    if journey.cause is not None:
        ended.append(f"({journey.cause.name.lower().replace('_', ' ')})")
    summary = [
        ("call", journey.id),
        ("when", moment(journey.started)),
        ("line", journey.line),
        ("caller", journey.caller or words("withheld")),
        ("called", journey.called or _NOTHING),
        ("outcome", _outcome(journey, words, live)),
        ("answered", _NOTHING if journey.answered_ms is None else f"{journey.answered_ms / 1000:.1f} s"),
        ("talked", length(journey.talked_ms)),
        ("duration", length(journey.duration_ms)),
        ("ended", " ".join(ended)),
    ]
    if journey.cost_micros is not None:
        summary.append(("cost", money(journey.cost_micros, journey.currency)))
    first, *rest = [[words(key), value] for key, value in summary]
    blocks = [table(first, rest)]
    if journey.legs:
        headings = [words(key) for key in ("leg", "where", "number", "from", "answered", "until", "why")]
        legs = [
            [
                leg.id,
                leg.address,
                leg.number or _NOTHING,
                offset(leg.started_ms),
                offset(leg.answered_ms),
                offset(leg.ended_ms),
                _why(leg),
            ]
            for leg in journey.legs
        ]
        blocks.append(f"{words('legs')}\n{table(headings, legs, right=frozenset({3, 4, 5}))}")
    if journey.timeline:
        tag = "en" if language == "en" else "zh-CN"
        entries = [
            [offset(entry.at_ms), words.kind(entry.kind), entry.leg_id or "", entry.in_language(tag)]
            for entry in journey.timeline
        ]
        headings = [words(key) for key in ("at", "what", "leg", "words")]
        blocks.append(f"{words('timeline')}\n{table(headings, entries, right=frozenset({0}))}")
    if journey.recordings:
        lines = []
        for recording in journey.recordings:
            cut = "" if recording.complete or recording.duration_ms is None else f" ({words('incomplete')})"
            lines.append(
                f"{length(recording.duration_ms)}  {printable(str(recordings / recording.path))}{cut}"
            )
        blocks.append(f"{words('recordings')}\n" + "\n".join(lines))
    return "\n\n".join(blocks)
