"""The process that `sip_bench` measures: phones, registrar and two-leg calls, without any media.

python -m tests.bench.sip_box        prints "ready PORT", runs until SIGTERM
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys

from extensions.accounts import Account, FixedAccounts
from extensions.phones import Phones
from tests.interop.two_legs import TwoLegs
from tests.media.fake_media import FakeMedia

# Both of SIPp's sides come from one address, whose finished transactions live 32 s: at 400 calls a second
# that is some 50,000.
_PER_SOURCE = 200_000


async def main(key: str) -> None:
    accounts = FixedAccounts([Account("101", "caller", key), Account("102", "called", key)])
    phones = Phones(accounts, FakeMedia(), "127.0.0.1", 0, per_source=_PER_SOURCE)
    await phones.start()
    switch = TwoLegs(phones)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # As the switch process does after start: what exists now lives for ever.
    gc.freeze()
    sys.stdout.write(f"ready {phones.port}\n")
    sys.stdout.flush()
    await stop.wait()
    await switch.close()
    await phones.stop()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(sys.argv[1]))
