"""Where callers from outside are led: rules as data, a decision with its reasons, a dry run of it."""

from firmware.switch.inbound.decide import Decision, Situation, decide, explain
from firmware.switch.inbound.plan import InboundPlan, Period, Rule
from firmware.switch.inbound.route import Inbound, route

__all__ = [
    "Decision",
    "Inbound",
    "InboundPlan",
    "Period",
    "Rule",
    "Situation",
    "decide",
    "explain",
    "route",
]
