"""Who someone is, as their token says."""

from enum import StrEnum
from fnmatch import fnmatchcase

import attrs

from trio_signal.domain.ids import RoomId, UserId


class Role(StrEnum):
    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


@attrs.frozen
class Identity:
    """A person for as long as their token holds.

    `expires_at` is in Unix seconds. `room_patterns` are shell-style patterns (`team-*`); None allows every room.
    """

    user_id: UserId
    username: str
    role: Role = Role.USER
    email: str | None = None
    expires_at: float = 0.0
    room_patterns: tuple[str, ...] | None = None

    @property
    def moderates(self) -> bool:
        """May close any room and kick from any room."""
        return self.role is not Role.USER

    @property
    def external_id(self) -> str:
        """The key of the `users` row of an identity that is known from tokens alone."""
        kind = "int" if isinstance(self.user_id, int) else "str"
        return f"{kind}:{self.user_id}"

    def may_use(self, room_id: RoomId) -> bool:
        """Whether the token's `rooms` patterns allow this room."""
        if self.room_patterns is None:
            return True
        return any(fnmatchcase(room_id, pattern) for pattern in self.room_patterns)

    def is_user(self, user_id: UserId) -> bool:
        """The same user: 1 and "1" differ, and so do 1 and True."""
        return type(user_id) is type(self.user_id) and user_id == self.user_id
