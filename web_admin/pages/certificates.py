"""HTTPS explained: the authority to trust, the fingerprint to compare, and the step to HTTPS only."""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Request, Response, Router, get, post

from firmware.control.phones import AuthorityReply, GetAuthority
from firmware.core.errors import UserError
from web_admin.notices import notice_of, then
from web_admin.rendering import address_of, user_of
from web_admin.site import Site


def certificates_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/ca.crt")
    async def authority() -> Response[Any]:
        async with site.box.ask() as switch:
            found = await switch.ask(GetAuthority(), AuthorityReply)
        return Response(
            found.pem,
            media_type="application/x-x509-ca-cert",
            headers={"content-disposition": 'attachment; filename="zongji-ca.crt"'},
        )

    @get("/certificates")
    async def certificates(request: Request[Any, Any, Any]) -> Response[Any]:
        fingerprint = ""
        async with site.box.ask() as switch:
            try:
                fingerprint = (await switch.ask(GetAuthority(), AuthorityReply)).fingerprint
            except UserError:
                fingerprint = ""
        host = request.url.hostname or "localhost"
        port = site.https.port
        return site.pages.page(
            request,
            "certificates.html",
            fingerprint=fingerprint,
            is_secure=request.url.scheme == "https",
            secure=None if port is None else f"https://{host}:{port}/certificates",
            is_trusted=site.https.is_trusted,
            certificate=site.https.shown(),
            notice=notice_of(request)[0],
        )

    @post("/certificates", status_code=303)
    async def switch_over(request: Request[Any, Any, Any]) -> Response[Any]:
        what = (await request.form()).get("do")
        if what == "renew":
            if not await site.https.ensure(site.box, datetime.datetime.now(datetime.UTC), anew=True):
                raise UserError("The switch could not sign another certificate; try again.")
            site.audit.note(user_of(request), address_of(request), "https-renewed")
            return then("/certificates", "https.renewed")
        is_on = what == "on"
        # Only who is here by HTTPS has proof that it works; anybody else would be locked out.
        if is_on and request.url.scheme != "https":
            raise UserError("Open this page by HTTPS first.")
        site.https.trust(on=is_on)
        site.audit.note(user_of(request), address_of(request), "https-on" if is_on else "https-off")
        return then("/certificates", "https.on" if is_on else "https.off")

    return Router("/", route_handlers=[authority, certificates, switch_over])
