"""What the driver must know of a modem model, as data: the profiles beside this file."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import tomllib
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Audio:
    on: str
    """The command that starts the PCM audio, without `AT`."""
    off: str
    sample_rate: int
    """Hz."""
    retry_seconds: float
    """How often to try again while the modem refuses."""
    give_up_seconds: float
    """When to take the refusal for a fault."""


@dataclasses.dataclass(frozen=True)
class CallCommands:
    hang_up: tuple[str, ...]
    """Tried in this order until one works."""
    digit: str
    """Sends one key; `{key}` stands for it."""


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    boot_line: str
    """The notification that says the modem has just started."""
    tries_query: str
    """Answers with `TriesLeft`."""
    restart: str
    setup: tuple[str, ...]
    """Commands after the SIM is open; a refusal of one is noted and passed over."""
    audio: Audio
    call: CallCommands


def known_models() -> list[str]:
    """Return the models that have a profile, as the board's profile names them."""
    files = importlib.resources.files(__package__).iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


@functools.cache
def load_model(name: str) -> Model:
    """Read a model's profile.

    Raises:
        KeyError: There is no such profile.
    """
    if name not in known_models():
        raise KeyError(name)
    text = importlib.resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return _model(tomllib.loads(text))


def _model(data: Mapping[str, Any]) -> Model:
    return Model(
        name=data["name"],
        boot_line=data["boot_line"],
        tries_query=data["tries_query"],
        restart=data["restart"],
        setup=tuple(data["setup"]),
        audio=Audio(**data["audio"]),
        call=CallCommands(hang_up=tuple(data["call"]["hang_up"]), digit=data["call"]["digit"]),
    )
