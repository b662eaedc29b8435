"""What the sign-in form may hold."""

from __future__ import annotations

import re

LOGIN = re.compile(r"[a-z0-9][a-z0-9_.@-]{1,39}")
"""Login names: short, without spaces, the same whichever case they are typed in."""

LEAST_PASSWORD = 8
LONGEST_PASSWORD = 200


def login_name(typed: str) -> str | None:
    """Return the login name as it is stored, or None if nothing could be stored under it."""
    name = typed.strip().casefold()
    return name if LOGIN.fullmatch(name) else None
