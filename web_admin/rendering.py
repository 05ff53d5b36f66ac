"""Turns a template and its values into a response: language, session, security and nothing inline."""

from __future__ import annotations

import datetime
import secrets
import time
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.background_tasks import BackgroundTask

from firmware.control.line_words import detail_in
from firmware.core.money import money
from firmware.core.trace import in_language
from web_admin import format as formats
from web_admin.assets import Assets
from web_admin.forms import labels
from web_admin.forms.reading import is_lines, is_scalar, is_table, ticks_of
from web_admin.forms.suggestions import list_for, names_somebody
from web_admin.security.gate import CSP
from web_admin.security.rights import Role, may
from web_admin.security.sessions import Session
from web_admin.security.users import User
from web_admin.words import LANGUAGES, TAGS, Words, preferred

LANGUAGE_COOKIE = "zongji-language"

AnyRequest = Request[Any, Any, Any]


class Pages:
    """The templates.

    Args:
        assets: Where styles and scripts are found, under names that change with their content.
    """

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            asset=assets.address,
            has_asset=assets.has,
            languages=LANGUAGES,
            length=formats.length,
            money=money,
            offset=formats.offset,
            phone_number=formats.phone_number,
            talk_time=formats.talk_time,
            local=formats.local,
            when=formats.when,
            last_day=formats.last_day,
            month_name=formats.month_name,
            is_scalar=is_scalar,
            is_lines=is_lines,
            is_table=is_table,
            ticks_of=ticks_of,
            list_for=list_for,
            names_somebody=names_somebody,
            line_detail=detail_in,
        )

    def text(self, template: str, words: Words, **values: Any) -> str:
        """Return a rendered template, for a fragment that no request asked for."""
        return self._environment.get_template(template).render(
            t=words,
            lang=TAGS[words.language],
            language=words.language,
            label=lambda path, shape: labels.label(path, shape, words),
            explains=lambda path, shape: labels.explains(path, shape, words),
            choice=lambda value: labels.choice(value, words),
            section_name=lambda name: labels.section(name, words),
            unit_of=lambda path: labels.unit(path, words),
            shown=lambda value: labels.shown(value, words),
            said=lambda text: in_language(text, TAGS[words.language]),
            moment=lambda instant: formats.moment(instant, words.language),
            short_moment=lambda instant, today: formats.short_moment(instant, today, words.language),
            decimal=lambda value, digits=0: formats.number(value, words.language, digits),
            country=lambda code: formats.country(code, words.language),
            share=lambda value: formats.share(value, words.language),
            size=lambda octets: formats.size(octets, words.language),
            **values,
        )

    def page(
        self,
        request: AnyRequest,
        template: str,
        *,
        status: int = 200,
        background: BackgroundTask | None = None,
        **values: Any,
    ) -> Response[str]:
        """Return a page, in the language of whoever asks."""
        session = session_of(request)
        user = account_of(request)
        nonce = secrets.token_urlsafe(12)
        words = words_of(request)
        text = self.text(
            template,
            words,
            csrf=session.csrf if session else "",
            signed_in=session is not None,
            user=user,
            may=lambda path: user is not None and may(user.role, path),
            path=request.url.path,
            nonce=nonce,
            today=datetime.datetime.now().astimezone().date(),
            now_ms=int(time.time() * 1000),
            **values,
        )
        # The nonce is for the player's shadow tree, which brings a style element of its own.
        policy = CSP.format(nonce=f" 'nonce-{nonce}'" if "data-nonce" in text else "")
        return Response(
            text,
            status_code=status,
            media_type="text/html; charset=utf-8",
            headers={"content-security-policy": policy, "vary": "Cookie, Accept-Language, HX-Request"},
            background=background,
        )


def session_of(request: AnyRequest) -> Session | None:
    """Return who is signed in; the gate has found it."""
    found = request.scope.get("state", {}).get("session")
    return found if isinstance(found, Session) else None


def account_of(request: AnyRequest) -> User | None:
    """Return the user who is signed in; the gate has found it."""
    found = request.scope.get("state", {}).get("user")
    return found if isinstance(found, User) else None


def is_role(request: AnyRequest, role: Role) -> bool:
    """Tell whether whoever asks has at least this role."""
    user = account_of(request)
    return user is not None and user.role.includes(role)


def user_of(request: AnyRequest) -> str:
    session = session_of(request)
    return session.user if session else ""


def address_of(request: AnyRequest) -> str:
    """Return the address a request comes from."""
    return request.client.host if request.client else "?"


def language_of(request: AnyRequest) -> str:
    return preferred(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))


def words_of(request: AnyRequest) -> Words:
    return Words(language_of(request))


def is_partial(request: AnyRequest) -> bool:
    """Tell whether htmx asks for a part of a page."""
    return request.headers.get("hx-request") == "true"
