"""`python -m web_admin`: the web process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import uvicorn

from firmware.core import notify
from firmware.core.paths import DEFAULT_STATE, STATE_VARIABLE, StatePaths
from web_admin.app import make_app
from web_admin.security.gate import ASGIApp
from web_admin.security.slow import PunctualH11
from web_admin.site import Site

_CONNECTIONS = 200
"""Connections served at once; the others are told to come back. Viewers of the live page hold one each."""

_KEEP_ALIVE_S = 15
_GOING_S = 2
"""How long streams may take to notice that the process ends."""

_HEAD_BYTES = 16 * 1024

_CERTIFICATE_RETRY_S = 10.0
"""How often a switch that is away is asked for a certificate."""

_RENEWAL_S = 6 * 3600.0
"""How often it is looked whether the certificate still fits the box's names."""


def main() -> int:
    """Run the process; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m web_admin", description="The web process of zongji.")
    parser.add_argument("--state", type=Path, default=Path(os.environ.get(STATE_VARIABLE, DEFAULT_STATE)))
    parser.add_argument("--data", type=Path, help="the web process's own folder; STATE/web by default")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen at")  # noqa: S104 - a LAN's page
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--https-port", type=int, default=0, help="port for HTTPS; 0 for none")
    parser.add_argument("--name", default="zongji", help="announced as NAME.local; empty for not at all")
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
        site = Site.at(
            paths.control_socket, options.data or paths.root / "web", names, paths.root / "uploads"
        )
    except OSError as error:
        print(f"zongji: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    try:
        return asyncio.run(_serve(site, options))
    except KeyboardInterrupt:
        return 0


async def _serve(site: Site, options: argparse.Namespace) -> int:
    """Serve the pages by HTTP, and by HTTPS as soon as there is a certificate, until a signal."""
    app = make_app(site)
    secure = Secure(_config(app, options.host, options.https_port, lifespan="off"), site)
    server = Server(_config(app, options.host, options.port, lifespan="on"), site, secure)
    is_local = options.host in ("localhost", "::1") or options.host.startswith("127.")
    announcement = None
    if options.name and not is_local:
        # Here, because it takes some megabytes that pages for this computer alone don't need.
        from web_admin.announce import Announcement

        announcement = Announcement(options.name, options.port)
    tasks = []
    if options.https_port:
        tasks.append(asyncio.create_task(secure.keep_serving(options.https_port), name="https"))
    if announcement is not None:
        tasks.append(asyncio.create_task(announcement.start(), name="announcement"))
    try:
        await server.serve()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if announcement is not None:
            await announcement.stop()
    return 0 if server.started else 1


def _config(app: ASGIApp, host: str, port: int, lifespan: Literal["on", "off"]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="asyncio",
        http=PunctualH11,
        ws="none",
        lifespan=lifespan,
        access_log=False,
        server_header=False,
        log_config=None,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GOING_S,
        h11_max_incomplete_event_size=_HEAD_BYTES,
    )


class Secure(uvicorn.Server):
    """The same pages by HTTPS. Signals are the other server's business."""

    def __init__(self, config: uvicorn.Config, site: Site) -> None:
        super().__init__(config)
        self._site = site

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def keep_serving(self, port: int) -> None:
        """Wait for a certificate, serve, and renew it from time to time."""
        https, box = self._site.https, self._site.box
        # The switch, which signs, may not be there yet; nothing tells when it is.
        while not await https.ensure(box, datetime.datetime.now(datetime.UTC)):  # noqa: ASYNC110
            await asyncio.sleep(_CERTIFICATE_RETRY_S)
        self.config.load()
        self.config.ssl = https.context
        https.port = port
        serving = asyncio.create_task(self.serve(), name="https server")
        try:
            while not serving.done():
                await asyncio.wait({serving}, timeout=_RENEWAL_S)
                await https.ensure(box, datetime.datetime.now(datetime.UTC))
        finally:
            https.port = None
            self.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)


_TICKS_A_SECOND = 10
"""How often uvicorn calls `on_tick`."""


class Server(uvicorn.Server):
    """Lets go of the live pages' streams first, which would never end by themselves; tells the service
    manager how it does."""

    def __init__(self, config: uvicorn.Config, site: Site, secure: Secure) -> None:
        super().__init__(config)
        self._site = site
        self._secure = secure

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            notify.ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            notify.alive()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        notify.stopping()
        self._site.hub.close()
        self._secure.should_exit = True
        await super().shutdown(sockets)


if __name__ == "__main__":
    sys.exit(main())
