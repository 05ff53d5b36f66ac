"""Who may sign in: names, roles, password hashes and second factors, in one file of the web process.

They aren't part of the settings document: its history is shown to administrators, and a hash has no business
there. The first user is the owner; there is always one left.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import msgspec

from firmware.core.errors import UserError
from web_admin.files import replace_file
from web_admin.security.hashing import Hashing
from web_admin.security.rights import Role

MAX_USERS = 300

_NAME = re.compile(r"\A[\w.@-]{1,40}\Z")

_WORDS_GIVEN = 4
"""Groups of a password given to a new user: 4 × 4 letters of 31 are 79 bits."""

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    role: Role
    hash: str = ""
    """argon2id; "" lets nobody in."""
    extension: str = ""
    """The person's own; needed by the desk."""
    totp: str = ""
    """Secret of the second factor, base32; "" without one."""
    totp_step: int = 0
    """Time step of the last code used, so that none works twice."""
    must_change: bool = False
    """Whether somebody else chose the password."""

    def __repr__(self) -> str:
        return f"User({self.name!r}, {self.role}, extension={self.extension!r})"


class Users:
    """The users, kept in the file at `path`."""

    def __init__(self, path: Path, hashing: Hashing) -> None:
        self._path = path
        self._hashing = hashing
        self._seen: tuple[int, int] | None = None
        self._users: dict[str, User] = {}

    def all(self) -> list[User]:
        """Return everybody, owners first."""
        order = list(Role)
        return sorted(self._read().values(), key=lambda one: (order.index(one.role), one.name))

    def find(self, name: str) -> User | None:
        """Return a user by name; case doesn't matter."""
        return self._read().get(name.lower())

    def is_set_up(self) -> bool:
        """Tell whether there is an owner who can sign in."""
        return any(one.role is Role.OWNER and one.hash for one in self._read().values())

    async def is_right(self, name: str, password: str) -> bool:
        """Tell whether that is the user's password. Takes the same time whether there is such a user."""
        user = self.find(name)
        return await self._hashing.is_right(password, user.hash if user else "")

    async def choose_password(self, name: str, password: str, *, by_themselves: bool = True) -> None:
        """Set a user's password.

        Raises:
            UserError: It is too short, too long or everybody's.
            OSError: It can't be written.
        """
        hashed = await self._hashing.hash(password)
        user = self._known(name)
        self.put(msgspec.structs.replace(user, hash=hashed, must_change=not by_themselves))

    async def begin(self, name: str, password: str) -> User:
        """Make the owner, or give the owner of that name a new password and no second factor.

        Raises:
            UserError: Name or password can't be used.
            OSError: It can't be written.
        """
        hashed = await self._hashing.hash(password)
        owner = User(name=self._checked(name), role=Role.OWNER, hash=hashed)
        known = self.find(name)
        self.put(owner if known is None else msgspec.structs.replace(owner, extension=known.extension))
        return owner

    async def add(self, name: str, role: Role, extension: str) -> str:
        """Add a user and return the first password, which is to be changed at the first sign-in.

        Raises:
            UserError: The name is taken or can't be used, or there are too many.
            OSError: It can't be written.
        """
        if self.find(name) is not None:
            raise UserError("name taken")
        if len(self._read()) >= MAX_USERS:
            raise UserError("too many")
        password = made_password()
        hashed = await self._hashing.hash(password)
        self.put(
            User(name=self._checked(name), role=role, hash=hashed, extension=extension, must_change=True)
        )
        return password

    def put(self, user: User) -> None:
        """Replace a user, or add one.

        Raises:
            UserError: No owner would be left.
            OSError: It can't be written.
        """
        self._write({**self._read(), user.name.lower(): user})

    def remove(self, name: str) -> None:
        """Remove a user.

        Raises:
            UserError: No owner would be left.
            OSError: It can't be written.
        """
        self._write({key: one for key, one in self._read().items() if key != name.lower()})

    def _known(self, name: str) -> User:
        user = self.find(name)
        if user is None:
            raise UserError("no user")
        return user

    def _checked(self, name: str) -> str:
        if not _NAME.match(name):
            raise UserError("bad name")
        return name

    def _read(self) -> dict[str, User]:
        """Return the users by lower-case name, read anew when somebody else changed the file."""
        try:
            state = self._path.stat()
        except FileNotFoundError:
            self._users, self._seen = {}, None
            return self._users
        stamp = (state.st_mtime_ns, state.st_ino)
        if stamp != self._seen:
            found = msgspec.json.decode(self._path.read_bytes(), type=list[User])
            self._users = {one.name.lower(): one for one in found}
            self._seen = stamp
        return self._users

    def _write(self, users: dict[str, User]) -> None:
        if not any(one.role is Role.OWNER for one in users.values()):
            raise UserError("last owner")
        replace_file(self._path, msgspec.json.encode(list(users.values())))
        self._seen = None


def made_password() -> str:
    """Return a password that is easy to read out and type: "k7mq-w2hd-…"."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_WORDS_GIVEN))
    return "-".join(groups)
