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
    before: tuple[str, ...]
    """Commands that must precede dialling and answering, for models that take no other moment."""
    on: str
    """The command that starts the audio once the call stands, without `AT`; empty where it needs none."""
    off: str
    """Likewise at its end."""
    sample_rate: int
    """Hz."""
    retry_seconds: float
    """How often to try again while the modem refuses."""
    give_up_seconds: float
    """When to take the refusal for a fault."""
    clipped_seconds: float = 0.0
    """For how long after the connection nothing said is heard, whenever the audio was switched on."""


@dataclasses.dataclass(frozen=True)
class TriesQuery:
    """How to ask for the attempts before PIN and PUK block."""

    query: str
    prefix: str
    """What the answer begins with."""
    pin: int
    puk: int
    """Which field, from 0."""


@dataclasses.dataclass(frozen=True)
class CallCommands:
    hang_up: tuple[str, ...]
    """Tried in this order until one works."""
    digit: str
    """Sends one key; `{key}` stands for it."""
    waiting: str = "keep"
    """What becomes of a second caller: "keep", who then waits until the line is free, or "busy"."""
    hold: bool = False
    """Whether it holds one call while it has another (27.007, 7.13, CHLD=2)."""
    multiparty: bool = False
    """Whether it joins the two (CHLD=3); over VoLTE it also takes a network that does."""


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    called: tuple[str, ...]
    """What is in the name such a modem gives itself; none: not known."""
    boot_lines: tuple[str, ...]
    """Notifications that say the modem has just started; one each start."""
    tries: TriesQuery
    restart: str
    setup: tuple[str, ...]
    """Commands after the SIM is open; a refusal of one is noted and passed over."""
    audio: Audio
    call: CallCommands
    ussd_packed: bool = False
    """It takes and gives USSD texts as packed septets in hexadecimal."""

    def is_called(self, name: str) -> bool:
        """Whether a modem of this name may be one of these; one that tells none may be any."""
        return not (name and self.called) or any(word in name.upper() for word in self.called)


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
        called=tuple(data.get("called", ())),
        boot_lines=tuple(data["boot_lines"]),
        tries=TriesQuery(**data["tries"]),
        restart=data["restart"],
        setup=tuple(data["setup"]),
        audio=Audio(**{**data["audio"], "before": tuple(data["audio"]["before"])}),
        call=CallCommands(**{**data["call"], "hang_up": tuple(data["call"]["hang_up"])}),
        ussd_packed=data.get("ussd_packed", False),
    )
