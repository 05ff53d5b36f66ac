"""The process that `sip_bench` measures: phones, registrar and two-leg calls, without any media.

python -m tests.bench.sip_box        prints "ready PORT", runs until SIGTERM
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys

from extensions.accounts import Account, Accounts
from extensions.phones import Phones
from tests.interop.two_legs import TwoLegs
from tests.media.fake_media import FakeMedia

# Accounts from 101 on: enough for the case that measures what a registered phone costs in memory.
_PHONES = 1002


async def main(key: str) -> None:
    accounts = Accounts(Account(str(number), "phone", key) for number in range(101, 101 + _PHONES))
    phones = Phones(accounts, FakeMedia(), "127.0.0.1", 0)
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
    asyncio.run(main(sys.argv[1]))
