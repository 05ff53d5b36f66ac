"""From a `[[lines]]` entry of a board's profile to a line.

[[lines]]
name  = "gsm1"
kind  = "gsm"
model = "sim7600"                    # a profile in this folder
at    = "/dev/zongji/gsm1-at"        # by a name that survives re-plugging (udev symlink)
pcm   = "/dev/zongji/gsm1-pcm"       # or "alsa:plughw:CARD=codec" where the model has no serial audio
pin   = "1234"                       # optional
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hal.line import Line
from hal.modems.gsm_line import GsmLine
from hal.modems.model import known_models, load_model

_REQUIRED = ("name", "kind", "model", "at", "pcm")
_OPTIONAL = ("pin",)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}", re.ASCII)
_PIN = re.compile(r"[0-9]{4,8}", re.ASCII)


class ProfileError(Exception):
    """The entry can't be used; the text names the field and what to write there."""


def build_line(entry: Mapping[str, Any], run_folder: str = "") -> Line:
    """Make the line that one entry describes. Nothing is opened before `start`.

    Args:
        entry: As read from TOML.
        run_folder: What `{run}` in a path stands for.

    Raises:
        ProfileError: A field is missing, unknown or malformed.
    """
    name = entry.get("name")
    where = f"line {name!r}" if isinstance(name, str) else "a line"
    for field in _REQUIRED:
        if field not in entry:
            raise ProfileError(f"{where}: the field '{field}' is missing")
    for field, value in entry.items():
        if field not in _REQUIRED + _OPTIONAL:
            raise ProfileError(f"{where}: the field '{field}' is unknown")
        if not isinstance(value, str):
            raise ProfileError(f"{where}: the field '{field}' must be text in quotes")
    if not _NAME.fullmatch(entry["name"]):
        raise ProfileError(f"{where}: 'name' must be up to 16 of a-z, 0-9 and -, beginning with a letter")
    if entry["kind"] != "gsm":
        raise ProfileError(f"{where}: 'kind' must be \"gsm\"")
    if entry["model"] not in known_models():
        raise ProfileError(f"{where}: 'model' must be one of {', '.join(known_models())}")
    pin = entry.get("pin")
    if pin is not None and not _PIN.fullmatch(pin):
        raise ProfileError(f"{where}: 'pin' must be 4 to 8 digits")
    at, pcm = (entry[field].replace("{run}", run_folder) for field in ("at", "pcm"))
    return GsmLine(entry["name"], at, pcm, load_model(entry["model"]), pin)
