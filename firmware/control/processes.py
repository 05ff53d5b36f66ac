"""How much memory a process takes, for the status reply."""

from __future__ import annotations

from pathlib import Path

from firmware.control.schema import ProcessStatus


def process_status(name: str, pid: int) -> ProcessStatus:
    """Return the resident memory of a process (proc(5), VmRSS); 0 kB when it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ProcessStatus(name, pid, 0)
    for line in text.splitlines():
        if line.startswith("VmRSS:"):
            return ProcessStatus(name, pid, int(line.split()[1]))
    return ProcessStatus(name, pid, 0)
