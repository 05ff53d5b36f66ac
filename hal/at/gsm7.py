"""The GSM default alphabet and its packing (3GPP TS 23.038, 6.1.2.1, 6.2.1).

A character is one septet, or two when it is of the extension table: the escape and its code. Septets are
packed
into octets from the lowest bit up; `fill` bits before the first one make room for a header (23.040,
9.2.3.24).
"""

from __future__ import annotations

ESCAPE = 0x1B
_UNKNOWN = "?"
# By code, 0x00 to 0x7F; the escape's place is held by a character no text has.
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_CODES = {character: (code,) for code, character in enumerate(ALPHABET) if code != ESCAPE} | {
    character: (ESCAPE, code) for code, character in EXTENSION.items()
}
_SEPTET = 0x7F


def to_septets(text: str) -> list[int] | None:
    """Return the codes of `text`; None when a character is not of the alphabet."""
    septets: list[int] = []
    for character in text:
        codes = _CODES.get(character)
        if codes is None:
            return None
        septets.extend(codes)
    return septets


def from_septets(septets: list[int]) -> str:
    """Return the text of codes; an extension nobody knows reads as its plain character (23.038, 6.2.1.1)."""
    text: list[str] = []
    escaped = False
    for code in septets:
        if escaped:
            text.append(EXTENSION.get(code, ALPHABET[code] if code != ESCAPE else " "))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            text.append(ALPHABET[code])
    return "".join(text)


def pack(septets: list[int], fill: int = 0) -> bytes:
    """Pack septets, after `fill` zero bits (0 to 6)."""
    value = 0
    for index, septet in enumerate(septets):
        value |= (septet & _SEPTET) << (fill + 7 * index)
    return value.to_bytes((fill + 7 * len(septets) + 7) // 8, "little")


def unpack(data: bytes, count: int, fill: int = 0) -> list[int]:
    """Unpack at most `count` septets after `fill` bits; fewer when the data end before."""
    value = int.from_bytes(data, "little") >> fill
    count = min(count, max(0, (8 * len(data) - fill) // 7))
    return [(value >> (7 * index)) & _SEPTET for index in range(count)]


def ussd_hex(text: str) -> str | None:
    """Return `text` packed for a modem that takes USSD so: "*100#" → "AA180C3602"; None beyond the alphabet.

    Seven spare bits at the end are filled with a carriage return, lest they read as "@" (23.038, 6.1.2.3.1).
    """
    septets = to_septets(text)
    if septets is None:
        return None
    if len(septets) % 8 == 7:
        septets.append(0x0D)
    return pack(septets).hex().upper()


def from_ussd_hex(digits: str) -> str | None:
    """Return the text of packed hexadecimal digits; None when they are none."""
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        return None
    text = from_septets(unpack(data, 8 * len(data) // 7))
    return text.removesuffix("\r" if len(data) % 7 == 0 else "").removesuffix(
        "@" if len(data) % 7 == 0 else ""
    )
