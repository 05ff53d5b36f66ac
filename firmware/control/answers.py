"""Which requests a switch answers, and with what: the table that a `ControlServer` serves.

An area of the switch adds its requests with `on`; the requests and replies themselves are structs in a module
of this folder, so that clients read the same words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, Union

import msgspec

from firmware.control.base import BaseReply, BaseRequest, OpenedFile
from firmware.control.editing import (
    MAX_HISTORY,
    ChangeSettings,
    GetHistory,
    GetSettings,
    HistoryReply,
    RestoreSettings,
)
from firmware.control.picture import WatchNow
from firmware.control.schema import (
    MAX_CALLS,
    CallReply,
    CallsReply,
    ControlApi,
    GetCall,
    GetStatus,
    ListCalls,
    ListPhones,
    PhonesReply,
)
from firmware.control.search import MAX_FOUND, FindCalls, OpenRecording

_Request = TypeVar("_Request", bound=BaseRequest)

Answer = Callable[[Any], Awaitable[BaseReply]]
FileAnswer = Callable[[Any], Awaitable[OpenedFile[BaseReply]]]


class Answers:
    """Requests by type, and the coroutine that answers each.

    A `UserError` that one raises reaches the client word for word, any other error as "see the log".
    """

    def __init__(self) -> None:
        self.replies: dict[type[BaseRequest], Answer] = {}
        self.files: dict[type[BaseRequest], FileAnswer] = {}
        self.pictures: dict[type[BaseRequest], Answer] = {}

    def on(self, request: type[_Request], answer: Callable[[_Request], Awaitable[BaseReply]]) -> None:
        """Have `answer` answer such requests; the reply's id is filled in for it."""
        self._new(request)
        self.replies[request] = answer

    def on_file(
        self, request: type[_Request], answer: Callable[[_Request], Awaitable[OpenedFile[BaseReply]]]
    ) -> None:
        """Have `answer` answer such requests with an open file, which is closed after it was sent."""
        self._new(request)
        self.files[request] = answer

    def on_watch(self, request: type[_Request], answer: Callable[[_Request], Awaitable[BaseReply]]) -> None:
        """Have `answer` be asked several times a second, and each change sent, until the client goes."""
        self._new(request)
        self.pictures[request] = answer

    def decoder(self) -> msgspec.json.Decoder[BaseRequest]:
        """Return a decoder of all these requests.

        Raises:
            TypeError: Two of them have the same tag.
        """
        known = (*self.replies, *self.files, *self.pictures)
        return msgspec.json.Decoder(Union[known])  # noqa: UP007 - the members are known at run time only

    def _new(self, request: type[BaseRequest]) -> None:
        if request in self.replies or request in self.files or request in self.pictures:
            raise ValueError(f"{request.__name__} has an answer already")


def answers_of(api: ControlApi, answers: Answers | None = None) -> Answers:
    """Return the answers to what everybody asks, given by `api`, added to `answers` if there are some."""
    answers = answers or Answers()

    async def phones(_: ListPhones) -> BaseReply:
        return PhonesReply(phones=await api.phones())

    async def calls(request: ListCalls) -> BaseReply:
        return CallsReply(journeys=await api.calls(max(1, min(request.limit, MAX_CALLS))))

    async def call(request: GetCall) -> BaseReply:
        return CallReply(journey=await api.call(request.call))

    async def find(request: FindCalls) -> BaseReply:
        return await api.find(request.filter, max(1, min(request.limit, MAX_FOUND)), request.after)

    async def history(request: GetHistory) -> BaseReply:
        return HistoryReply(entries=await api.history(max(1, min(request.limit, MAX_HISTORY))))

    answers.on(GetStatus, lambda _: api.status())
    answers.on(ListPhones, phones)
    answers.on(ListCalls, calls)
    answers.on(GetCall, call)
    answers.on(FindCalls, find)
    answers.on(GetSettings, lambda _: api.settings())
    answers.on(ChangeSettings, api.change_settings)
    answers.on(RestoreSettings, api.restore_settings)
    answers.on(GetHistory, history)
    answers.on_watch(WatchNow, lambda _: api.now())
    answers.on_file(OpenRecording, lambda request: api.recording(request.call, request.piece))
    return answers
