"""Which applications a member of staff may see at all."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, true

from bot.domain.people import Role, Staff
from bot.store.tables import aid_applications


def visible(person: Staff) -> ColumnElement[bool]:
    """Return what a person may see: an officer the office's and nobody's, a lawyer the own.

    An officer without an office and the administrator see every application.
    """
    table = aid_applications
    if person.role is Role.ADMIN:
        return true()
    if person.role is Role.OFFICER:
        if person.office_id is None:
            return true()
        return or_(table.c.office_id.is_(None), table.c.office_id == person.office_id)
    return table.c.staff_id == person.id
