"""From a recording of a line's tone to what a port's options say of it (`dsp/learn_tone.py`)."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from firmware.core.media import LearnedTone, MediaError
from firmware.media.dsp.learn_tone import learn_tone


def learned_from(path: Path) -> LearnedTone | None:
    """Return the tone on the left side of a stereo recording, or None when it is no steady tone.

    Raises:
        MediaError: The recording can't be read.
    """
    try:
        with wave.open(str(path)) as wav:
            samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")[:: wav.getnchannels()]
    except (OSError, EOFError, wave.Error) as error:
        raise MediaError(f"{path}: {error}") from error
    pattern = learn_tone(samples.astype(np.int16))
    if pattern is None:
        return None
    on_ms, off_ms = pattern.cadence_ms
    return LearnedTone(pattern.frequencies, (on_ms, off_ms))
