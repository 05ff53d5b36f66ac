"""`python -m ivr.prompts.decode CUT < FILE > SAMPLES`: any sound file into 8000 Hz mono, in its own process.

A decoder fed with what somebody uploaded is the likeliest thing to crash or to swell; here it can do so
without a call noticing. CUT seconds are left off the end. What comes out is little-endian int16, without a
header. Exit status 2: standard error says, in words for the person who uploaded it, what is wrong.
"""

from __future__ import annotations

import io
import resource
import sys

import numpy as np
import soundfile

from firmware.core.errors import UserError
from ivr.prompts.audio import MAX_SECONDS, Samples, levelled, to_telephone, trimmed

MAX_BYTES = 20 * 1024 * 1024
"""Two minutes of 44.1 kHz stereo WAV."""
_MOST_CHANNELS = 8
_RATES = (4000, 192_000)
# Two minutes at 192 kHz take 92 MB as float32, their spectrum the same again; the interpreter needs the rest.
_MEMORY_BYTES = 1024 * 1024 * 1024
_CPU_SECONDS = 60


def decode(data: bytes, cut_seconds: float = 0.0) -> Samples:
    """Turn a sound file into a prompt: mono, 8000 Hz, trimmed, levelled.

    Args:
        data: The file.
        cut_seconds: How much to leave off its end.

    Raises:
        UserError: It is no sound file, too long, or silent; the text says what to do.
    """
    if len(data) > MAX_BYTES:
        raise UserError(
            f"The file is larger than {MAX_BYTES // 1024**2} MB. Shorten it, or save it as MP3 or Ogg."
        )
    try:
        samples, rate = _mono(data)
    except soundfile.LibsndfileError as error:
        raise UserError(
            f"The file can't be read as sound ({error.error_string}) Use WAV, MP3, Ogg, Opus or FLAC."
        ) from None
    samples = samples[: max(0, len(samples) - round(cut_seconds * rate))]
    prompt = trimmed(levelled(to_telephone(samples, rate)), keep_seconds=0.1)
    if not len(prompt):
        raise UserError("The recording is silent. Check the microphone and record it again.")
    return prompt


def _mono(data: bytes) -> tuple[Samples, int]:
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        rate, channels = int(file.samplerate), int(file.channels)
        if not _RATES[0] <= rate <= _RATES[1] or channels > _MOST_CHANNELS:
            raise UserError(f"The file has {channels} channels at {rate} Hz. Save it as mono at 8 to 48 kHz.")
        # Block by block: the header's length is a claim, and eight channels at once would fill the memory.
        blocks, seconds = [], 0
        while len(block := file.read(rate, dtype="float32", always_2d=True)):
            seconds += 1
            if seconds > MAX_SECONDS:
                raise UserError(f"The recording is longer than {MAX_SECONDS} seconds. Shorten it.")
            blocks.append(block.mean(axis=1))
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    return np.nan_to_num(samples).astype(np.float32), rate


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        prompt = decode(sys.stdin.buffer.read(MAX_BYTES + 1), float(sys.argv[1]))
    except UserError as error:
        sys.stderr.write(str(error))
        return 2
    except MemoryError:
        sys.stderr.write("The file takes too much memory. Save it as mono at 8 to 48 kHz.")
        return 2
    sys.stdout.buffer.write((np.clip(prompt, -1, 1) * 32767).astype("<i2").tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
