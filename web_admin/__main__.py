"""`python -m web_admin`: the web process."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

import uvicorn

from firmware.core import notify
from firmware.core.paths import DEFAULT_STATE, STATE_VARIABLE, StatePaths
from web_admin.app import make_app
from web_admin.security.slow import PunctualH11
from web_admin.site import Site

_CONNECTIONS = 200
"""Connections served at once; the others are told to come back. Viewers of the live page hold one each."""

_KEEP_ALIVE_S = 15
_GOING_S = 2
"""How long streams may take to notice that the process ends."""

_HEAD_BYTES = 16 * 1024


def main() -> int:
    """Run the process; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m web_admin", description="The web process of zongji.")
    parser.add_argument("--state", type=Path, default=Path(os.environ.get(STATE_VARIABLE, DEFAULT_STATE)))
    parser.add_argument("--data", type=Path, help="the web process's own folder; STATE/web by default")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen at")  # noqa: S104 - a LAN's page
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument(
        "--host-name", action="append", default=[], help="a name the box goes by, besides its addresses"
    )
    options = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s.%(msecs)03d %(name)s: %(message)s", datefmt="%H:%M:%S"
    )
    paths = StatePaths(options.state)
    try:
        names = frozenset(name.lower() for name in options.host_name)
        site = Site.at(paths.control_socket, options.data or paths.root / "web", names)
    except OSError as error:
        print(f"zongji: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    config = uvicorn.Config(
        make_app(site),
        host=options.host,
        port=options.port,
        loop="asyncio",
        http=PunctualH11,
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_config=None,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GOING_S,
        h11_max_incomplete_event_size=_HEAD_BYTES,
    )
    server = Server(config, site)
    server.run()
    return 0 if server.started else 1


_TICKS_A_SECOND = 10
"""How often uvicorn calls `on_tick`."""


class Server(uvicorn.Server):
    """Lets go of the live pages' streams first, which would never end by themselves; tells the service
    manager how it does."""

    def __init__(self, config: uvicorn.Config, site: Site) -> None:
        super().__init__(config)
        self._site = site

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            notify.ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            notify.alive()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        notify.stopping()
        self._site.hub.close()
        await super().shutdown(sockets)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
