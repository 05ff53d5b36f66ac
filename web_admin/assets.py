"""Styles, scripts and pictures: read once, compressed once, named after their content, cached for ever.

Our own lie in `static/`; the libraries in `node_modules/`, where flash.sh has npm put them, pinned by
`package-lock.json`. A library that is missing takes away comfort (live search, the waveform), no function.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import msgspec

_HERE = Path(__file__).parent

LIBRARIES = {
    "htmx.js": "node_modules/htmx.org/dist/htmx.min.js",
    "uplot.js": "node_modules/uplot/dist/uPlot.iife.min.js",
    "uplot.css": "node_modules/uplot/dist/uPlot.min.css",
    "wavesurfer.js": "node_modules/wavesurfer.js/dist/wavesurfer.min.js",
}

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}

_LARGEST = 512 * 1024
"""Bytes of one file: what can't be kept in memory has no place on these pages."""


class Asset(msgspec.Struct, frozen=True):
    content: bytes
    compressed: bytes
    kind: str
    tag: str
    """Beginning of the content's SHA-256."""


class Assets:
    """Every file there is, in memory."""

    def __init__(self, folder: Path = _HERE) -> None:
        self._assets: dict[str, Asset] = {}
        for path in sorted((folder / "static").iterdir()):
            self._add(path.name, path)
        for name, place in LIBRARIES.items():
            if (folder / place).is_file():
                self._add(name, folder / place)

    def _add(self, name: str, path: Path) -> None:
        kind = _TYPES.get(path.suffix)
        if kind is None or path.stat().st_size > _LARGEST:
            return
        content = path.read_bytes()
        tag = hashlib.sha256(content).hexdigest()[:12]
        self._assets[name] = Asset(content, gzip.compress(content, 9, mtime=0), kind, tag)

    def has(self, name: str) -> bool:
        return name in self._assets

    def address(self, name: str) -> str:
        """Return where a page finds a file.

        Raises:
            KeyError: There is no such file.
        """
        return f"/static/{self._assets[name].tag}/{name}"

    def find(self, tag: str, name: str) -> Asset | None:
        """Return a file by the parts of its address; None when there is none, or no longer that one."""
        asset = self._assets.get(name)
        return asset if asset is not None and asset.tag == tag else None
