"""The composition root of the switch process: the only package that sees every part."""

from firmware.app.boot import switch

__all__ = ["switch"]
