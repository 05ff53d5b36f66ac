"""The lines' part of a board's profile: what it says when an entry is wrong, and the profiles we ship."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hal.line import LineState
from hal.modems.build import ProfileError, build_line
from hal.modems.model import known_models, load_model

GOOD = {"name": "gsm1", "kind": "gsm", "model": "sim7600", "at": "{run}/at", "pcm": "{run}/pcm"}
PROFILES = Path(__file__).parents[2] / "board" / "profiles"


def test_a_good_entry_makes_a_line_that_is_not_started() -> None:
    line = build_line({**GOOD, "pin": "1234"}, "/run/zongji")
    assert (line.name, line.state) == ("gsm1", LineState.DOWN)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "GSM 1"}, "'name' must be"),
        ({"kind": "isdn"}, "'kind' must be"),
        ({"model": "nokia"}, "'model' must be one of a7670, ec200, ec25, ec25-uac, huawei-e1xx, sim7600"),
        ({"pin": "12ab"}, "'pin' must be 4 to 8 digits"),
        ({"pin": 1234}, "'pin' must be text"),
        ({"at": 5}, "'at' must be text"),
        ({"colour": "red"}, "'colour' is unknown"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        build_line({**GOOD, **change})


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(ProfileError, match=f"'{field}' is missing"):
        build_line({name: value for name, value in GOOD.items() if name != field})


def test_a_refused_pin_is_not_repeated_in_the_message() -> None:
    with pytest.raises(ProfileError) as told:
        build_line({**GOOD, "pin": "98765432100"})
    assert "98765432100" not in str(told.value)


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_profiles_we_ship_build_their_lines(path: Path) -> None:
    profile = tomllib.loads(path.read_text(encoding="utf-8"))
    lines = [build_line(entry, "/run/zongji") for entry in profile["lines"]]
    assert lines
    assert len({line.name for line in lines}) == len(lines)
    assert profile["country"] == profile["country"].upper()


@pytest.mark.parametrize("name", known_models())
def test_every_model_has_a_readable_profile(name: str) -> None:
    model = load_model(name)
    assert model.audio.sample_rate in (8000, 16000)
    assert model.call.digit.format(key="5") != model.call.digit
