"""`/metrics` for Prometheus: behind a token of the settings, closed while there is none."""

from __future__ import annotations

import hmac
from typing import Any

from litestar import Request, Response, Router, get
from litestar.exceptions import NotAuthorizedException, NotFoundException

from firmware.control.cloud import GetMetrics, MetricsReply
from web_admin.rendering import address_of
from web_admin.site import Site


def metrics_router(site: Site) -> Router:
    """Return the page."""

    @get("/metrics")
    async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        address = address_of(request)
        if site.brake.wait_s(address):
            raise NotAuthorizedException("Too many wrong tokens; wait.")
        async with site.box.ask() as switch:
            reply = await switch.ask(GetMetrics(), MetricsReply)
        if not reply.token:
            raise NotFoundException
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), reply.token.encode())
        if kind.lower() != "bearer" or not right:
            if given:
                site.brake.failed(address)
            raise NotAuthorizedException("Send the token: Authorization: Bearer …")
        return Response(reply.text.encode(), media_type=reply.media_type)

    return Router("/", route_handlers=[metrics])
