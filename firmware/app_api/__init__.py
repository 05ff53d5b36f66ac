"""What the control socket answers: the switch's parts, put into the words of `firmware.control`."""

from firmware.app_api.api import SwitchApi

__all__ = ["SwitchApi"]
