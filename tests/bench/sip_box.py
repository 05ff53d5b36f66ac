"""The process that `sip_bench` measures: phones, registrar and two-leg calls, without any media.

python -m tests.bench.sip_box KEY [open]     prints "ready PORT", runs until SIGTERM

With `open` every host may ask as much as it likes: what the budgets are good for shows in the difference.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys

from extensions.accounts import Account, Accounts
from extensions.phones import Phones
from extensions.sip.sources import Budget, Sources
from tests.interop.two_legs import TwoLegs
from tests.media.fake_media import FakeMedia

# Accounts from 101 on: enough for the case that measures what a registered phone costs in memory.
_PHONES = 1002
_EVERYTHING = Budget(per_s=1e9, burst=1e9, transactions=1_000_000)


async def main(key: str, *, is_open: bool = False) -> None:
    accounts = Accounts(Account(str(number), "phone", key) for number in range(101, 101 + _PHONES))
    sources = Sources(_EVERYTHING, _EVERYTHING) if is_open else None
    phones = Phones(accounts, FakeMedia(), "127.0.0.1", 0, sources=sources)
    await phones.start()
    switch = TwoLegs(phones)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # As the switch process does after start: what exists now lives for ever.
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    sys.stdout.write(f"ready {phones.port}\n")
    sys.stdout.flush()
    await stop.wait()
    await switch.close()
    await phones.stop()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(sys.argv[1], is_open="open" in sys.argv[2:]))
