"""Values as speech: which prompts say a number, a date, a duration or a sum of money in each language."""

from ivr.prompts.spoken.atoms import ATOMS, PAUSE
from ivr.prompts.spoken.english import English
from ivr.prompts.spoken.mandarin import Mandarin
from ivr.prompts.spoken.seam import Noun, Spoken

SPOKEN: dict[str, Spoken] = {"zh-CN": Mandarin(), "en": English()}
"""How each language says values; the languages are those of the catalogue."""

__all__ = ["ATOMS", "PAUSE", "SPOKEN", "Noun", "Spoken"]
