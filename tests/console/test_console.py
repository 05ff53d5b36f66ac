"""Every menu of the console, at 80 × 24, on a VT100 and on a terminal that can nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.control.acceptance import BeginAcceptance, Measure
from firmware.control.access import AllowPasswordReset
from firmware.control.care import LeaveSafeMode
from firmware.control.editing import AddPerson, ChangePerson, ChangeSettings, RemovePerson
from firmware.control.line_care import BeginTestCall, GivePin, SetGain
from tests.console.rig import PASSWORD, OfficeBox, Person


@pytest.fixture
def box(tmp_path: Path) -> Iterator[OfficeBox]:
    made = OfficeBox(tmp_path)
    with made.running():
        yield made


# Both in `test --all`; the dumb terminal, whose editor is ours, always.
@pytest.fixture(params=[pytest.param("vt100", marks=pytest.mark.slow), "dumb"])
def person(box: OfficeBox, request: pytest.FixtureRequest) -> Iterator[Person]:
    with Person(box, dumb=request.param == "dumb") as one:
        one.logs_in("en", first=True)
        yield one


def test_status_is_seen_at_a_glance(box: OfficeBox, person: Person) -> None:
    box.faults.append("line gsm1: modem vanished")
    person.types("1")
    person.sees(
        "zongji 0.1.0: 1 calls, 2 phones registered",
        "CHINA MOBILE, -71 dBm",
        "Memory 88 MB: switch 50 MB, media 38 MB",
        "Card mmcblk0p2: 31 % used, 9000 MB free, life used 20 %",
        "! line gsm1: modem vanished",
    )
    person.types("")
    person.sees("Main menu")


def test_wrong_choices_are_answered_with_what_is_possible(person: Person) -> None:
    for wrong in ("99", "x", "-1", "1.5", "²", "a" * 600):
        person.types(wrong)
        person.sees("Please type a number from 0 to 9.")


def test_the_doctor_says_what_to_do_and_the_pin_is_taken(box: OfficeBox, person: Person) -> None:
    person.types("2")
    person.sees("Doctor")
    person.types("1")
    person.sees(
        "the modem answers", "BAD", "the SIM card asks for its PIN", "→ Enter the PIN", "not examined"
    )
    person.types("")
    person.sees("Number")
    person.types("2")
    person.sees("never as the last attempt")
    person.types("12ab")
    person.sees("A PIN has 4 to 8 digits.")
    person.types("1234")
    person.sees("tried within half a minute")
    assert box.last(GivePin).pin == "1234"
    assert "1234" not in person.seen, "a PIN is not shown"


def test_the_gain_is_set_beside_a_meter_that_moves(box: OfficeBox, person: Person) -> None:
    person.types("2")
    person.sees("Gain")
    person.types("3")
    person.sees("gsm1 is heard with +1.5 dB", "Level meter")
    person.types("1")
    person.sees("gsm1 [####################          ]  -20.0 dBm0")
    person.presses(" ")
    person.sees("Number")
    person.types("2")
    person.sees("Gain in dB, -12 to 12")
    person.types("loud")
    person.sees("Please type a number from -12 to 12.")
    person.types("3.5")
    person.sees("+3.5 dB")
    assert box.last(SetGain).gain_db == 3.5


def test_the_busy_tone_is_learned(person: Person) -> None:
    person.types("2")
    person.sees("busy tone")
    person.types("4")
    person.sees("1. Ring gsm1 from a mobile phone", "the country's")
    person.types("1")
    person.sees("Learned: 450 Hz, 350/350 ms")


def test_test_calls_go_out_and_within_the_box(box: OfficeBox, person: Person) -> None:
    person.types("2")
    person.sees("Test call to a number")
    person.types("5")
    person.sees("Number to call")
    person.types("10086")
    person.sees("Answered after 4.2 s.", "-18.5 dBm0", "weaker by 31.0 dB")
    assert box.last(BeginTestCall).number == "10086"
    person.types("")
    person.sees("Test call within the box")
    person.types("6")
    person.sees("The box works: answered after 3 ms, key heard after 74 ms.")


def test_people_are_listed_added_changed_and_removed(box: OfficeBox, person: Person) -> None:
    person.types("4")
    person.sees("Everybody")
    person.types("1")
    person.sees("101", "王芳 Wang Fang", "registered", "102")
    person.types("")
    person.sees("Number")
    person.types("2")
    person.sees("Number of the extension")
    person.types("999")
    person.sees("There is no extension 999.")
    person.types("")
    person.sees("Everybody")
    person.types("2")
    person.types("101")
    person.sees("192.168.1.20:5060", "s3cretWord")
    person.types("")
    person.sees("Everybody")
    person.types("3")
    person.types("101")
    person.sees("Sure")
    person.types("n")
    person.sees("Everybody")
    assert not any(isinstance(one, ChangeSettings) for one in box.asked)
    person.types("3")
    person.types("101")
    person.types("y")
    person.sees("Done.")
    assert box.last(ChangeSettings).edits == [ChangePerson("101", new_secret=True)]
    person.types("")
    person.sees("Everybody")
    person.types("4")
    person.types("105")
    person.types("赵敏")
    person.sees("Done.")
    assert box.last(ChangeSettings).edits == [AddPerson("105", "赵敏")]
    person.types("")
    person.sees("Everybody")
    person.types("5")
    person.types("102")
    person.types("y")
    person.sees("Done.")
    assert box.last(ChangeSettings).edits == [RemovePerson("102")]


def test_what_the_box_refuses_is_said_in_ones_language(box: OfficeBox, person: Person) -> None:
    box.refuse = "That number is taken. / 号码已被占用。"
    person.types("4")
    person.sees("Everybody")
    person.types("1")
    person.sees("That didn't work: That number is taken.")
    person.types("")
    person.sees("Everybody")


def commands(box: OfficeBox) -> list[str]:
    return [" ".join(command) for command in box.host.history]


def test_a_fixed_address_is_tried_and_kept(box: OfficeBox, person: Person) -> None:
    person.types("5")
    person.sees("eth0 192.168.1.20/24", "Set: eth0 DHCP")
    person.types("2")
    person.sees("Address with prefix")
    person.types("192.168.1.10/24")
    person.types("192.168.1.1")
    person.types("192.168.1.1, 223.5.5.5")
    person.sees("New: eth0 192.168.1.10/24 → 192.168.1.1 DNS 192.168.1.1, 223.5.5.5", "Try it for 90 s")
    person.types("y")
    person.sees("It is in force.")
    person.types("y")
    person.sees("Kept.")
    profile = box.host.root / "etc/NetworkManager/system-connections/zongji.nmconnection"
    assert "address1=192.168.1.10/24,192.168.1.1" in profile.read_text()
    assert profile.stat().st_mode & 0o777 == 0o600
    assert commands(box)[-1] == "nmcli --wait 30 connection up zongji"


def test_a_network_that_cannot_be_is_refused_with_the_remedy(box: OfficeBox, person: Person) -> None:
    person.types("5")
    person.sees("Set:")
    person.types("2")
    person.types("192.168.1.10")
    person.types("")
    person.types("")
    person.sees("Try it for")
    person.types("y")
    person.sees("address: with its prefix, such as 192.168.1.10/24.")
    assert not (box.host.root / "etc/NetworkManager").exists()


def test_wifi_and_vlan(box: OfficeBox, person: Person) -> None:
    person.types("5")
    person.sees("Wi-Fi")
    person.types("3")
    person.types("办公室 AP")
    person.sees("Its password")
    person.types("long enough key")
    person.sees("New: wlan0 Wi-Fi “办公室 AP” DHCP")
    person.types("n")
    person.sees("Main menu")
    assert "long enough key" not in person.seen
    person.types("5")
    person.sees("VLAN")
    person.types("4")
    person.types("4095")
    person.sees("Please type a number from 0 to 4094.")
    person.types("20")
    person.sees("New: eth0 VLAN 20 DHCP")
    person.types("y")
    person.types("n")
    person.sees("It goes back within 90 s.")
    profile = box.host.root / "etc/NetworkManager/system-connections/zongji.nmconnection"
    assert "[vlan]\nid=20\nparent=eth0" in profile.read_text()


def test_date_and_zone(box: OfficeBox, person: Person) -> None:
    person.types("6")
    person.sees("Set date and time")
    person.types("1")
    person.types("tomorrow")
    person.sees("That is no date and time")
    person.types("")
    person.sees("Main menu")
    person.types("6")
    person.types("1")
    person.types("2026-11-22 09:30")
    person.sees("Done.")
    assert "timedatectl set-time 2026-11-22 09:30:00" in commands(box)
    person.types("")
    person.sees("Main menu")
    person.types("6")
    person.types("2")
    person.sees("Asia/Shanghai")
    person.types("1")
    person.sees("Done.")
    assert "timedatectl set-timezone Asia/Shanghai" in commands(box)


def test_logs_are_shown_a_screen_at_a_time(box: OfficeBox, person: Person) -> None:
    box.host.answers["journalctl"] = "\n".join(f"line {number} \x1b[31mred" for number in range(60))
    person.types("7")
    person.sees("switch")
    person.types("2")
    person.sees("line 59 ·[31mred", "Enter for more")
    assert "\x1b[31m" not in person.seen, "what a log holds is harmless"
    person.types("")
    person.sees("line 39")
    person.types("q")
    person.sees("Enter to go on")
    assert any("--unit=zongji-switch.service" in command for command in commands(box))


def test_a_backup_goes_onto_a_stick_and_comes_back(box: OfficeBox, person: Person) -> None:
    person.types("8")
    person.sees("Back up onto")
    person.types("1")
    person.sees("The card is 25 % full", "No backup has been made yet.")
    person.types("")
    person.types("2")
    person.sees("sda1  STICK  7629 MB")
    person.types("1")
    person.sees("zongji-box.age is on the stick")
    stick = box.host.root / "run/zongji-stick/zongji/zongji-box.age"
    assert stick.read_bytes() == b"age"
    person.types("")
    person.sees("Restore from")
    person.types("3")
    person.types("1")
    person.sees("zongji-box.age", "Which backup")
    person.types("1")
    person.types("AGE-SECRET-KEY-1")
    person.sees("Type ERASE to confirm")
    person.types("yes")
    person.sees("Nothing was changed.")
    assert "AGE-SECRET-KEY-1" not in person.seen
    person.types("")
    person.sees("Restore from")
    for typed in ("3", "1", "1", "AGE-SECRET-KEY-1", "ERASE"):
        person.types(typed)
    person.sees("Done.")
    told = commands(box)
    stop = told.index("systemctl stop zongji-web.service zongji-switch.service zongji-media.service")
    assert any("restore" in command for command in told[stop:])
    assert "start --no-block" in told[-1]


def into_system(person: Person, entry: str) -> None:
    person.types("9")
    person.sees("Update", "Factory reset")
    person.types(entry)


def test_an_update_is_installed(box: OfficeBox, person: Person) -> None:
    into_system(person, "1")
    person.types("zongji.bundle")
    person.sees("Also end calls")
    person.types("n")
    person.sees("That didn't work: Put the bundle into")
    person.types("")
    person.sees("Factory reset")
    person.types("1")
    person.types(str(box.paths.root / "uploads" / "zongji.bundle"))
    person.types("y")
    person.sees("unpacking", "Done.")
    assert box.installed == [(box.paths.root / "uploads" / "zongji.bundle", True)]


def test_the_owners_password_is_changed(person: Person) -> None:
    into_system(person, "2")
    person.types(PASSWORD)
    person.types("short")
    person.types("short")
    person.sees("at least 10 characters")
    person.types("")
    person.sees("Factory reset")
    person.types("2")
    for typed in ("wrong old one", "another good one", "another good one"):
        person.types(typed)
    person.sees("The old password is wrong.")
    person.types("")
    person.sees("Factory reset")
    person.types("2")
    for typed in (PASSWORD, "another good one", "another good one"):
        person.types(typed)
    person.sees("Done.")


def test_admin_reset_and_leaving_safe_mode(box: OfficeBox, person: Person) -> None:
    into_system(person, "3")
    person.types("y")
    person.sees("within 10 minutes")
    assert box.last(AllowPasswordReset)
    person.types("")
    person.sees("Factory reset")
    person.types("5")
    person.sees("Done.")
    assert box.last(LeaveSafeMode)


def test_a_shell_takes_the_owners_password(box: OfficeBox, person: Person) -> None:
    into_system(person, "4")
    person.types("guessed wrong")
    person.sees("That is not the owner's password.")
    person.types("")
    person.sees("Factory reset")
    person.types("4")
    person.types(PASSWORD)
    person.sees("The shell comes up")
    assert commands(box) == ["systemctl start --no-block zongji-shell@ttyGS0.service"]


@pytest.mark.parametrize(("entry", "command"), [("6", "systemctl reboot"), ("7", "systemctl poweroff")])
def test_restart_and_switching_off_are_confirmed(
    box: OfficeBox, person: Person, entry: str, command: str
) -> None:
    into_system(person, entry)
    person.sees("Calls in progress end.")
    person.types("n")
    person.sees("Factory reset")
    assert commands(box) == []
    person.types(entry)
    person.types("y")
    person.sees("Logged out.")
    assert commands(box) == [command]


def test_a_factory_reset_is_typed_out(box: OfficeBox, person: Person) -> None:
    (box.paths.recordings / "a.wav").touch()
    (box.paths.root / "settings.json").write_text("{}")
    (box.paths.prompts / "mine.wav").touch()
    into_system(person, "8")
    person.sees("erased for ever")
    person.types("erase")
    person.sees("Nothing was changed.")
    assert (box.paths.recordings / "a.wav").exists()
    person.types("")
    person.sees("Factory reset")
    person.types("8")
    person.types("ERASE")
    person.sees("Logged out.")
    assert not (box.paths.recordings / "a.wav").exists()
    assert not (box.paths.root / "settings.json").exists()
    assert (box.paths.prompts / "mine.wav").exists(), (
        "what callers hear is no secret and takes minutes to speak"
    )
    person.sees("Enter, 1, 2")


def test_the_acceptance_test_leads_to_a_sheet(box: OfficeBox, person: Person) -> None:
    person.types("3")
    person.sees("Installer's name")
    person.types("Li")
    person.types("Wang & Co")
    person.sees("Inbound call", "to do")
    assert (box.last(BeginAcceptance).installer, box.last(BeginAcceptance).customer) == ("Li", "Wang & Co")
    person.types("1")
    person.sees("Ring this line", "Enter begins, s skips")
    person.types("")
    person.sees("passed", "1.2 s")
    person.types("2")
    person.sees("Number called from")
    person.types("13800138000")
    person.sees("passed")
    assert box.last(Measure).value == "13800138000"
    person.types("3")
    person.sees("acceptance-gsm1.html", "acceptance-gsm1.pdf")
    assert (box.paths.root / "console/sheets/acceptance-gsm1.pdf").read_bytes().startswith(b"%PDF")


def test_ctrl_c_goes_back_and_never_out(person: Person) -> None:
    person.types("4")
    person.sees("Everybody")
    person.types("4")
    person.sees("Number of the extension")
    person.presses("\x03")
    person.sees("Everybody")
    person.presses("\x03")
    person.sees("Main menu")


def test_backspace_takes_back_what_was_typed(box: OfficeBox, person: Person) -> None:
    person.types("4")
    person.sees("Everybody")
    person.types("4")
    person.types("1055\x7f")
    person.types("王五\x7f六")
    person.sees("Done.")
    assert box.last(ChangeSettings).edits == [AddPerson("105", "王六")]


# Getting in


def test_chinese_is_spoken_as_well(box: OfficeBox) -> None:
    with Person(box, dumb=True) as person:
        person.logs_in("zh", first=True)
        person.types("1")
        person.sees("总机 0.1.0：通话 1 路，已注册话机 2 部", "一切正常。")
        person.types("")
        person.sees("状态一览", "验收测试", "备份与恢复")


def test_the_first_password_has_to_be_a_good_one(box: OfficeBox) -> None:
    with Person(box, dumb=True) as person:
        person.sees("Enter, 1, 2")
        person.types("2")
        for typed, told in (("short", "at least 10"), ("aaaaaaaaaaaa", "too easy")):
            person.sees("New password")
            person.types(typed)
            person.sees("The same again")
            person.types(typed)
            person.sees(told)
        person.types("good enough one")
        person.types("something else")
        person.sees("Those were not the same.")


def test_guessing_takes_longer_and_longer(box: OfficeBox) -> None:
    with Person(box, dumb=True) as person:
        person.logs_in("en", first=True)
        person.types("9")
        person.sees("Log out")
        person.types("9")
        person.sees("Logged out.")
        person.types("2")
        for _ in range(3):
            person.sees("Password")
            person.types("guessed wrong")
            person.sees("That is not the password.")
        person.sees("Enter, 1, 2")
        person.types("2")
        person.sees("Too many wrong ones: wait")
        assert "guessed wrong" not in person.seen


def test_who_goes_away_is_logged_out(box: OfficeBox) -> None:
    with Person(box, dumb=False, idle=1.5) as person:
        person.logs_in("en", first=True)
        person.sees("Logged out: nobody typed for a while.")
        person.types("2")
        person.sees("Password")


def test_a_cut_line_ends_the_console(box: OfficeBox) -> None:
    with Person(box, dumb=True) as person:
        person.logs_in("en", first=True)
        person.presses("\x04")
        assert person.is_gone()


def test_without_a_switch_the_console_still_helps(box: OfficeBox, tmp_path: Path) -> None:
    elsewhere = OfficeBox(tmp_path / "elsewhere")
    elsewhere.steward_socket = box.steward_socket
    with Person(elsewhere, dumb=True) as person:
        person.logs_in("en", first=True)
        person.types("1")
        person.sees("That didn't work: no switch runs here")
        person.types("")
        person.sees("Main menu")
        person.types("7")
        person.types("1")
        person.sees("gsm1: ready")


# Name, what is typed to come there and back, the last words of the screen in each language.
SCREENS = [
    ("main", "", "", {"en": "System", "zh": "系统"}),
    ("status", "1", "", {"en": "Enter to go on", "zh": "按回车继续"}),
    ("lines", "2", "0", {"en": "within the box", "zh": "机内测试呼叫"}),
    ("acceptance", "3", "", {"en": "Installer's name", "zh": "安装人员姓名"}),
]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_screens_look_as_drawn(box: OfficeBox, language: str) -> None:
    """The pictures lie in tests/console/screens; every line fits into 80 cells."""
    drawn = Path(__file__).parent / "screens"
    with Person(box, dumb=False) as person:
        person.logs_in(language, first=True)
        for name, come, leave, last in SCREENS:
            if come:
                person.types(come)
                person.sees(last[language])
            picture = person.picture()
            assert picture == (drawn / f"{name}.{language}.txt").read_text("utf-8"), picture
            if come:
                person.types(leave)
