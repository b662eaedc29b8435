"""Who works at the desk: lawyers, legal-aid officers and administrators."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    LAWYER = "lawyer"
    MEDIATOR = "mediator"
    """Receives visitors as lawyers do."""
    SUPERVISOR = "supervisor"
    """The lawyer on duty in charge: sees every conversation, assigns and reassigns."""
    OFFICER = "officer"
    """Decides on legal-aid applications; does not receive visitors."""
    ADMIN = "admin"
    """Does both, and looks after accounts."""


RECEIVES_VISITORS = frozenset({Role.LAWYER, Role.MEDIATOR, Role.SUPERVISOR, Role.ADMIN})
SUPERVISES = frozenset({Role.SUPERVISOR, Role.ADMIN})
REVEALS = frozenset({Role.LAWYER, Role.SUPERVISOR, Role.OFFICER, Role.ADMIN})
"""Roles that may see masked numbers, each time with a logged reason."""


@dataclass(frozen=True)
class Staff:
    """One person with an account."""

    id: int
    login: str
    name: str
    licence: str
    role: Role
    office_id: int | None = None

    @property
    def may_receive(self) -> bool:
        """Say whether this person may claim conversations."""
        return self.role in RECEIVES_VISITORS

    @property
    def may_supervise(self) -> bool:
        """Say whether this person sees every conversation and assigns work."""
        return self.role in SUPERVISES

    @property
    def may_reveal(self) -> bool:
        """Say whether this person may see masked numbers."""
        return self.role in REVEALS
