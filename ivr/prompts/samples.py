"""`python -m ivr.prompts.samples FOLDER`: render spoken values to WAV files, for ears to judge.

FOLDER/prompts/…              the prompts themselves
FOLDER/zh-CN/number-10500.wav a value as a caller hears it
FOLDER/zh-CN/samples.txt      file, and the words in it
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from firmware.core.errors import DeviceError
from firmware.core.media import PlayFile, PlayItem, PlaySilence
from ivr.prompts.audio import RATE, Samples, read_wav, write_prompt
from ivr.prompts.catalogue import CATALOGUE, LANGUAGES
from ivr.prompts.library import Prompts, speak_missing
from ivr.prompts.spoken import ATOMS, PAUSE, Noun, Spoken

_TODAY = datetime.date(2026, 11, 22)
_NUMBERS = (0, 2, 7, 10, 12, 26, 101, 110, 115, 200, 222, 1001, 2000, 2022, 10_010, 10_500, 20_002, 999_999)
_DIGITS = ("101", "8021*", "0755#")
_PHONES = ("13800138000", "+8613912345678", "010-62345678", "0571-87654321", "4008123123", "62345678")
_DATES = ("2026-11-22", "2026-11-21", "2026-11-24", "2026-10-08", "2025-01-01", "2009-02-28")
_TIMES = ("00:00", "00:05", "07:30", "09:00", "12:00", "12:30", "14:02", "18:30", "23:59")
_DURATIONS = (5, 60, 65, 120, 125, 3600, 3900, 7322, 90_000)
_SUMS = (
    ("CNY", "12.05"),
    ("CNY", "2.50"),
    ("CNY", "128.63"),
    ("USD", "2.22"),
    ("EUR", "100"),
    ("JPY", "2500"),
)
_COUNTS = (1, 2, 3, 12, 102)


def samples(spoken: Spoken) -> Iterator[tuple[str, list[str]]]:
    """Yield the sample set of one language: the name of each sample and its prompts."""
    for value in _NUMBERS:
        yield f"number-{value}", spoken.number(value)
    for value in (1, 2, 3, 22):
        yield f"ordinal-{value}", spoken.ordinal(value)
    for text in _DIGITS:
        yield f"digits-{text.replace('*', 'star').replace('#', 'hash')}", spoken.digits(text)
    for number in _PHONES:
        yield f"phone-{number.strip('+')}", spoken.phone(number)
    for day in map(datetime.date.fromisoformat, _DATES):
        yield f"date-{day}", [*spoken.date(day, _TODAY), *spoken.weekday(day)]
    for time in map(datetime.time.fromisoformat, _TIMES):
        yield f"time-{time:%H%M}", spoken.time(time)
    for seconds in _DURATIONS:
        yield f"duration-{seconds}", spoken.duration(seconds)
    for currency, amount in _SUMS:
        yield f"money-{currency}-{amount}", spoken.money(Decimal(amount), currency)
    for count in _COUNTS:
        for noun in Noun:
            yield f"count-{count}-{noun}", spoken.counted(count, noun)


def words(keys: list[str], language: str) -> str:
    """Return what a sequence of prompts says, as text."""
    join = "" if language == "zh-CN" else " "
    texts = ATOMS[language] | {PAUSE: "，" if language == "zh-CN" else ","}
    return join.join(texts[key] if key in texts else CATALOGUE[key][language] for key in keys)


def joined(items: list[PlayItem]) -> Samples:
    """Put prompts behind one another without gaps, as the media process plays them.

    Raises:
        OSError: A prompt is missing.
    """
    pieces: list[Samples] = []
    for item in items:
        if isinstance(item, PlayFile):
            pieces.append(read_wav(Path(item.path))[0])
        elif isinstance(item, PlaySilence):
            pieces.append(np.zeros(item.duration_ms * RATE // 1000, np.float32))
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def render(folder: Path) -> Iterator[str]:
    """Render the sample set of every language; tell of each language when it is there.

    Raises:
        SpeechError: The synthesiser failed.
        OSError: The folder can't be written.
    """
    yield from speak_missing(folder / "prompts")
    for language in LANGUAGES:
        prompts = Prompts(folder / "prompts", language)
        place = folder / language
        place.mkdir(exist_ok=True)
        lines = []
        for name, keys in samples(prompts.spoken):
            write_prompt(joined(prompts(*keys)), place / f"{name}.wav")
            lines.append(f"{name}.wav\t{words(keys, language)}\n")
        (place / "samples.txt").write_text("".join(lines), "utf-8")
        yield f"{place}: {len(lines)} samples"


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m ivr.prompts.samples FOLDER", file=sys.stderr)
        return 2
    try:
        for done in render(Path(sys.argv[1])):
            print(f"  {done}", flush=True)
    except (DeviceError, OSError) as error:
        print(f"samples: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
