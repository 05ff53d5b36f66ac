"""What a call costs: whole numbers of millionths, so that sums of many calls stay exact."""

from __future__ import annotations

MICROS = 1_000_000
"""Millionths in one unit of a currency; a second of a cheap call costs less than a thousandth."""


def money(micros: int, currency: str) -> str:
    """Return an amount as people read it: "0.60 CNY"."""
    return f"{micros / MICROS:.2f} {currency}".rstrip()
