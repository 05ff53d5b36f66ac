"""Speaks a text into a WAV file with espeak-ng and sox.

Mandarin is fed to espeak-ng as numbered pinyin: its own reading of characters needs a dictionary that
Debian 12 ships broken. The result is what a telephone carries: 8000 Hz, mono, 16 bit, no rumble below
200 Hz, peaks at -6 dB of full scale.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from firmware.core.errors import DeviceError

WORDS_PER_MINUTE = 140
_VOICES = {"zh-CN": "cmn-latn-pinyin", "en": "en-us"}
# A sentence takes a fraction of a second; a hung synthesiser must not hang the installation.
_TIMEOUT_SECONDS = 60


class SpeechError(DeviceError):
    """The text could not be spoken; the message names the tool and what it said."""


def speak(text: str, language: str, path: Path) -> None:
    """Speak `text` into a mono 16-bit 8000 Hz WAV file, written whole or not at all.

    Args:
        text: One or more sentences.
        language: "zh-CN" or "en".
        path: The file to make; its folder must exist.

    Raises:
        SpeechError: A tool is missing or failed.
    """
    with tempfile.TemporaryDirectory(prefix="zongji-speech-") as folder:
        raw, ready = Path(folder, "raw.wav"), Path(folder, "ready.wav")
        spoken = _pinyin(text) if language == "zh-CN" else text
        # Attenuated before filtering: espeak-ng leaves no headroom for the high-pass to ring in.
        _run(
            ["espeak-ng", "-v", _VOICES[language], "-s", str(WORDS_PER_MINUTE), "-a", "60", "-w", raw], spoken
        )
        _run(["sox", raw, "-r", "8000", "-c", "1", "-b", "16", ready, "highpass", "200", "norm", "-6"])
        unfinished = path.with_name(path.name + ".new")
        unfinished.write_bytes(ready.read_bytes())
        unfinished.replace(path)


def _pinyin(text: str) -> str:
    # Imported here: its dictionaries take 40 MB, and only the speaking of new prompts needs them.
    from pypinyin import Style, lazy_pinyin

    return " ".join(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True))


def _run(command: list[str | Path], words: str | None = None) -> None:
    try:
        subprocess.run(
            command,
            input=(words or "").encode(),
            capture_output=True,
            check=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except FileNotFoundError:
        raise SpeechError(f"{command[0]} is not installed: apt install espeak-ng sox") from None
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or b"").decode(errors="replace").strip()[-200:]
        raise SpeechError(f"{command[0]} failed: {said or error}") from error
