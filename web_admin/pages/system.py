"""The box itself: what the doctor says, storage, power, logs, network, updates, a bundle for support.

Each part asks another answerer; one that isn't there takes away its own card, not the page.
"""

from __future__ import annotations

import asyncio
import io
import re
import resource
import time
import zipfile
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post

from firmware.control.base import BaseReply, BaseRequest
from firmware.control.care import CareReply, GetCare, TestCall, TestCallReply
from firmware.control.cloud import CloudReply, GetCloud
from firmware.control.line_care import CheckLines, LinesReply
from firmware.control.phones import BansReply, DoneReply, LiftBans, ListBans
from firmware.control.schema import GetStatus, StatusReply
from firmware.control.steward import (
    GetLog,
    GetNetwork,
    Log,
    NetworkIs,
    PowerOff,
    Reboot,
    ask_steward,
)
from firmware.control.storage import BackingUpReply, BackUp, GetStorage, StorageReply
from firmware.core.errors import UserError, ZongjiError
from firmware.core.trace import in_language
from web_admin.box import maybe
from web_admin.notices import notice_of, then
from web_admin.refusals import in_words
from web_admin.rendering import AnyRequest, address_of, user_of, words_of
from web_admin.site import Site
from web_admin.steward import steward_says
from web_admin.words import TAGS, Words

UNITS = ("all", "switch", "media", "web", "console", "steward")
_LINES = 400
_LONGEST_FILTER = 60

# What a person looks for in a log, and what it says there.
FILTERS = {
    "calls": r"call|leg|bridge|INVITE|ring",
    "lines": r"line|modem|SIM|signal|gsm|pstn",
    "phones": r"SIP|REGISTER|phone|registr",
    "faults": r"error|fail|warn|ALARM|lost|fault|can't",
    "pages": r"audit|web_admin|uvicorn",
}

_THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
_MEMORY = Path("/proc/self/statm")

_SECRETS = re.compile(
    r"(?i)((?:password|passwd|secret|token|authorization|pin|key)\W{1,4})([^\s,;\"']{3,})|(://[^\s/@:]+:)[^\s/@]+@"
)
"""What must not leave the box in a bundle, should it ever have got into a log."""


def temperature() -> float | None:
    """Return the processor's temperature in °C; None where no sensor tells."""
    try:
        return int(_THERMAL.read_text("ascii")) / 1000
    except (OSError, ValueError):
        return None


def masked(line: str) -> str:
    """Return a log line without what looks like a secret."""
    return _SECRETS.sub(lambda found: f"{found[1] or found[3]}•••{'@' if found[3] else ''}", line)


def chosen(lines: list[str], what: str, text: str) -> list[str]:
    """Return the lines of a log that a person asked for.

    Args:
        lines: All of them.
        what: A key of `FILTERS`, or anything else for all.
        text: Words that have to be in it, whatever their case.
    """
    pattern = re.compile(FILTERS[what], re.IGNORECASE) if what in FILTERS else None
    wanted = text.lower().split()
    return [
        line
        for line in lines
        if (pattern is None or pattern.search(line)) and all(word in line.lower() for word in wanted)
    ]


