"""One person's phones: an invitation by code or address, the password shown once, whether it is there."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from firmware.control.client import ControlClient
from firmware.control.phones import (
    DeviceNow,
    DevicesReply,
    DoneReply,
    InvitationReply,
    InviteDevice,
    ListDevices,
    SecretReply,
    ShowSecret,
    WithdrawInvitation,
)
from firmware.core.errors import UserError
from web_admin.qr import qr_path
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, is_partial, user_of, words_of
from web_admin.site import Site

# Makes that are given an address; every other phone can read a code.
_DESK_PHONES = frozenset({"yealink", "grandstream", "fanvil", "snom"})


class _Seen(msgspec.Struct, frozen=True):
    """A person's phones, and the one that the page is about."""

    device: DeviceNow
    devices: list[DeviceNow]
    provisioning: bool


class _Code(msgspec.Struct, frozen=True):
    """An invitation as it is shown, which it is once."""

    invitation: InvitationReply
    side: int
    path: str


def host_of(request: AnyRequest) -> str:
    """Return an address of the box that this browser reaches and a phone can; "" where it has none to tell.

    That is what was typed, if it is an address: a phone may know no names; else where the connection ended.
    """
    server = request.scope.get("server") or ("", 0)
    for host in (request.url.hostname or "", server[0]):
        try:
            address = ip_address(host)
        except ValueError:
            continue
        if not (address.is_loopback or address.is_unspecified or address.is_link_local):
            return str(address)
    return ""


def phone_router(site: Site) -> Router:
    """Return the handlers."""

    async def look(request: AnyRequest, switch: ControlClient, number: str, account: str) -> _Seen | None:
        """Return a person's phones; None for nobody. An account of somebody else means the first one."""
        found = await switch.ask(ListDevices(host=host_of(request)), DevicesReply)
        devices = [one for one in found.devices if one.extension == number]
        if not devices:
            return None
        chosen = next((one for one in devices if one.account == account), devices[0])
        return _Seen(chosen, devices, found.provisioning)

    async def show(
        request: AnyRequest, number: str, account: str, code: _Code | None = None, problem: str = ""
    ) -> Response[Any]:
        """Return the page, or for htmx its part about the invitation."""
        async with site.box.ask() as switch:
            seen = await look(request, switch, number, account)
            if seen is None:
                return missing(request)
            secret = (await switch.ask(ShowSecret(account=seen.device.account), SecretReply)).secret
        return site.pages.page(
            request,
            "phone_invitation.html" if is_partial(request) else "phone.html",
            # htmx puts only what went well in its place.
            status=422 if problem and not is_partial(request) else 200,
            device=seen.device,
            devices=seen.devices,
            provisioning=seen.provisioning,
            is_desk_phone=seen.device.make in _DESK_PHONES,
            code=code,
            problem=problem,
            is_shown=site.shown.is_shown(seen.device.account, secret),
        )

    @get("/people/{number:str}/phone")
    async def phone(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
        return await show(request, number, request.query_params.get("account", number))

    @post("/people/{number:str}/phone", status_code=200)
    async def reveal(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
        """Show a password, this once."""
        form = await request.form()
        async with site.box.ask() as switch:
            seen = await look(request, switch, number, str(form.get("account", number)))
            if seen is None:
                return missing(request)
            account = seen.device.account
            secret = (await switch.ask(ShowSecret(account=account), SecretReply)).secret
        is_shown = site.shown.is_shown(account, secret)
        if not is_shown:
            site.shown.note(account, secret)
            site.audit.note(user_of(request), address_of(request), "phone-shown", account)
        return site.pages.page(
            request, "phone_secret.html", device=seen.device, secret=secret, is_shown=is_shown
        )

    @post("/people/{number:str}/invitation", status_code=200)
    async def invite(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
        """Make an invitation, and show it this once; or void the one there is."""
        form = await request.form()
        code = None
        async with site.box.ask() as switch:
            seen = await look(request, switch, number, str(form.get("account", number)))
            if seen is None:
                return missing(request)
            account = seen.device.account
            try:
                if form.get("do") == "withdraw":
                    await switch.ask(WithdrawInvitation(account=account), DoneReply)
                    what = "phone-withdrawn"
                else:
                    asked = InviteDevice(account=account, host=host_of(request))
                    invitation = await switch.ask(asked, InvitationReply)
                    code = _Code(invitation, *await asyncio.to_thread(qr_path, invitation.qr))
                    what = "phone-invited"
            except UserError as error:
                return await show(request, number, account, problem=in_words(error, None, words_of(request)))
        site.audit.note(user_of(request), address_of(request), what, account)
        return await show(request, number, account, code)

    @get("/people/{number:str}/invitation")
    async def invitation(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
        """Tell how the invitation is; where the page shows one that is of no use any more, take it away."""
        account, shown = request.query_params.get("account", number), request.query_params.get("shown", "")
        async with site.box.ask() as switch:
            seen = await look(request, switch, number, account)
        if seen is None:
            return Response("", status_code=404, media_type="text/plain")
        now = seen.device.invitation
        if shown and (now is None or now.fetched_s_ago is not None or shown != str(now.serial)):
            answer = await show(request, number, account)
            answer.headers.update({"HX-Retarget": "#invitation", "HX-Reswap": "outerHTML"})
            return answer
        return site.pages.page(request, "phone_invited.html", device=seen.device)

    @get("/people/{number:str}/presence")
    async def presence(request: Request[Any, Any, Any], number: FromPath[str]) -> Response[Any]:
        async with site.box.ask() as switch:
            seen = await look(request, switch, number, request.query_params.get("account", number))
        if seen is None:
            return Response("", status_code=404, media_type="text/plain")
        return site.pages.page(request, "phone_presence.html", device=seen.device)

    def missing(request: AnyRequest) -> Response[Any]:
        return site.pages.page(request, "problem.html", status=404, key="error.not_found", detail="")

    return Router("/", route_handlers=[phone, reveal, invite, invitation, presence])
