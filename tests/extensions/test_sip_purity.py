"""The SIP core stays sans-IO: no socket, no clock, no event loop below `extensions/sip` but in `net`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import extensions

ROOT = Path(extensions.__file__).parent
CORE = sorted(path for path in (ROOT / "sip").rglob("*.py") if "net" not in path.parts)
# These decide, and are driven by the core: sans-IO likewise.
CORE += [ROOT / name for name in ("gate.py", "registrar.py", "bans.py", "presence.py")]
CORE += [ROOT / name for name in ("provider/link.py", "provisioning/desk.py", "provisioning/tickets.py")]
FORBIDDEN = {"asyncio", "socket", "time", "datetime", "select", "selectors", "threading", "ssl", "subprocess"}


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_core_file_imports_no_io(path: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
    assert not {name for name in imported if name.partition(".")[0] in FORBIDDEN}
    assert not {name for name in imported if name.startswith("extensions.sip.net")}


def test_the_core_is_looked_at() -> None:
    assert len(CORE) > 25
