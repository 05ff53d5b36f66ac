"""The office with everything people may do in a call, on fakes."""

from __future__ import annotations

from functools import partial

from extensions.conference import Conferences, RoomSettings
from extensions.dial import Office as Reachable
from extensions.feature_codes import CodeBook, FeatureService, InCall, InCallKeys
from extensions.forwarding import Personal, Reacher
from extensions.onward import onward
from firmware.switch.call import Call
from firmware.switch.destinations import ToConference, ToExtension
from firmware.switch.handing_on import HandingOn
from firmware.switch.parking import ParkingLot
from tests.scenarios.office import Office
from tests.switch.fake_leg import FakeLeg


class Desk:
    """The office with everything people may do in a call."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.personal: dict[str, Personal] = {}
        reacher = Reacher(self.personal, office.outbound, lambda: office.local_time)
        office.exchange.reach = reacher.reach
        reachable = Reachable(office.outbound, office.destinations, office.numbers)
        self.handing_on = HandingOn(office.exchange, partial(onward, office=reachable))
        self.lot = ParkingLot(("71", "72"), office.words, self.handing_on.back_to)
        self.in_call = InCall(self.handing_on, self.lot, InCallKeys(), office.exchange.recordings)
        office.exchange.features = self.in_call
        self.service = FeatureService(
            CodeBook(),
            office.exchange,
            office.outbound,
            self.personal,
            self._keep,
            lot=self.lot,
            supervisors=frozenset({"102"}),
        )
        office.code = self.service.code
        rooms = {"team": RoomSettings("team", "800"), "board": RoomSettings("board", "801", "1234", "9876")}
        self.conferences = Conferences(rooms, office.media, office.words)
        office.destinations.register(ToConference, self.conferences.serve)
        office.numbers.update({"800": ToConference("team"), "801": ToConference("board")})

    async def _keep(self, number: str, wishes: Personal, by: str) -> None:
        self.personal[number] = wishes

    async def talk(self, number: str = "101") -> tuple[FakeLeg, FakeLeg]:
        """Bring a caller from outside and an extension into conversation."""

        async def script(call: Call) -> None:
            await self.office.destinations.lead(call, ToExtension(number))

        caller = self.office.somebody_rings_in(script)
        phone = await self.office.phone_rings(number)
        phone.far.answers()
        await self.office.talking(caller, phone)
        return caller, phone

    async def answers(self, number: str) -> FakeLeg:
        phone = await self.office.phone_rings(number)
        phone.far.answers()
        return phone