def system_router(site: Site) -> Router:
    """Return the handlers."""

    @get("/system")
    async def system(request: Request[Any, Any, Any]) -> Response[Any]:
        async with site.box.ask() as switch:
            status = await switch.ask(GetStatus(), StatusReply)
            care = await maybe(switch, GetCare(), CareReply)
            lines = await maybe(switch, CheckLines(), LinesReply)
            storage = await maybe(switch, GetStorage(), StorageReply)
            cloud = await maybe(switch, GetCloud(), CloudReply)
            bans = await maybe(switch, ListBans(), BansReply)
        network = await steward_says(GetNetwork(by=user_of(request)), NetworkIs)
        return site.pages.page(
            request,
            "system.html",
            status=200,
            box=status,
            told=_told(status, care, words_of(request)),
            care=care,
            lines=lines,
            storage=storage,
            cloud=cloud,
            bans=bans,
            network=network,
            celsius=temperature(),
            rss=_rss(),
            notice=notice_of(request)[0],
        )

    @get("/system/log")
    async def log(request: Request[Any, Any, Any]) -> Response[Any]:
        unit = request.query_params.get("unit", "all")
        what, text = (
            request.query_params.get("what", ""),
            request.query_params.get("text", "")[:_LONGEST_FILTER],
        )
        asked = GetLog(by=user_of(request), lines=_LINES, unit=unit if unit in UNITS else "all")
        found = await steward_says(asked, Log)
        return site.pages.page(
            request,
            "log.html",
            lines=None if found is None else [masked(one) for one in chosen(found.lines, what, text)],
            units=UNITS,
            filters=list(FILTERS),
            unit=unit,
            what=what,
            text=text,
        )

    @post("/system/act", status_code=303)
    async def act(request: Request[Any, Any, Any]) -> Response[Any]:
        what = str((await request.form()).get("do", ""))
        by = user_of(request)
        try:
            match what:
                case "backup":
                    async with site.box.ask() as switch:
                        await switch.ask(BackUp(), BackingUpReply)
                case "reboot":
                    await ask_steward(Reboot(by=by))
                case "power-off":
                    await ask_steward(PowerOff(by=by))
                case _:
                    raise UserError("There is no such act.")
        except ZongjiError as error:
            return _refused(request, error)
        site.audit.note(by, address_of(request), f"system-{what}")
        return then("/system", "system.done")

    @post("/system/bans", status_code=303)
    async def lift(request: Request[Any, Any, Any]) -> Response[Any]:
        host = str((await request.form()).get("host", ""))[:60]
        async with site.box.ask() as switch:
            await switch.ask(LiftBans(host=host), DoneReply)
        site.audit.note(user_of(request), address_of(request), "ban-lifted", host)
        return then("/system", "system.done")

    @post("/system/test", status_code=200)
    async def test(request: Request[Any, Any, Any]) -> Response[Any]:
        async with site.box.ask() as switch:
            reply = await switch.ask(TestCall(), TestCallReply)
        return site.pages.page(request, "test_call.html", reply=reply)

    @get("/system/bundle.zip")
    async def bundle(request: Request[Any, Any, Any]) -> Response[Any]:
        """Everything support needs, and no secret: settings as pages see them, states, the newest log."""
        files: dict[str, bytes] = {}
        async with site.box.ask() as switch:
            settings = await switch.settings()
            files["settings.json"] = _json(settings.values)
            asked: list[tuple[str, BaseRequest, type[BaseReply]]] = [
                ("status", GetStatus(), StatusReply),
                ("care", GetCare(), CareReply),
                ("lines", CheckLines(), LinesReply),
                ("storage", GetStorage(), StorageReply),
                ("cloud", GetCloud(), CloudReply),
            ]
            for name, question, kind in asked:
                reply = await maybe(switch, question, kind)
                if reply is not None:
                    files[f"{name}.json"] = _json(reply)
        network = await steward_says(GetNetwork(by=user_of(request)), NetworkIs)
        if network is not None:
            safe = msgspec.structs.replace(
                network,
                wanted=msgspec.structs.replace(network.wanted, password=""),
            )
            files["network.json"] = _json(safe)
        log = await steward_says(GetLog(by=user_of(request), lines=_LINES), Log)
        if log is not None:
            files["log.txt"] = "\n".join(masked(one) for one in log.lines).encode()
        site.audit.note(user_of(request), address_of(request), "bundle-saved")
        data = await asyncio.to_thread(_zipped, files)
        name = f"zongji-support-{time.strftime('%Y%m%d-%H%M')}.zip"
        return Response(
            data,
            media_type="application/zip",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    def _refused(request: AnyRequest, error: ZongjiError) -> Response[Any]:
        detail = in_words(error, None, words_of(request)) if isinstance(error, UserError) else str(error)
        return site.pages.page(request, "problem.html", status=422, key="error.title", detail=detail)

    return Router("/", route_handlers=[system, log, act, lift, test, bundle])


def _told(status: StatusReply, care: CareReply | None, words: Words) -> list[str]:
    """Return what needs attention, in the reader's language."""
    troubles = [] if care is None else care.troubles
    told = [in_language(one, TAGS[words.language]) for one in (*status.faults, *troubles)]
    return list(dict.fromkeys(told))


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value))


def _zipped(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def _rss() -> int:
    """Return this process's resident memory in bytes."""
    try:
        return int(_MEMORY.read_text("ascii").split()[1]) * resource.getpagesize()
    except (OSError, ValueError):
        return 0
