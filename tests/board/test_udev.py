"""The rules that name ports: each port of a modem we know gets its names once, and every modem has some."""

from __future__ import annotations

import re

import pytest

from hal.detect import KNOWN_USB
from tests.board.conftest import REPOSITORY

RULES = [
    line
    for line in (REPOSITORY / "board" / "udev" / "70-zongji.rules").read_text("utf-8").splitlines()
    if line.startswith('SUBSYSTEM=="tty"') and "idVendor" in line
]
CONDITION = re.compile(r'([A-Z_]+(?:\{[A-Za-z_]+\})?)(==|!=)"([^"]*)"')
KEYS = {
    "ATTRS{idVendor}": "vendor",
    "ATTRS{idProduct}": "product",
    "ENV{ID_USB_MODEL_ID}": "product",
    "ENV{ID_USB_INTERFACE_NUM}": "interface",
}


def names_of(usb: str, interface: str) -> list[str]:
    """Return the names that a modem's port gets, each as often as a rule gives it."""
    vendor, product = usb.split(":")
    port = {"vendor": vendor, "product": product, "interface": interface}
    names: list[str] = []
    for rule in RULES:
        conditions = [(KEYS[key], how, value) for key, how, value in CONDITION.findall(rule) if key in KEYS]
        if all((port[what] in value.split("|")) == (how == "==") for what, how, value in conditions):
            found = re.search(r'SYMLINK\+="([^"]*)"', rule)
            names += found[1].split() if found else []
    return names


@pytest.mark.parametrize("usb", KNOWN_USB)
def test_each_port_of_a_modem_has_its_names_once(usb: str) -> None:
    ports = {name: number for number in range(6) for name in names_of(usb, f"{number:02d}")}
    given = [name for number in range(6) for name in names_of(usb, f"{number:02d}")]
    assert sorted(given) == sorted(ports), "a name given twice is whichever came last"
    is_voice = "zongji/pstn1" in ports
    assert ports.keys() == (
        {"zongji/pstn1", "zongji/usb-$id-voice"}
        if is_voice
        else {"zongji/gsm1-at", "zongji/gsm1-pcm", "zongji/usb-$id-at", "zongji/usb-$id-pcm"}
    )


def test_where_at_and_audio_of_each_family_are() -> None:
    """Telephony-reference A6."""
    assert names_of("1e0e:9001", "02")[0] == names_of("2c7c:0125", "02")[0] == "zongji/gsm1-at"
    assert names_of("1e0e:9001", "04")[0] == names_of("2c7c:0125", "01")[0] == "zongji/gsm1-pcm"
    assert names_of("12d1:1001", "02")[0] == names_of("12d1:140c", "03")[0] == "zongji/gsm1-at"
    assert names_of("12d1:1436", "04")[0] == "zongji/gsm1-at"
    assert names_of("12d1:1436", "03")[0] == "zongji/gsm1-pcm"
