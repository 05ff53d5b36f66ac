"""The box's network: DHCP or a fixed address, Wi-Fi, VLAN. Tried, and taken back unless somebody confirms.

form ─► tried for 2 min ─► "keep" pressed, perhaps at the new address ─► stays
                     └──► nobody presses it ─────────────────────────► as it was
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict

from firmware.control.steward import (
    GetNetwork,
    KeepNetwork,
    Method,
    Network,
    NetworkIs,
    SetNetwork,
    SetTime,
    SetZone,
    ask_steward,
)
from firmware.core.errors import UserError, ZongjiError
from web_admin.notices import notice_of, then
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, user_of, words_of
from web_admin.site import Site
from web_admin.steward import steward_says

TRIED_S: Final = 120
"""Time to open the page at the new address, sign in there and press "keep"."""

_REFUSED_WITHIN_S: Final = 2.0
"""What is wrong with an address is said at once; from then on it is being tried."""

_ZONES: Final = (
    "Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo",
    "Australia/Sydney", "Europe/London", "Europe/Berlin", "Europe/Paris", "America/New_York",
    "America/Los_Angeles", "UTC",
)  # fmt: skip
"""Offered first; every zone of the box is taken."""


def wanted_network(form: FormMultiDict) -> Network:
    """Return the network a form asks for.

    Raises:
        UserError: It can't be one.
    """

    def text(name: str) -> str:
        return str(form.get(name, "")).strip()

    is_fixed = text("method") == Method.STATIC
    dns = [one for one in text("dns").replace(",", " ").replace("，", " ").split() if one]
    try:
        return msgspec.convert(
            {
                "interface": text("interface") or "eth0",
                "method": Method.STATIC if is_fixed else Method.DHCP,
                "address": text("address") if is_fixed else "",
                "gateway": text("gateway") if is_fixed else "",
                "dns": dns[:3] if is_fixed else [],
                "vlan": int(text("vlan")) if text("vlan").isdecimal() else 0,
                "ssid": text("ssid"),
                "password": str(form.get("password", "")),
            },
            Network,
        )
    except msgspec.ValidationError as error:
        raise UserError(str(error)) from None


def network_router(site: Site) -> Router:
    """Return the handlers."""
    trials: set[asyncio.Task[object]] = set()

    async def show(request: AnyRequest, problem: str = "", wanted: Network | None = None) -> Response[Any]:
        found = await steward_says(GetNetwork(by=user_of(request)), NetworkIs)
        trying = found is not None and found.trying
        return site.pages.page(
            request,
            "network.html",
            status=422 if problem else 200,
            network=found,
            wanted=wanted or (found.wanted if found else Network()),
            there=_address(found, request) if found and trying else "",
            seconds=TRIED_S,
            zones=_ZONES,
            zone=str(datetime.datetime.now().astimezone().tzname()),
            now=datetime.datetime.now().astimezone(),
            problem=problem,
            notice=notice_of(request)[0],
        )

    @get("/system/network")
    async def network(request: Request[Any, Any, Any]) -> Response[Any]:
        return await show(request)

    @post("/system/network", status_code=200)
    async def change(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        by, wanted = user_of(request), None
        try:
            wanted = wanted_network(form)
            trial: asyncio.Task[object] = asyncio.create_task(
                ask_steward(SetNetwork(network=wanted, confirm_s=TRIED_S, by=by)), name="network trial"
            )
            trials.add(trial)
            trial.add_done_callback(_forgotten(trials))
            # The address this is answered at may be gone before it is: the answer doesn't wait for the end.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(trial), _REFUSED_WITHIN_S)
        except ZongjiError as error:
            return await show(request, _said(error, request), wanted)
        site.audit.note(by, address_of(request), "network-tried", _told(wanted))
        return then("/system/network", "network.tried")

    @post("/system/network/keep", status_code=303)
    async def keep(request: Request[Any, Any, Any]) -> Response[Any]:
        by = user_of(request)
        try:
            await ask_steward(KeepNetwork(by=by))
        except ZongjiError as error:
            return await show(request, _said(error, request))
        site.audit.note(by, address_of(request), "network-kept")
        return then("/system/network", "network.kept")

    @post("/system/clock", status_code=303)
    async def clock(request: Request[Any, Any, Any]) -> Response[Any]:
        form = await request.form()
        by, zone = user_of(request), str(form.get("zone", "")).strip()
        at = str(form.get("at", "")).strip().replace("T", " ")
        asked = {"by": by, "zone": zone} if zone else {"by": by, "at": at}
        try:
            await ask_steward(msgspec.convert(asked, SetZone) if zone else msgspec.convert(asked, SetTime))
        except (ZongjiError, msgspec.ValidationError) as error:
            return await show(request, _said(error, request))
        site.audit.note(by, address_of(request), "clock-set", zone or at)
        return then("/system/network", "network.clock_set")

    def _said(error: Exception, request: AnyRequest) -> str:
        words = words_of(request)
        if isinstance(error, UserError):
            return in_words(error, None, words)
        return words("network.bad_moment") if isinstance(error, msgspec.ValidationError) else str(error)

    return Router("/", route_handlers=[network, change, keep, clock])


def _forgotten(trials: set[asyncio.Task[object]]) -> Any:
    def done(task: asyncio.Task[object]) -> None:
        trials.discard(task)
        if not task.cancelled():
            task.exception()

    return done


def _told(network: Network) -> str:
    return f"{network.interface} {network.method} {network.address}".strip()


def _address(found: NetworkIs, request: AnyRequest) -> str:
    """Return where the page is once the network that is tried stands; empty where the router decides."""
    if found.wanted.method is not Method.STATIC:
        return ""
    port = f":{request.url.port}" if request.url.port else ""
    return f"{request.url.scheme}://{found.wanted.address.partition('/')[0]}{port}/system/network"
