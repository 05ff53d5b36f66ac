"""Hunt groups: one number, several people, a strategy that says who rings when."""

from extensions.hunt.model import HuntGroup, Member, Strategy
from extensions.hunt.script import Hunting
from extensions.hunt.tally import Tally

__all__ = ["HuntGroup", "Hunting", "Member", "Strategy", "Tally"]
