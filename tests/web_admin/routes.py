"""Every address the web process answers, as its application has them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from litestar import Litestar
from litestar.routes import HTTPRoute

from web_admin.app import make_pages
from web_admin.site import Site


def routes() -> list[tuple[str, set[str]]]:
    """Return each address, as `/calls/{call:str}`, with its methods."""
    with tempfile.TemporaryDirectory(prefix="zj") as name:
        folder = Path(name)
        app: Litestar = make_pages(Site.at(folder / "control.sock", folder / "web"))
    found = [one for one in app.routes if isinstance(one, HTTPRoute)]
    return [(one.path_format, {str(method) for method in one.methods} - {"OPTIONS"}) for one in found]
