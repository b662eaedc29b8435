"""An application as it stands in its table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from bot.domain.aid import AidState, Application
from bot.store.crypto import Cipher

FIELDS = "aid_applications.fields"
CLOSING = "aid_applications.closing"
"""What the columns are encrypted under."""


def application_of(row: Row[Any], cipher: Cipher) -> Application:
    """Decrypt a row of ``aid_applications``."""
    return Application(
        number=row.number,
        conversation_id=row.conversation_id,
        state=AidState(row.state),
        matter=row.matter,
        fields=cipher.decrypt_json(FIELDS, row.fields_enc),
        created_at=row.created_at,
        updated_at=row.updated_at,
        decide_by=row.decide_by,
        id=row.id,
        place=row.place,
        lodged_at=row.lodged_at,
        office_id=row.office_id,
        urgent=row.urgent,
        supplement_by=row.supplement_by,
        waiting_since=row.waiting_since,
        waited_days=row.waited_days,
        decided_at=row.decided_at,
        staff_id=row.staff_id,
        assigned_at=row.assigned_at,
        taken_at=row.taken_at,
        closed_at=row.closed_at,
        ground=row.ground,
        objected_on=row.objected_on,
        closing={} if row.closing_enc is None else cipher.decrypt_json(CLOSING, row.closing_enc),
    )
