"""What the control socket answers: the switch's parts, put into the words of `firmware.control`."""

from firmware.app.api.api import SwitchApi

__all__ = ["SwitchApi"]
