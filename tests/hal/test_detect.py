"""Which hardware is there, and which board's profile it contradicts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firmware.app.front_panel import Seen, mood_of
from firmware.app.panel import check_board
from firmware.core.errors import UserError
from firmware.profile import load_profile
from hal import detect
from hal.detect import Found, best_profile, contradiction, look
from hal.modems.build import build_lines
from hal.panel import Mood

PROFILES = sorted((Path(__file__).parents[2] / "board" / "profiles").glob("*.toml"))

WELL, AWAY, HELPLESS = Seen(works=True), Seen(works=False), Seen(works=False, needs_a_hand=True)


def plug(usb: Path, name: str, vendor: str, product: str) -> None:
    (usb / name).mkdir(parents=True)
    (usb / name / "idVendor").write_text(f"{vendor}\n")
    (usb / name / "idProduct").write_text(f"{product}\n")


def test_hat_and_modems_are_found(tmp_path: Path) -> None:
    (tmp_path / "hat").mkdir()
    (tmp_path / "hat" / "product").write_bytes(b"zongji HAT\x00")
    plug(tmp_path / "usb", "1-1", "1e0e", "9001")
    plug(tmp_path / "usb", "1-2", "046d", "c31c")
    assert look(tmp_path / "hat", tmp_path / "usb") == Found("zongji HAT", frozenset({"1e0e:9001"}))
    assert look(tmp_path / "no", tmp_path / "where") == Found("", frozenset())


def test_other_hardware_in_its_place_contradicts_a_profile_and_missing_hardware_does_not() -> None:
    sim7600 = ("", ("1e0e:9001",))
    assert contradiction(*sim7600, Found("", frozenset())) is None
    assert contradiction(*sim7600, Found("", frozenset({"1e0e:9001", "2c7c:0125"}))) is None
    said = contradiction(*sim7600, Found("", frozenset({"2c7c:0125"})))
    assert said == "it is for the modem SIM7600, but EC25 is plugged in"
    said = contradiction("zongji", (), Found("Sixfab Base HAT", frozenset()))
    assert said == "it is for the HAT zongji, but the HAT plugged in says Sixfab Base HAT"


def test_a_switch_refuses_the_profile_of_another_board_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = next(load_profile(path) for path in PROFILES if path.stem == "pi-sim7600")
    monkeypatch.setattr(detect, "look", lambda: Found("", frozenset({"2c7c:0125"})))
    with pytest.raises(UserError, match="can't be used here: it is for the modem SIM7600, but EC25"):
        check_board(profile)
    monkeypatch.setattr(detect, "look", lambda: Found("", frozenset({"1e0e:9001"})))
    check_board(profile)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_profile_of_the_product_builds_its_lines(path: Path) -> None:
    profile = load_profile(path)
    assert build_lines(profile.lines, "/run/zongji", profile.country)


def test_each_profile_is_found_by_its_hardware() -> None:
    seen = {
        Found("zongji HAT v1", frozenset()): "pi-zongji-hat",
        Found("", frozenset({"1e0e:9001"})): "pi-sim7600",
        Found("", frozenset({"2c7c:0125"})): "pi-sixfab-ec25",
        Found("", frozenset({"0572:1328"})): "pi-usb-voice-modem",
        Found("", frozenset({"0803:3095"})): "pi-usb-voice-zoom3095",
        Found("", frozenset({"0baf:0303"})): "pi-usb-voice-usr5637",
    }
    folder = PROFILES[0].parent
    for found, name in seen.items():
        assert best_profile(folder, found) == name
    assert best_profile(folder, Found("", frozenset())) is None
    assert best_profile(folder, Found("Sense HAT", frozenset())) is None
    assert best_profile(folder, Found("zongji HAT", frozenset({"1e0e:9001"}))) == "pi-zongji-hat"


def test_the_installer_asks_which_board_is_here() -> None:
    script = (PROFILES[0].parents[1] / "install" / "install.sh").read_text("utf-8")
    assert "-m hal.detect" in script
    done = subprocess.run(
        [sys.executable, "-m", "hal.detect", str(PROFILES[0].parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    # Whatever this computer is, it answers with a profile's name, or with why not.
    assert (done.returncode == 0) == (done.stdout.strip() in {path.stem for path in PROFILES}), done


def test_a_voice_modem_of_another_kind_is_not_taken_for_the_profiles() -> None:
    board = next(load_profile(path).board for path in PROFILES if path.stem == "pi-usb-voice-modem")
    said = contradiction(board.hat, board.usb, Found("", frozenset({"0baf:0303"})))
    assert said == "it is for the modem CX93010, but USR5637 is plugged in"


@pytest.mark.parametrize(
    ("lines", "calls", "faults", "mood"),
    [
        ([WELL], 0, 0, Mood.READY),
        ([WELL], 1, 0, Mood.TALKING),
        ([WELL, AWAY], 1, 0, Mood.DEGRADED),
        ([WELL], 0, 1, Mood.DEGRADED),
        ([AWAY], 0, 0, Mood.DEGRADED),
        ([WELL, HELPLESS], 1, 0, Mood.FAULT),
        ([HELPLESS], 0, 1, Mood.FAULT),
    ],
)
def test_the_lamps_tell_the_worst_and_red_is_for_what_a_person_must_mend(
    lines: list[Seen], calls: int, faults: int, mood: Mood
) -> None:
    assert mood_of(lines, calls, faults) is mood
