"""Who may import whom (DESIGN.md, "Folders"): one table, held against every import statement there is."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("firmware", "hal", "ivr", "extensions", "web_admin", "tests")

# A package and what of ours it may import besides itself. The longest matching name counts.
ARROWS: dict[str, tuple[str, ...]] = {
    "hal": (),
    "firmware.core": (),
    "firmware.switch": ("firmware.core",),
    "firmware.store": ("firmware.core",),
    "firmware.media": ("firmware.core",),
    # The settings document is made of the parts' own sections.
    "firmware.settings": ("firmware.core", "firmware.store", "firmware.switch", "extensions", "ivr"),
    "firmware.trunks": ("firmware.core", "hal.line"),
    "firmware.control": ("firmware.core",),
    "firmware.office": ("firmware.core", "firmware.store"),
    # Figures are drawn from the records, and copies of them are sent.
    "firmware.reports": ("firmware.core", "firmware.store"),
    # A backup holds the whole state and goes where recordings go.
    "firmware.backup": ("firmware.cloud", "firmware.core", "firmware.settings", "firmware.store"),
    "firmware.cloud": ("firmware.core", "firmware.reports", "firmware.store"),
    "firmware.steward": ("firmware.control", "firmware.core", "firmware.update"),
    "firmware.update": ("firmware.control", "firmware.core"),
    "firmware.self_care": ("firmware.core",),
    "firmware.console": ("firmware.control", "firmware.core"),
    "ivr": ("firmware.core", "firmware.switch"),
    "extensions": ("firmware.core", "firmware.switch"),
    "web_admin": ("firmware.control", "firmware.core"),
}
# The composition roots: what is started from a command line sees everything.
ROOTS = (
    "firmware.app",
    "firmware.cli",
    "firmware.profile",
    "firmware.sim",
    "firmware.__main__",
)
# Modules besides the standard library that firmware.core may use.
CORE_LIBRARIES = {"msgspec", "__future__"}
# What a sans-IO core must not touch: it is handed bytes and `now`.
IO_MODULES = {"asyncio", "select", "selectors", "serial", "serial_asyncio_fast", "socket", "time"}
SANS_IO = {"hal/at": (), "extensions/sip": ("extensions/sip/net",)}


def _modules(*folders: str) -> list[tuple[str, Path]]:
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _rule(module: str) -> tuple[str, tuple[str, ...]] | None:
    if any(_within(module, root) for root in ROOTS):
        return None
    packages = [package for package in ARROWS if _within(module, package)]
    return max(((p, ARROWS[p]) for p in packages), key=lambda rule: len(rule[0]), default=None)


@pytest.mark.parametrize(
    ("module", "path"), _modules("firmware", "hal", "ivr", "extensions", "web_admin"), ids=lambda v: str(v)
)
def test_imports_only_what_the_design_allows(module: str, path: Path) -> None:
    rule = _rule(module)
    for imported in _imports(path):
        if not any(_within(imported, ours) for ours in OURS):
            continue
        assert not _within(imported, "tests"), f"{module} imports a test"
        if rule is None:
            continue
        package, allowed = rule
        assert any(_within(imported, name) for name in (package, *allowed)), f"{module} imports {imported}"


def test_every_package_has_a_rule() -> None:
    without = [
        module
        for module, _ in _modules("firmware", "hal", "ivr", "extensions", "web_admin")
        if module != "firmware" and not any(_within(module, root) for root in ROOTS) and _rule(module) is None
    ]
    assert without == []


def test_core_uses_the_standard_library_and_msgspec_only() -> None:
    for module, path in _modules("firmware/core"):
        for imported in _imports(path):
            top = imported.split(".")[0]
            known = top in sys.stdlib_module_names or top in CORE_LIBRARIES or top == "firmware"
            assert known, f"{module} imports {imported}"


@pytest.mark.parametrize("folder", list(SANS_IO))
def test_protocol_cores_contain_no_socket_clock_or_asyncio(folder: str) -> None:
    checked = 0
    for module, path in _modules(folder):
        if any((ROOT / adapter) in path.parents for adapter in SANS_IO[folder]):
            continue
        checked += 1
        used = {imported.split(".")[0] for imported in _imports(path)} & IO_MODULES
        assert not used, f"{module} imports {used}"
    assert checked


def test_every_folder_of_the_design_explains_itself() -> None:
    folders = [ROOT / top for top in ("firmware", "hal", "ivr", "extensions", "web_admin", "board", "tests")]
    for parent in (ROOT / "firmware", ROOT / "hal"):
        folders += [place for place in sorted(parent.iterdir()) if (place / "__init__.py").exists()]
    assert [str(place) for place in folders if not (place / "README.md").exists()] == []
