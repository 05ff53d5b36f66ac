"""Signs the pages' certificate with the box's own authority."""

from __future__ import annotations

import asyncio
import datetime

from extensions.certificates import Certificates
from firmware.app.parts import Parts
from firmware.control.answers import Answers
from firmware.control.certificates import MAX_HOSTS, SignedReply, SignPages, is_local
from firmware.core.clock import Clock
from firmware.core.errors import UserError


def answer(answers: Answers, clock: Clock, certificates: Certificates) -> None:
    """Have signing requests answered from now on."""

    async def sign(request: SignPages) -> SignedReply:
        hosts = request.hosts[:MAX_HOSTS]
        strange = [host for host in hosts if not is_local(host)]
        if strange or not hosts:
            raise UserError(f"{', '.join(strange) or 'No name'}: only names of this network are signed for.")
        now = datetime.datetime.fromtimestamp(clock.now().wall_ms / 1000, datetime.UTC)

        def signed() -> bytes:
            certificates.ensure((), now)
            return certificates.sign(request.request.encode(), hosts, now)

        try:
            certificate = await asyncio.to_thread(signed)
        except ValueError as error:
            raise UserError(f"The request can't be signed: {error}.") from None
        authority = certificates.authority.read_text("ascii")
        return SignedReply(certificate=certificate.decode(), authority=authority)

    answers.on(SignPages, sign)


def start(parts: Parts) -> None:
    """Answer the request from now on."""
    answer(parts.answers, parts.clock, Certificates(parts.paths.root / "tls"))
