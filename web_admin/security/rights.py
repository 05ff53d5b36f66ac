"""Who may open what: four roles, each including those below it, and one table of addresses.

owner        users, integrations, certificates, roll-back          ┐
admin        settings, people, phones, system                      ├ each may what those below may
supervisor   the switchboard, all calls and recordings, reports    │
person       the own desk: own calls, voicemail, presence          ┘
"""

from __future__ import annotations

import enum
from typing import Final


class Role(enum.StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    PERSON = "person"

    def includes(self, other: Role) -> bool:
        """Tell whether this role may whatever `other` may."""
        return _ORDER[self] >= _ORDER[other]


_ORDER: Final = {Role.PERSON: 0, Role.SUPERVISOR: 1, Role.ADMIN: 2, Role.OWNER: 3}

# The longest beginning of a path counts. What isn't named is the owner's.
_NEEDED: Final[dict[str, Role]] = {
    "/account": Role.PERSON,
    "/desk": Role.PERSON,
    "/logout": Role.PERSON,
    "/live": Role.SUPERVISOR,
    "/board": Role.SUPERVISOR,
    "/calls": Role.SUPERVISOR,
    "/reports": Role.SUPERVISOR,
    "/tasks": Role.SUPERVISOR,
    "/texts": Role.SUPERVISOR,
    "/people": Role.ADMIN,
    "/settings": Role.ADMIN,
    "/history": Role.ADMIN,
    "/setup": Role.ADMIN,
    "/menus": Role.ADMIN,
    "/prompts": Role.ADMIN,
    "/calendar": Role.ADMIN,
    "/lines": Role.ADMIN,
    "/system": Role.ADMIN,
    "/system/updates": Role.OWNER,
    "/users": Role.OWNER,
    "/integrations": Role.OWNER,
}


def needed(path: str) -> Role:
    """Return the least role that may open a path."""
    if path == "/":
        return Role.SUPERVISOR
    fitting = [one for one in _NEEDED if path == one or path.startswith((f"{one}/", f"{one}."))]
    return _NEEDED[max(fitting, key=len)] if fitting else Role.OWNER


def may(role: Role, path: str) -> bool:
    """Tell whether a role may open a path."""
    return role.includes(needed(path))


def home(role: Role) -> str:
    """Return where a role begins."""
    return "/" if may(role, "/") else "/desk"
