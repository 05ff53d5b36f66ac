"""The rest of what a switch answers, from memory: acts on calls, notes, queues, figures."""

from __future__ import annotations

import datetime
import os
import tempfile

import msgspec

from extensions.certificates import Certificates
from extensions.directory import OfficeDirectory
from firmware.app.api import calendar
from firmware.app.api.certificates import answer as sign_pages
from firmware.app.api.menus import MenuDesk
from firmware.app.pages import answer_resets
from firmware.control.answers import Answers, answers_of
from firmware.control.base import BaseRequest, OpenedFile
from firmware.control.lines import ListTexts, SendText, TextQueued, TextsReply
from firmware.control.live import ActedReply, HangUpCall, ListenIn, ParkCall, PlaceCall, TransferCall
from firmware.control.lost_callers import CloseLostCaller, ListLostCallers, LostCallersReply
from firmware.control.menus import (
    ChangePrompt,
    GetMenus,
    ListPrompts,
    OpenPrompt,
    SayPrompt,
    UploadPrompt,
)
from firmware.control.notes import AddNote, AmendedReply, SetTags, WrapUpCall
from firmware.control.phones import (
    AuthorityReply,
    DeviceNow,
    DevicesReply,
    DoneReply,
    GetAuthority,
    InvitationNow,
    InvitationReply,
    InviteDevice,
    ListDevices,
    SecretReply,
    ShowSecret,
    WithdrawInvitation,
)
from firmware.control.reports import (
    FigureCallsReply,
    FigureInfo,
    FiguresReply,
    GetFigureCalls,
    GetFigures,
    GetMonthReport,
    GetValues,
    MonthReportReply,
    Row,
    Value,
    ValuesReply,
    VariantInfo,
    Words,
)
from firmware.control.routing import AgentAct, QueuesReply
from firmware.control.search import CallFilter
from firmware.control.voice import AnnounceToAll, AnnouncingReply, HoursReply, SwitchHours
from firmware.control.voicemail import ListMessages, MessageReply, MessagesReply, OpenMessage
from firmware.core.clock import SystemClock
from firmware.core.errors import UserError
from firmware.core.ids import CallId
from firmware.core.leg import Direction
from firmware.core.lost import LostCaller
from firmware.core.messages import Counts, Message, MessageState
from firmware.core.records import AgentNote, Journey, WrapUp
from firmware.core.texts import OutgoingText, ReceivedText, TextState
from firmware.switch.directory import Extension
from tests.control.switch import FakeSwitch
from tests.store.sample import NOON_MS, BenchClock
from tests.switch.fake_leg import FakeLeg
from tests.web_admin.installation import FakeInstallation

FIGURES = (
    FigureInfo(
        key="calls_in",
        name=Words("Calls", "来电"),
        formula=Words("Every call from outside.", "所有外线来电。"),
        unit="count",
    ),
    FigureInfo(
        key="service_level",
        name=Words("Service level", "服务水平"),
        formula=Words("Answered within 20 s / offered.", "20 秒内接通 / 来电。"),
        unit="share",
        target=0.8,
        variants=(
            VariantInfo(
                key="answered",
                name=Words("of those answered", "占接通"),
                formula=Words("Answered within 20 s / answered.", "20 秒内接通 / 接通。"),
            ),
        ),
    ),
)


MESSAGE = Message(
    id="01MESSAGE",
    mailbox="101",
    state=MessageState.NEW,
    received=BenchClock().now(),
    caller="13800138000",
    path="x.wav",
)


RECEIVED = ReceivedText(1, "gsm1", "+8613800138000", "<b>明天</b> 10 点可以吗？", NOON_MS)
OUTGOING = OutgoingText(
    key="k0",
    number="13900139000",
    body="We missed your call.",
    state=TextState.FAILED,
    created_wall_ms=NOON_MS + 60_000,
    changed_wall_ms=NOON_MS + 61_000,
    purpose="missed call",
    detail="the network refuses it",
)


LOST = LostCaller(
    id="01LOST",
    number="+8613800138000",
    shown="13800138000",
    calls=2,
    first_wall_ms=NOON_MS,
    last_wall_ms=NOON_MS,
    last_journey="01KB0AAAAAAAAAA1",
    wanted="101",
    why="abandoned",
)


