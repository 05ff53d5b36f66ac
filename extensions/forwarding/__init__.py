"""Forwarding, follow-me and do-not-disturb: what each member has set for its own calls."""

from extensions.forwarding.personal import CallerRule, Personal, When
from extensions.forwarding.reach import Reacher

__all__ = ["CallerRule", "Personal", "Reacher", "When"]
