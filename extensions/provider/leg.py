"""One call over a provider's line: a SIP leg that authenticates itself and shows callers as agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from extensions.leg_audio import new_negotiation
from extensions.provider.identity import number_in, shown_as
from extensions.sip.headers import NameAddr
from extensions.sip.uri import SipUri
from extensions.sip_leg import SipLeg
from firmware.core.causes import Cause, Side
from firmware.core.leg import Direction, Ending, Party

if TYPE_CHECKING:
    from extensions.provider.line import ProviderLine


class ProviderLeg(SipLeg):
    """Made by `ProviderLine`; `address` is the line's name, `party.number` the number called or calling."""

    KIND: ClassVar[str] = "provider"

    @classmethod
    def to(cls, line: ProviderLine, number: str) -> ProviderLeg:
        """Return an idle leg that will call a number."""
        leg = cls(line, Direction.OUTGOING, Party(number), line.account.name)
        leg._line = line
        return leg

    _line: ProviderLine

    async def _do_ring(self, caller: Party) -> None:
        line = self._line
        number = self.party.number or ""
        if number_in(f"sip:{number}@number") != number:
            self._finish(Ending(Cause.INVALID_NUMBER, Side.US, "not a telephone number"))
            return
        flow = line.link.flow
        if flow is None or not line.link.up:
            self._finish(Ending(Cause.NETWORK_OUT_OF_ORDER, Side.WIRE, line.link.detail))
            return
        rtp = await self._open_port(flow.local_host)
        if rtp is None:
            return
        domain = line.link.domain
        target = SipUri("sip", number, domain)
        from_, headers = shown_as(line.account, caller, domain)
        negotiation = new_negotiation(secure=False)
        with line.driver.turn() as now:
            call = line.driver.agent.call(
                flow,
                str(target),
                from_=from_,
                to=NameAddr(str(target)),
                body=negotiation.offer(rtp.host, rtp.port),
                now=now,
                auth=line.link.auth,
                headers=headers,
            )
            self._rings(call, negotiation)
