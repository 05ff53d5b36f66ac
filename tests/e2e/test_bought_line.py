"""A call over a line bought from a SIP provider, who is played by a phone of another make."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from firmware.core.records import Outcome
from firmware.settings.document import Settings
from firmware.settings.sip import Provider
from firmware.sim.listening import find_tone
from firmware.switch.numbering import NumberClass
from firmware.switch.outbound.lines import LineRates
from tests.e2e.box import Box, dump
from tests.e2e.test_first_call import clearly, tone
from tests.interop.baresip import Baresip, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(120, func_only=True)]

MOBILE = "13900139000"


async def test_a_phone_calls_out_over_it_and_both_hear_each_other(tmp_path: Path, prompts: Path) -> None:
    port = free_port()
    bought = Provider(
        name="bought", servers=(f"127.0.0.1:{port}",), username="02087654321", registers=False,
        caller_id="from",
    )  # fmt: skip

    def with_it(settings: Settings) -> Settings:
        # The board's own line carries no mobiles, so that the bought one is taken.
        lines = {"gsm1": LineRates(classes=(NumberClass.SERVICE,))}
        outbound = msgspec.structs.replace(settings.outbound, lines=lines)
        return msgspec.structs.replace(settings, providers=(bought,), outbound=outbound)

    async with (
        Baresip.running(
            tmp_path / "far", MOBILE, "none", registrar_port=9, registers=False, listens_at=port
        ) as far,
        Box.running(tmp_path, prompts, with_it) as box,
    ):

        async def is_up() -> bool:
            return any(line.name == "bought" and line.state == "ready" for line in (await box.status()).lines)

        await box.until(is_up)
        phone = await box.phone("101", plays=700)

        async def talk(number: int) -> None:
            await phone.dial(MOBILE)
            event = await far.event("CALL_INCOMING")
            assert "02087654321" in str(event["peeruri"]), event
            await far.accept()
            await phone.event("CALL_ESTABLISHED")
            await asyncio.sleep(3)
            await far.hang_up()
            await phone.event("CALL_CLOSED")
            journey = await box.journey(number)
            assert journey.outcome is Outcome.ANSWERED, dump(journey)
            assert "bought" in [leg.address for leg in journey.legs], dump(journey)
            heard = find_tone(box.heard_by(phone), 8000, 1000)
            assert heard is not None and heard.lasted_seconds > 2
            assert tone(box.heard_by(far), 700).lasted_seconds > 2

        await clearly(talk)
