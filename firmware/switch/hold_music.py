"""What somebody on hold hears while the office has uploaded nothing of its own: 茉莉花, in soft tones.

The tune is a folk song of the eighteenth century. It is data, so the box needs no file and no licence for it.
"""

from __future__ import annotations

from firmware.core.media import PlayItem, PlaySilence, PlayTone

# Numbered notation, a pentatonic scale on C5; ' is an octave up, :2 lasts two eighths.
_TUNE = (
    "3:2 3 5 6 1' 1' 6  5:2 5 6 5:4  3:2 3 5 6 1' 1' 6  5:2 5 6 5:4 "
    "5:2 5:2 5:2 3 5  6:2 6:2 5:4  3:2 2 3 5:2 3 2  1:2 1 2 1:4"
)
_HERTZ = {"1": 523.25, "2": 587.33, "3": 659.25, "5": 783.99, "6": 880.0}
_EIGHTH_MS = 280
# Notes are parted a little, or two alike would be one.
_GAP_MS = 40
# Soft enough to talk over to somebody beside the phone; tones sound louder than music of the same power.
_LEVEL_DBM0 = -26.0
_BREATH_MS = 2000


def melody() -> tuple[PlayItem, ...]:
    """Return the tune, to be repeated."""
    items: list[PlayItem] = []
    for note in _TUNE.split():
        pitch, _, eighths = note.partition(":")
        hertz = _HERTZ[pitch[0]] * (2 if pitch.endswith("'") else 1)
        lasts = int(eighths or 1) * _EIGHTH_MS - _GAP_MS
        items.append(PlayTone((hertz,), (), level_dbm0=_LEVEL_DBM0, duration_ms=lasts))
        items.append(PlaySilence(_GAP_MS))
    return (*items, PlaySilence(_BREATH_MS))
