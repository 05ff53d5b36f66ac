"""How far the first set-up has come, so that it can be left and taken up again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from web_admin.files import replace_file

STEPS = ("language", "office", "hours", "lines", "people", "phones", "greeting", "test")


class _Kept(msgspec.Struct):
    step: str = STEPS[0]
    over: bool = False


class SetupState:
    """The state in the file at `path`; a box without one has never been set up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError):
            self._kept = _Kept()

    @property
    def step(self) -> str:
        """Where to go on."""
        return self._kept.step if self._kept.step in STEPS else STEPS[0]

    @property
    def is_over(self) -> bool:
        """Whether it is done, or was dismissed."""
        return self._kept.over

    def reach(self, step: str) -> None:
        """Note the step somebody has come to."""
        if step != self._kept.step or self._kept.over:
            self._write(_Kept(step, self._kept.over))

    def end(self) -> None:
        """Note that nobody wants to be asked again."""
        self._write(_Kept(self._kept.step, over=True))

    def _write(self, kept: _Kept) -> None:
        self._kept = kept
        replace_file(self._path, msgspec.json.encode(kept))