class FakeOffice:
    """What happened in the office, and what it was asked.

    Args:
        switch: Holds the journeys.
    """

    def __init__(self, switch: FakeSwitch) -> None:
        self.switch = switch
        self.asked: list[BaseRequest] = []
        self.installation = FakeInstallation()
        self.refusal = ""
        """Why acts on calls are refused; empty while they aren't."""
        self.invitations: dict[str, InvitationNow] = {}
        """By account."""
        self.invited = 0
        self.makes: dict[str, str] = {}
        """Of accounts whose phone is of a make."""

    def answers(self) -> Answers:
        """Return every answer: the switch's and these."""
        answers = answers_of(self.switch)
        answer_resets(answers, BenchClock(), self.switch.password_reset)
        for act in (TransferCall, ParkCall, HangUpCall, PlaceCall, ListenIn):
            answers.on(act, self._acted)
        calendar.answer(answers, self.switch.store)
        answers.on(AddNote, self._amended)
        answers.on(SetTags, self._amended)
        answers.on(WrapUpCall, self._amended)
        answers.on(AgentAct, self._queues)
        answers.on(GetFigures, self._figures)
        answers.on(GetValues, self._values)
        answers.on(GetFigureCalls, self._figure_calls)
        answers.on_file(GetMonthReport, self._month)
        answers.on(ListMessages, self._messages)
        answers.on_file(OpenMessage, self._message)
        answers.on(SwitchHours, self._hours)
        answers.on(AnnounceToAll, self._announce)
        answers.on(ListTexts, self._texts)
        answers.on(SendText, self._text)
        answers.on(ListLostCallers, self._lost)
        answers.on(CloseLostCaller, self._lost)
        if self.switch.folder is not None:
            certificates = Certificates(self.switch.folder / "tls")
            sign_pages(answers, SystemClock(), certificates)
            answers.on(GetAuthority, self._authority)
            answers.on(ListDevices, self._devices)
            answers.on(InviteDevice, self._invited)
            answers.on(WithdrawInvitation, self._withdrawn)
            answers.on(ShowSecret, self._secret)
            people = OfficeDirectory([Extension("101", "x")], None, lambda _: FakeLeg(Direction.OUTGOING))
            desk = MenuDesk(self.switch.store, self.switch.folder / "prompts", people)
            answers.on(GetMenus, desk.menus)
            answers.on(ListPrompts, desk.prompts)
            answers.on_file(OpenPrompt, desk.sound)
            answers.on(SayPrompt, desk.say)
            answers.on(UploadPrompt, desk.upload)
            answers.on(ChangePrompt, desk.change)
        self.installation.answer(answers)
        return answers

    def last(self) -> BaseRequest:
        """Return what was asked last, without its number."""
        return msgspec.structs.replace(self.asked[-1], id=0)

    async def _acted(self, request: BaseRequest) -> ActedReply:
        self.asked.append(request)
        if self.refusal:
            raise UserError(self.refusal)
        return ActedReply(call=CallId("01KB0NEW"))

    async def _amended(self, request: AddNote | SetTags | WrapUpCall) -> AmendedReply:
        self.asked.append(request)
        journey: Journey = await self.switch.call(request.call)
        match request:
            case AddNote(author=author, text=text):
                journey.notes.append(AgentNote(author, 1000, text))
            case SetTags(tags=tags):
                journey.tags = [one.strip() for one in tags if one.strip()]
            case WrapUpCall(agent=agent, code=code):
                journey.wrap_ups.append(WrapUp(agent, 0, 0, code))
        return AmendedReply(journey=journey)

    async def _queues(self, request: AgentAct) -> QueuesReply:
        self.asked.append(request)
        return QueuesReply(queues=[])

    async def _messages(self, request: ListMessages) -> MessagesReply:
        mine = [MESSAGE] if request.mailbox == MESSAGE.mailbox else []
        return MessagesReply(counts=Counts(), messages=mine)

    async def _message(self, request: OpenMessage) -> OpenedFile[MessageReply]:
        self.asked.append(request)
        with tempfile.TemporaryFile() as file:
            file.write(b"RIFF a message")
            file.flush()
            return OpenedFile(MessageReply(message=MESSAGE), os.dup(file.fileno()))

    async def _devices(self, request: ListDevices) -> DevicesReply:
        found = [
            DeviceNow(
                extension=extension,
                name=name,
                account=account,
                label=label,
                make=self.makes.get(account, ""),
                mac="",
                srtp=False,
                server=f"{request.host or '10.0.0.5'}:5060",
                contacts=["192.168.1.20:5060"] if account == "101" else [],
                user_agents=[],
                invitation=self.invitations.get(account),
            )
            for extension, account, name, label in (
                ("101", "101", "Front desk", ""),
                ("101", "101-desk", "Front desk", "at the counter"),
                ("102", "102", "Anna", ""),
            )
        ]
        return DevicesReply(devices=found, provisioning=not self.refusal, tls_port=0)

    async def _invited(self, request: InviteDevice) -> InvitationReply:
        self.asked.append(request)
        if self.refusal:
            raise UserError(self.refusal)
        self.invited += 1
        self.invitations[request.account] = InvitationNow(
            serial=self.invited, seconds_left=86_400, fetched_s_ago=None
        )
        url = f"http://{request.host or '10.0.0.5'}:8088/p/ticket{self.invited}/"
        return InvitationReply(
            make=self.makes.get(request.account) or "linphone",
            url=url,
            qr=f"{url}101.xml",
            secure_url="",
            valid_hours=24,
        )

    async def _withdrawn(self, request: WithdrawInvitation) -> DoneReply:
        self.asked.append(request)
        self.invitations.pop(request.account, None)
        return DoneReply()

    async def _secret(self, request: ShowSecret) -> SecretReply:
        return SecretReply(secret=f"secret-of-{request.account}")

    async def _hours(self, request: SwitchHours) -> HoursReply:
        self.asked.append(request)
        if self.refusal:
            raise UserError(self.refusal)
        return HoursReply(enabled=True, is_open=True, state={}, mode=request.mode, warnings={})

    async def _announce(self, request: AnnounceToAll) -> AnnouncingReply:
        self.asked.append(request)
        if self.refusal:
            raise UserError(self.refusal)
        return AnnouncingReply(ringing=2, talking=1)

    async def _texts(self, _: ListTexts) -> TextsReply:
        return TextsReply(received=[RECEIVED], outgoing=[OUTGOING])

    async def _text(self, request: SendText) -> TextQueued:
        self.asked.append(request)
        if self.refusal:
            raise UserError(self.refusal)
        return TextQueued(key="k1")

    async def _lost(self, request: ListLostCallers | CloseLostCaller) -> LostCallersReply:
        self.asked.append(request)
        is_other = isinstance(request, ListLostCallers) and request.number not in ("", LOST.number)
        return LostCallersReply(callers=[] if isinstance(request, CloseLostCaller) or is_other else [LOST])

    async def _authority(self, _: GetAuthority) -> AuthorityReply:
        assert self.switch.folder is not None
        certificates = Certificates(self.switch.folder / "tls")
        certificates.ensure((), datetime.datetime.now(datetime.UTC))
        return AuthorityReply(pem=certificates.authority.read_text(), fingerprint=certificates.fingerprint())

    async def _figures(self, _: GetFigures) -> FiguresReply:
        return FiguresReply(figures=list(FIGURES))

    async def _values(self, request: GetValues) -> ValuesReply:
        self.asked.append(request)
        groups = {"": ("",), "day": ("2026-11-20", "2026-11-21")}.get(request.by, ("09", "10", "11"))
        rows = [
            Row(
                group=group,
                values=[
                    Value(
                        figure=one.key,
                        value=0.75 if one.unit == "share" else 12.0 + place,
                        numerator=9,
                        denominator=12,
                        calls=9,
                        of=12,
                        met=False if one.target else None,
                    )
                    for one in FIGURES
                    if not request.figures or one.key in request.figures
                ],
            )
            for place, group in enumerate(groups)
        ]
        return ValuesReply(rows=rows, now_ms=NOON_MS)

    async def _figure_calls(self, request: GetFigureCalls) -> FigureCallsReply:
        self.asked.append(request)
        found = await self.switch.find(CallFilter(), 50, None)
        return FigureCallsReply(calls=found.calls, total=len(found.calls))

    async def _month(self, request: GetMonthReport) -> OpenedFile[MonthReportReply]:
        self.asked.append(request)
        with tempfile.TemporaryFile() as file:
            file.write(b"a report")
            file.flush()
            descriptor = os.dup(file.fileno())
        name = f"report-{request.year}-{request.month:02}.{request.format}"
        reply = MonthReportReply(name=name, media_type="application/pdf", size=8)
        return OpenedFile(reply, descriptor)
