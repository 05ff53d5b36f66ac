"""Who holds whom on a SIP leg, and what of it the phone was told.

`receiving` is what we want to be true of our side; the phone learns it with our next description of the
session. What the phone wants is read off its offers, and off its answers unless we hold it: then an answer
tells nothing of its own wishes.
"""

from __future__ import annotations

from extensions.sip.offer_answer import Agreed


class Hold:
    """One leg's."""

    def __init__(self) -> None:
        self.receiving = True
        """Whether we want to hear the phone; false while we hold it."""
        self._said = True
        self._by_phone = False

    @property
    def holds(self) -> bool:
        """Whether either holds the other."""
        return self._by_phone or not self.receiving

    @property
    def is_unsaid(self) -> bool:
        """Whether the phone was told otherwise than we want it now."""
        return self._said != self.receiving

    def say(self) -> None:
        """The phone has been told."""
        self._said = self.receiving

    def offered(self, agreed: Agreed) -> None:
        """The phone offered something, which was agreed on."""
        self._by_phone = not agreed.send

    def answered(self, agreed: Agreed) -> None:
        """The phone answered our offer."""
        if self._said:
            self._by_phone = not agreed.send
