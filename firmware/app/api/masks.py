"""Secrets as a page may hold them: dots with a mark that means something to this process alone.

A form that sends the mark back keeps the secret, wherever in a list its entry has moved to; from outside
nothing can be told from it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Any, TypeVar

from firmware.control.shapes import Kind, Shape

DOTS = "••••"
_MARK_LENGTH = 10

_Value = TypeVar("_Value")

_key = os.urandom(32)


def masked(value: _Value, shape: Shape) -> _Value:
    """Return a value with its secrets as marked dots."""
    changed: _Value = _walk(value, shape, lambda secret: DOTS + _mark(secret))
    return changed


def secrets_in(value: Any, shape: Shape) -> dict[str, str]:
    """Return mark → secret of a value."""
    found: dict[str, str] = {}

    def note(secret: str) -> str:
        found[DOTS + _mark(secret)] = secret
        return secret

    _walk(value, shape, note)
    return found


def unmasked(value: _Value, shape: Shape, known: dict[str, str]) -> _Value:
    """Return a value with its marked dots as the secrets they stand for; other text is a new secret."""
    changed: _Value = _walk(value, shape, lambda secret: known.get(secret, secret))
    return changed


def _mark(secret: str) -> str:
    return hmac.new(_key, secret.encode(), hashlib.sha256).hexdigest()[:_MARK_LENGTH]


def _walk(value: Any, shape: Shape | None, change: Callable[[str], str]) -> Any:
    if shape is None or value is None:
        return value
    if shape.is_secret:
        return change(value) if isinstance(value, str) and value else value
    if shape.kind is Kind.LIST and isinstance(value, list | tuple):
        return [_walk(one, shape.item, change) for one in value]
    if shape.kind is Kind.MAP and isinstance(value, dict):
        return {key: _walk(one, shape.item, change) for key, one in value.items()}
    if shape.kind in (Kind.GROUP, Kind.VARIANT) and isinstance(value, dict):
        fields = {field.name: field.shape for field in shape.fields}
        for variant in shape.variants:
            if value.get(shape.tag_field) == variant.tag:
                fields = {field.name: field.shape for field in variant.fields}
        return {key: _walk(one, fields.get(key), change) for key, one in value.items()}
    return value
