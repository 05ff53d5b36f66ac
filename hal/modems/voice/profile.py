"""What the driver must know of a voice modem's model, as data: the profiles beside this file."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import tomllib

COUNTRIES = {
    "AU": "09",
    "CA": "20",
    "CN": "26",
    "DE": "42",
    "FR": "3D",
    "GB": "B4",
    "HK": "50",
    "IN": "53",
    "IT": "59",
    "JP": "00",
    "KR": "61",
    "MY": "6C",
    "NZ": "7E",
    "SG": "9C",
    "TW": "FE",
    "US": "B5",
}
"""ISO 3166 codes to those of ITU-T T.35, as AT+GCI takes them."""


@dataclasses.dataclass(frozen=True)
class VoiceModel:
    name: str
    setup: tuple[str, ...]
    """Commands after AT+FCLASS=8; a refusal of one is noted and passed over."""
    caller_id: tuple[str, ...]
    """Tried in this order until one works; sent again after every reset (reference H10)."""
    duplex: bool
    """It has AT+VTR; else sending and receiving take turns."""
    formats: tuple[str, ...]
    """Names in the answer to AT+VSM=? in the order of preference; those of `codec.FORMATS`."""
    end_prefix: int = 1
    """How many DLEs must precede the code that ends a stream (Zoom: 3, reference B2)."""
    line_again_after_tone: bool = False
    """Hears no keys after a tone of its own until told AT+VLS anew (US Robotics, reference H10)."""


def known_voice_models() -> list[str]:
    """Return the models that have a profile, as the board's profile names them."""
    files = importlib.resources.files(__package__).iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


@functools.cache
def load_voice_model(name: str) -> VoiceModel:
    """Read a model's profile.

    Raises:
        KeyError: There is no such profile.
    """
    if name not in known_voice_models():
        raise KeyError(name)
    data = tomllib.loads(importlib.resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))
    for field in ("setup", "caller_id", "formats"):
        data[field] = tuple(data[field])
    return VoiceModel(**data)
