"""What hardware is really there: the HAT's EEPROM, and modems on USB. Reads files, opens no device.

A HAT tells who it is through the device tree (Raspberry Pi HAT specification); USB devices by vendor and
product (telephony-reference A6, B2).
"""

from __future__ import annotations

import dataclasses
import sys
import tomllib
from pathlib import Path

KNOWN_USB: dict[str, str] = {
    "1e0e:9001": "SIM7600",
    "1e0e:9011": "A7670",
    "2c7c:0121": "EC21",
    "2c7c:0125": "EC25",
    "2c7c:6005": "EC200",
    "12d1:1001": "Huawei E1xx",
    "12d1:140c": "Huawei E1xx",
    "12d1:1436": "Huawei E1xx",
    "12d1:14ac": "Huawei E1xx",
    "12d1:1506": "Huawei E1xx",
    "0572:1321": "CX93010",
    "0572:1324": "CX93010",
    "0572:1328": "CX93010",
    "0572:1349": "CX93010",
    "0803:3095": "Zoom 3095",
    "0baf:0303": "USR5637",
}
"""Modems this firmware knows, "vendor:product" in hexadecimal."""
HAT = Path("/proc/device-tree/hat")
USB = Path("/sys/bus/usb/devices")


@dataclasses.dataclass(frozen=True)
class Found:
    """The hardware of this computer."""

    hat: str
    """The product's name in the HAT's EEPROM; empty without HAT or EEPROM."""
    usb: frozenset[str]
    """Known modems on USB, "vendor:product"."""


def look(hat: Path = HAT, usb: Path = USB) -> Found:
    """Return what is there now."""
    ids = {f"{_text(device / 'idVendor')}:{_text(device / 'idProduct')}" for device in _devices(usb)}
    return Found(_text(hat / "product"), frozenset(ids & KNOWN_USB.keys()))


def contradiction(wanted_hat: str, wanted_usb: tuple[str, ...], found: Found) -> str | None:
    """Return why a board's profile can't be the one of this hardware, in plain words; None when it can.

    Hardware that isn't there contradicts nothing: it may be plugged in later. What is there in its place
    does.

    Args:
        wanted_hat: Part of the product's name that the profile's HAT has; empty for none.
        wanted_usb: Modems of the profile, any of which may be there.
        found: The hardware.
    """
    if wanted_hat and found.hat and wanted_hat.lower() not in found.hat.lower():
        return f"it is for the HAT {wanted_hat}, but the HAT plugged in says {found.hat}"
    others = found.usb - set(wanted_usb)
    if wanted_usb and others and not found.usb & set(wanted_usb):
        there = ", ".join(sorted(KNOWN_USB[one] for one in others))
        wanted = ", ".join(dict.fromkeys(KNOWN_USB.get(one, one) for one in wanted_usb))
        return f"it is for the modem {wanted}, but {there} is plugged in"
    return None


def fits(wanted_hat: str, wanted_usb: tuple[str, ...], found: Found) -> int:
    """Return how well a profile fits the hardware: 0 not at all, more for each thing that is there."""
    if contradiction(wanted_hat, wanted_usb, found) is not None:
        return 0
    hat = bool(wanted_hat) and wanted_hat.lower() in found.hat.lower()
    return 2 * hat + bool(found.usb & set(wanted_usb))


def best_profile(folder: Path, found: Found) -> str | None:
    """Return the name of the board's profile in a folder that fits the hardware best; None where none does.

    Of several that fit equally well the first by name counts.
    """
    boards = {
        path.stem: tomllib.loads(path.read_text("utf-8")).get("board", {}) for path in folder.glob("*.toml")
    }
    how_well = {
        name: fits(board.get("hat", ""), tuple(board.get("usb", ())), found)
        for name, board in sorted(boards.items())
    }
    best = max(how_well, key=lambda name: how_well[name], default="")
    return best if how_well.get(best) else None


def _devices(usb: Path) -> list[Path]:
    try:
        return sorted(usb.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:200].decode("utf-8", "replace").strip("\x00\n ")
    except OSError:
        return ""


if __name__ == "__main__":
    # For the installer: which profile of that folder is this computer's.
    chosen = best_profile(Path(sys.argv[1]), look())
    if chosen is None:
        sys.exit("no board of these profiles is here")
    sys.stdout.write(f"{chosen}\n")
