"""The menus and the office's own prompts, for an editor on a page."""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from extensions.directory import OfficeDirectory
from firmware.app.parts import Parts
from firmware.control.base import OpenedFile
from firmware.control.menus import (
    MAX_PROMPT_PART,
    ChangePrompt,
    GetMenus,
    ListPrompts,
    MenusReply,
    OpenPrompt,
    PromptInfo,
    PromptReply,
    PromptsReply,
    SayPrompt,
    UploadPrompt,
)
from firmware.core.errors import UserError
from firmware.core.trace import Text
from firmware.settings.checks_voice import known_to_menus
from firmware.settings.store import SettingsStore
from ivr.menu import Menus, dry_run, first_menus, problems
from ivr.prompts.catalogue import CATALOGUE
from ivr.prompts.own import OwnPrompts
from ivr.prompts.speech import speak

_LONGEST_TEXT = 1000
_LONGEST_UPLOAD = 6 * 1024 * 1024
_MOST_UPLOADS = 4
_UPLOAD_S = 300.0
"""An upload whose parts stop coming is forgotten."""

_NAME = re.compile(r"\A[a-z0-9][a-z0-9-]{0,39}\Z")
_MOST_PROBLEMS = 20


class _Upload(msgspec.Struct):
    begun: float
    data: bytearray


class MenuDesk:
    """Answers the requests of `firmware.control.menus`.

    Args:
        settings: Opened.
        prompts: The folder of prompts.
        directory: Which extensions a caller may dial.
    """

    def __init__(self, settings: SettingsStore, prompts: Path, directory: OfficeDirectory) -> None:
        self._settings = settings
        self._folder = prompts
        self._own = OwnPrompts(prompts)
        self._directory = directory
        self._uploads: dict[str, _Upload] = {}

    async def menus(self, request: GetMenus) -> MenusReply:
        """Return menus, what is wrong with them, and what they would do to a caller.

        Raises:
            UserError: The menus given, or the moment, make no sense.
        """
        settings = self._settings.current
        book = settings.menus
        if request.menus is None:
            rules = settings.reception
            menus = book.preview() or first_menus(rules.attempts, rules.digits_timeout_ms / 1000)
        else:
            menus = _read(request.menus)
        own = await asyncio.to_thread(self._own.keys)
        wrong = problems(menus, known_to_menus(settings, own))
        steps: list[Text] = []
        if not wrong:
            schedule, at = settings.hours.in_force(), _moment(request.at)
            language = settings.office.language
            steps = dry_run(menus, schedule, at, self._directory, language, request.keys[:40])
        return MenusReply(
            menus=msgspec.to_builtins(menus),
            is_draft=book.draft is not None,
            problems=[str(one) for one in wrong[:_MOST_PROBLEMS]],
            steps=list(steps),
            prompts=[*sorted(own), *sorted(CATALOGUE)],
            versions=[(one.number, one.saved.isoformat(), one.by) for one in book.versions],
        )

    async def prompts(self, request: ListPrompts) -> PromptsReply:
        """Return the office's own prompts, and what came with the box."""
        listed = await asyncio.to_thread(self._own.listed, request.language)
        return PromptsReply(
            prompts=[PromptInfo(name=one.name, seconds=one.seconds, undoable=one.undoable) for one in listed],
            catalogue=sorted(CATALOGUE),
        )

    async def sound(self, request: OpenPrompt) -> OpenedFile[PromptReply]:
        """Open a prompt.

        Raises:
            UserError: There is none.
        """
        name = request.name.removeprefix("own/")
        if not _NAME.match(name):
            raise UserError(f"There is no prompt {name[:40]}.")
        folder = self._folder / request.language
        path = (folder / "own" if request.name.startswith("own/") else folder) / f"{name}.wav"
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            raise UserError(f"There is no prompt {name}.") from None
        reply = PromptReply(name=f"{name}.wav", size=os.fstat(descriptor).st_size)
        return OpenedFile(reply, descriptor)

    async def say(self, request: SayPrompt) -> PromptsReply:
        """Have a text spoken and keep it as a prompt.

        Raises:
            UserError: Name or text can't be used.
        """
        text = request.text.strip()
        if not 1 <= len(text) <= _LONGEST_TEXT:
            raise UserError(f"A text to be spoken has 1 to {_LONGEST_TEXT} characters.")

        def spoken() -> None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "said.wav"
                speak(text, request.language, path)
                self._own.upload(request.language, request.name, path.read_bytes())

        await asyncio.to_thread(spoken)
        return await self.prompts(ListPrompts(language=request.language))

    async def upload(self, request: UploadPrompt) -> PromptsReply:
        """Take one part of a sound file; with the last one, it is in force.

        Raises:
            UserError: It is too long, no sound, or the name can't be used.
        """
        now = time.monotonic()
        for key, one in list(self._uploads.items()):
            if now - one.begun > _UPLOAD_S:
                del self._uploads[key]
        upload = self._uploads.get(request.upload)
        if upload is None:
            if len(self._uploads) >= _MOST_UPLOADS:
                raise UserError("Other uploads are under way; try again in a minute.")
            upload = self._uploads[request.upload[:64]] = _Upload(now, bytearray())
        try:
            upload.data += base64.b64decode(request.data[:MAX_PROMPT_PART], validate=True)
        except binascii.Error:
            del self._uploads[request.upload]
            raise UserError("The upload was damaged on its way; send it again.") from None
        if len(upload.data) > _LONGEST_UPLOAD:
            del self._uploads[request.upload]
            raise UserError(f"A prompt is {_LONGEST_UPLOAD // 1024 // 1024} MB at most.")
        if not request.last:
            return PromptsReply(prompts=[])
        data = bytes(self._uploads.pop(request.upload).data)
        await asyncio.to_thread(self._own.upload, request.language, request.name, data)
        return await self.prompts(ListPrompts(language=request.language))

    async def change(self, request: ChangePrompt) -> PromptsReply:
        """Remove a prompt, or go back to the version before.

        Raises:
            UserError: There is none.
        """
        act = self._own.remove if request.to == "removed" else self._own.undo
        await asyncio.to_thread(act, request.language, request.name)
        return await self.prompts(ListPrompts(language=request.language))


def _read(document: Any) -> Menus:
    try:
        return msgspec.convert(document, Menus)
    except msgspec.ValidationError as error:
        raise UserError(f"Setting menus.draft: {error}. Nothing was changed.") from None


def _moment(text: str) -> datetime.datetime:
    if not text:
        return datetime.datetime.now().astimezone()
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M").astimezone()
    except (ValueError, OverflowError, OSError):
        raise UserError(f"{text[:30]} is no moment; write it as 2026-11-22 21:05.") from None


def start(parts: Parts) -> None:
    """Answer the requests from now on."""
    desk = MenuDesk(parts.settings, parts.paths.prompts, parts.directory)
    parts.answers.on(GetMenus, desk.menus)
    parts.answers.on(ListPrompts, desk.prompts)
    parts.answers.on_file(OpenPrompt, desk.sound)
    parts.answers.on(SayPrompt, desk.say)
    parts.answers.on(UploadPrompt, desk.upload)
    parts.answers.on(ChangePrompt, desk.change)
