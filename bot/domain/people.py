"""Who works at the desk: lawyers, legal-aid officers and administrators."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    LAWYER = "lawyer"
    OFFICER = "officer"
    """Decides on legal-aid applications; does not receive visitors."""
    ADMIN = "admin"
    """Does both, and looks after accounts."""


RECEIVES_VISITORS = frozenset({Role.LAWYER, Role.ADMIN})


@dataclass(frozen=True)
class Staff:
    """One person with an account."""

    id: int
    login: str
    name: str
    licence: str
    role: Role

    @property
    def may_receive(self) -> bool:
        """Say whether this person may claim conversations."""
        return self.role in RECEIVES_VISITORS
