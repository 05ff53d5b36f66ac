"""QR codes as paths of an SVG."""

from __future__ import annotations

import segno

_BORDER = 2
"""Modules of quiet zone: half of ISO/IEC 18004's, with the paper around it."""


def qr_path(text: str) -> tuple[int, str]:
    """Return a QR code: its side in modules, quiet zone included, and an SVG path of what is dark."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    path = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            if row[x]:
                run = x
                while run < len(row) and row[run]:
                    run += 1
                path.append(f"M{x + _BORDER} {y + _BORDER}h{run - x}v1h-{run - x}z")
                x = run
            x += 1
    return len(rows) + 2 * _BORDER, "".join(path)
