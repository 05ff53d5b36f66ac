"""`zongji update`: install a signed bundle on this box."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from firmware.control.steward import RollBack, Update, ask_steward

_GOOD = Path("/opt/zongji/good/venv/bin/python")


@click.command()
@click.argument("bundle", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--back", is_flag=True, help="Go back to the version before this one instead.")
@click.option("--force", is_flag=True, help="Also while calls are in progress; they end.")
def update(bundle: Path | None, back: bool, force: bool) -> int:
    """Install the signed file BUNDLE; go back if the new version doesn't do its work within two minutes."""
    if (bundle is None) is not back:
        raise click.UsageError("Name a bundle, or ask to go --back.")
    if bundle is None:
        asyncio.run(ask_steward(RollBack(force=force, by="command line"), click.echo))
        return 0
    path = bundle.resolve()
    if os.geteuid() == 0 and _GOOD.exists():
        # The last good version does this, whichever runs now.
        sys.stdout.flush()
        words = [str(_GOOD), "-m", "firmware.update", "apply", str(path), *(["--force"] if force else [])]
        os.execv(_GOOD, words)  # noqa: S606 - our own interpreter, in this one's place
    asyncio.run(ask_steward(Update(path=str(path), force=force, by="command line"), click.echo))
    return 0
