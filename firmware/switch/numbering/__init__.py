"""Numbers as dialled and as presented: what they are, their one form, how a line wants them."""

from firmware.switch.numbering.number import Number, NumberClass
from firmware.switch.numbering.plan import Numbering, NumberPlan
from firmware.switch.numbering.rewrite import LineNumbering

__all__ = ["LineNumbering", "Number", "NumberClass", "NumberPlan", "Numbering"]
