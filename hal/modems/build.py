"""From the `[[lines]]` of a board's profile to lines.

kind       fields besides `name` and `kind`
gsm        model (a profile of hal/modems), at, pcm ("alsa:NAME" where the model has no serial audio)
           [, pin, imei]; several equal modems: by USB port ("/dev/zongji/usb-1-1.2-at"), or by imei, with
           a `*` in `at` and `pcm` for whichever port it is plugged into
v253       model (a profile of hal/modems/voice), port
fxo        board (the coprocessor's UART), audio ("alsa:NAME") [, dialling = "tone" | "pulse", reversal =
"yes"] handset    board, audio

Devices by names that survive re-plugging: "/dev/zongji/gsm1-at" (udev symlink), never ttyUSBn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hal.coprocessor.board import Coprocessor
from hal.coprocessor.fxo_line import FxoLine
from hal.coprocessor.handset_line import HandsetLine
from hal.line import Line
from hal.modems.gsm_line import GsmLine
from hal.modems.model import known_models, load_model
from hal.modems.places import ANY
from hal.modems.voice.line import VoiceLine
from hal.modems.voice.profile import known_voice_models, load_voice_model

_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "gsm": (("model", "at", "pcm"), ("pin", "imei")),
    "v253": (("model", "port"), ()),
    "fxo": (("board", "audio"), ("dialling", "reversal")),
    "handset": (("board", "audio"), ()),
}
"""By kind: what must be given, what may be."""
_CHOICES = {"dialling": ("tone", "pulse"), "reversal": ("yes", "no")}
_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}", re.ASCII)
_IMEI = re.compile(r"[0-9]{15}", re.ASCII)
_PIN = re.compile(r"[0-9]{4,8}", re.ASCII)


class ProfileError(Exception):
    """The entry can't be used; the text names the field and what to write there."""


def build_lines(
    entries: Sequence[Mapping[str, Any]], run_folder: str = "", country: str = "CN"
) -> list[Line]:
    """Make the lines that the entries describe. Nothing is opened before `start`.

    Args:
        entries: As read from TOML.
        run_folder: What `{run}` in a path stands for.
        country: ISO 3166 code.

    Raises:
        ProfileError: A field is missing, unknown or malformed, or two entries contradict each other.
    """
    boards: dict[str, Coprocessor] = {}
    lines: list[Line] = []
    for entry in entries:
        _check(entry)
        if any(line.name == entry["name"] for line in lines):
            raise ProfileError(f"line {entry['name']!r}: another line has this name")
        for line, taken in zip(lines, entries, strict=False):
            if taken["kind"] == entry["kind"] and _device(taken) == _device(entry):
                raise ProfileError(f"line {entry['name']!r}: {line.name} has the device {_device(entry)}")
        lines.append(_build(entry, run_folder, country, boards))
    return lines


def build_line(entry: Mapping[str, Any], run_folder: str = "") -> Line:
    """Make the line that one entry describes; see `build_lines`."""
    return build_lines([entry], run_folder)[0]


def _device(entry: Mapping[str, Any]) -> str:
    if ANY in str(entry.get("at")):
        return f"with the IMEI {entry.get('imei')}"
    return str(entry.get("at") or entry.get("port") or entry.get("board"))


def _check(entry: Mapping[str, Any]) -> None:
    name, kind = entry.get("name"), entry.get("kind")
    where = f"line {name!r}" if isinstance(name, str) else "a line"
    for field in ("name", "kind"):
        if field not in entry:
            raise ProfileError(f"{where}: the field '{field}' is missing")
    if kind not in _FIELDS:
        raise ProfileError(f"{where}: 'kind' must be one of {', '.join(_FIELDS)}")
    required, optional = _FIELDS[kind]
    for field in required:
        if field not in entry:
            raise ProfileError(f"{where}: the field '{field}' is missing")
    for field, value in entry.items():
        if field not in (*required, *optional, "name", "kind"):
            raise ProfileError(f"{where}: the field '{field}' is unknown")
        if not isinstance(value, str):
            raise ProfileError(f"{where}: the field '{field}' must be text in quotes")
        if field in _CHOICES and value not in _CHOICES[field]:
            raise ProfileError(f"{where}: '{field}' must be one of {', '.join(_CHOICES[field])}")
    if not _NAME.fullmatch(entry["name"]):
        raise ProfileError(f"{where}: 'name' must be up to 16 of a-z, 0-9 and -, beginning with a letter")
    known = {"gsm": known_models, "v253": known_voice_models}.get(kind)
    if known is not None and entry["model"] not in known():
        raise ProfileError(f"{where}: 'model' must be one of {', '.join(known())}")
    if "pin" in entry and not _PIN.fullmatch(entry["pin"]):
        raise ProfileError(f"{where}: 'pin' must be 4 to 8 digits")
    if "imei" in entry and not _IMEI.fullmatch(entry["imei"]):
        raise ProfileError(f"{where}: 'imei' must be the 15 digits that are printed on the modem")
    stars = str(entry.get("at")).count(ANY)
    # Only in the last part of the path: the others are folders.
    in_folder = ANY in str(entry.get("at")).rpartition("/")[0]
    if in_folder or stars > 1 or (stars == 1 and "imei" not in entry):
        raise ProfileError(
            f"{where}: 'at' with one * in the file's name needs 'imei', which tells equal modems apart"
        )
    if stars and ANY not in entry["pcm"] and not entry["pcm"].startswith("alsa:"):
        raise ProfileError(f"{where}: 'pcm' must have a * too, or it may be another modem's")


def _build(entry: Mapping[str, Any], run_folder: str, country: str, boards: dict[str, Coprocessor]) -> Line:
    name = entry["name"]

    def path(field: str) -> str:
        return str(entry[field]).replace("{run}", run_folder)

    if entry["kind"] == "gsm":
        model, imei = load_model(entry["model"]), entry.get("imei", "")
        return GsmLine(name, path("at"), path("pcm"), model, entry.get("pin"), imei=imei)
    if entry["kind"] == "v253":
        return VoiceLine(name, path("port"), load_voice_model(entry["model"]), country)
    board = boards.setdefault(path("board"), Coprocessor(path("board")))
    if entry["kind"] == "handset":
        return HandsetLine(name, board, path("audio"), country)
    return FxoLine(
        name,
        board,
        path("audio"),
        pulse=entry.get("dialling") == "pulse",
        answers_by_reversal=entry.get("reversal") == "yes",
    )
