"""A box in a folder, for updates: versions are a line of text each, and what they do to the data is real.

tree/firmware/behaviour    "schema=2 sick" and so on
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.update import bundle
from firmware.update.bundle import Manifest
from firmware.update.health import Before
from firmware.update.journal import Outcome
from firmware.update.places import Places, replace_file
from firmware.update.updater import UpdateError, Updater

SCHEMAS = {
    1: "CREATE TABLE call (id TEXT PRIMARY KEY, made_by TEXT NOT NULL)",
    2: "ALTER TABLE call ADD COLUMN mood TEXT NOT NULL DEFAULT 'fine'",
}


class FakeBox:
    """The box at `root`; a second object on the same folder is the box after a power cut."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.places = Places(home=root / "opt", state=root / "state", trusted=root / "trusted")
        self.live_calls = 0
        self.running: str | None = None
        self.told: list[str] = []

    @classmethod
    def installed(cls, root: Path, behaviour: str = "schema=1") -> FakeBox:
        """Return a box with a version that works, some calls and settings."""
        box = cls(root)
        for folder in (box.places.versions, box.places.state, box.places.trusted):
            folder.mkdir(parents=True)
        old = box.places.version(ident("old"))
        (old / "firmware").mkdir(parents=True)
        (old / "firmware" / "behaviour").write_text(behaviour)
        (old / ".complete").touch()
        box.places.point("current", old.name)
        box.places.point("good", old.name)
        (box.places.state / "settings.json").write_text('{"office":"ours"}')
        box.start()
        return box

    def updater(self, step: Callable[[str], None] = lambda _: None) -> Updater:
        return Updater(self.places, self, self.told.append, step)

    def boot(self) -> None:
        """Power on: what the boot service does, then the services, then the trial's service."""
        self.running = None
        self.updater().resume()
        self.start()
        self.updater().recover()

    def update(self, path: Path, *, force: bool = False) -> Outcome:
        return self.updater().apply(path, force=force)

    def calls(self) -> set[str]:
        """Return the ids of all calls on record."""
        with contextlib.closing(sqlite3.connect(self._records)) as connection:
            return {row[0] for row in connection.execute("SELECT id FROM call")}

    def files(self) -> dict[str, str]:
        """Return every file, for telling whether anything was changed."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and "-shm" not in path.name and "-wal" not in path.name
        }

    # What the updater asks for

    def machine(self) -> str:
        return "aarch64"

    def python(self) -> str:
        return "3.11"

    def look(self) -> Before:
        return Before(ready_lines=["gsm1"] if self._behaviour() else [], live_calls=self.live_calls)

    def make_venv(self, version: Path, wheels: Path) -> None:
        if "no-venv" in (version / "firmware" / "behaviour").read_text():
            raise UpdateError("its packages can't be installed: a wheel is missing")
        assert (wheels / "numpy.whl").exists()
        (version / ".complete").touch()

    def stop(self) -> None:
        self.running = None

    def configure(self, version: Path) -> None:
        behaviour = (version / "firmware" / "behaviour").read_text()
        if "bad-units" in behaviour:
            raise UpdateError("units and settings can't be put in place")
        replace_file(self.root / "units", version.name.encode())

    def start(self) -> None:
        """Run the current version: it migrates the records, or refuses too new ones, and takes a call."""
        current = self.places.pointed("current")
        assert current is not None and self.places.is_complete(current), "no version to run"
        behaviour = self._behaviour()
        schema = int(behaviour.partition("schema=")[2][:1])
        with contextlib.closing(sqlite3.connect(self._records, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
            (have,) = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
            assert have <= schema, f"version {current} can't read records of schema {have}"
            for number in range(have + 1, schema + 1):
                connection.execute(SCHEMAS[number])
                connection.execute("INSERT INTO schema_version VALUES (?)", (number,))
            call = f"call-{os.urandom(4).hex()}"
            connection.execute("INSERT INTO call (id, made_by) VALUES (?, ?)", (call, current))
        settings = (self.places.state / "settings.json").read_text()
        assert "newer" not in settings or schema == 2, "the settings are of a newer version"
        if schema == 2:
            (self.places.state / "settings.json").write_text('{"office":"ours","newer":1}')
        with (self.root / "calls-made").open("a") as made:
            made.write(call + "\n")
        self.running = current

    def until_well(self, ready_lines: list[str]) -> str | None:
        assert ready_lines == ["gsm1"]
        if self.running != self.places.pointed("current"):
            return "it does not run"
        return "line gsm1 is down" if "sick" in self._behaviour() else None

    @property
    def _records(self) -> Path:
        return self.places.state / "records.sqlite"

    def _behaviour(self) -> str:
        path = self.places.home / "current" / "firmware" / "behaviour"
        return path.read_text() if path.exists() else ""


def ident(name: str) -> str:
    return f"0.1.0-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def maker(box: FakeBox | None = None) -> Ed25519PrivateKey:
    """Return a signing key, trusted by `box`."""
    key = Ed25519PrivateKey.generate()
    if box is not None:
        words = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (box.places.trusted / "maker.pub").write_bytes(words)
    return key


def make_bundle(
    folder: Path,
    key: Ed25519PrivateKey,
    behaviour: str = "schema=2",
    *,
    name: str = "new",
    machine: str = "aarch64",
    python: str = "3.11",
    schema: int = 2,
    extra: Callable[[tarfile.TarFile], None] | None = None,
) -> Path:
    """Return a bundle of a version that behaves so."""
    source = folder / "source"
    (source / "tree" / "firmware").mkdir(parents=True, exist_ok=True)
    (source / "wheels").mkdir(exist_ok=True)
    (source / "tree" / "firmware" / "behaviour").write_text(behaviour)
    (source / "wheels" / "numpy.whl").write_bytes(b"wheel")
    payload = folder / "payload.tar.gz"
    with tarfile.open(payload, "w:gz") as tar:
        tar.add(source / "tree", "tree")
        tar.add(source / "wheels", "wheels")
        if extra is not None:
            extra(tar)
    manifest = Manifest(
        id=ident(name),
        machine=machine,
        python=python,
        schema=schema,
        payload_bytes=0,
        payload_sha256="0" * 64,
    )
    path = folder / f"{name}.bundle"
    bundle.make(path, manifest, payload, key)
    return path
