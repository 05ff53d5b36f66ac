"""`python -m firmware.update`: updates, as systemd's units and the zongji command run them.

apply FILE [--force]   install a signed bundle and prove it
resume                 put in order what a power cut left; before the switch starts
recover                bring an update to its end: prove the version on trial after a restart, or go back if
                       the updater itself died in the middle; starts the services, too
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

import msgspec

from firmware.core.errors import ZongjiError
from firmware.core.paths import DEFAULT_STATE, STATE_VARIABLE, StatePaths
from firmware.update.box import Box
from firmware.update.health import LIMIT_S
from firmware.update.journal import Outcome
from firmware.update.places import Places
from firmware.update.updater import Updater


def _tell(text: str) -> None:
    # Whoever listened may be gone.
    with contextlib.suppress(OSError):
        print(text, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run; return the exit status: 0 when the box runs what it was meant to."""
    parser = argparse.ArgumentParser(prog="python -m firmware.update", description="Updates of zongji.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    apply = verbs.add_parser("apply", help="install a signed bundle and prove it")
    apply.add_argument("bundle", type=Path)
    apply.add_argument("--force", action="store_true", help="also while calls are in progress")
    apply.add_argument(
        "--within", type=float, default=LIMIT_S, metavar="S", help="go back when it isn't well after so long"
    )
    for verb in ("resume", "recover"):
        verbs.add_parser(verb)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    state = Path(os.environ.get(STATE_VARIABLE, DEFAULT_STATE))
    box = Box(StatePaths(state), limit_s=getattr(options, "within", LIMIT_S))
    updater = Updater(Places(state=state), box, _tell)
    # A broken ssh connection must not leave the box between two versions.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        if options.verb == "apply":
            return _told(updater.apply(options.bundle.resolve(), force=options.force))
        if options.verb == "recover":
            outcome = updater.recover()
            return 0 if outcome is None else _told(outcome)
        updater.resume()
    except (ZongjiError, OSError, msgspec.MsgspecError) as error:
        print(f"zongji: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        box.recover()
        _tell("zongji: cut off; the box puts itself in order")
        return 130
    return 0


def _told(outcome: Outcome) -> int:
    if outcome.done:
        return 0
    print(f"zongji: the box went back to {outcome.from_id}: {outcome.why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
