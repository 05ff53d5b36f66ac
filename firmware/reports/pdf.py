"""The printable page as a PDF. Takes seconds and 100 MB, so it is done in a process that ends afterwards."""

from __future__ import annotations

import importlib
import logging
from typing import Any

from firmware.core.errors import DeviceError


def printed(page: str) -> bytes:
    """Return a page as a PDF; Chinese needs a font such as fonts-wqy-microhei.

    Raises:
        DeviceError: The library that draws text (Pango) isn't installed.
    """
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    try:
        weasyprint: Any = importlib.import_module("weasyprint")
    except OSError as error:
        raise DeviceError(
            f"a PDF can't be made: {error}; install libpango-1.0-0 and libpangoft2-1.0-0"
        ) from error

    def nothing_else(url: str) -> Any:
        # The page brings all it needs; a name of a caller must not make the box fetch anything.
        raise ValueError(f"the report asks for {url}")

    pdf = weasyprint.HTML(string=page, url_fetcher=nothing_else).write_pdf()
    return bytes(pdf)
