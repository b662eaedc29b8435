"""Reading applications for counting and for lists; it changes nothing but the audit trail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from bot.aid.masking import masked_name
from bot.aid.repository import AidRepository
from bot.aid.rows import CLOSING, FIELDS
from bot.aid.service import STATE_ACTION
from bot.domain.aid import AidState
from bot.domain.clock import china_date
from bot.statistics.period import Period
from bot.statistics.records import Case, Event, Finished, Listed
from bot.store.tables import aid_applications, audit, offices, staff

OBJECTION = "objection"
GRANTED = STATE_ACTION + AidState.APPROVED
REFUSED = STATE_ACTION + AidState.REFUSED
ASSIGNED = STATE_ACTION + AidState.ASSIGNED
ASKED = STATE_ACTION + AidState.NEED_SUPPLEMENT
COUNTED = (GRANTED, REFUSED, ASSIGNED, ASKED, OBJECTION)

_APPLICATION = aid_applications.c

Seen = ColumnElement[bool]
"""Which applications the reader may see."""


class StatisticsRepository:
    def __init__(self, aid: AidRepository) -> None:
        self._aid = aid
        self._store = aid.store

    def cases(self, seen: Seen, period: Period) -> list[Case]:
        """Return what was submitted in a period."""
        columns = (
            "number", "matter", "fields_enc", "place", "state", "urgent", "created_at",
            "decide_by", "waited_days", "decided_at", "assigned_at", "closing_enc",
        )  # fmt: skip
        submitted = (seen, *_within(_APPLICATION.created_at, period))
        query = select(*(_APPLICATION[name] for name in columns)).where(*submitted)
        happened = _first_moments(COUNTED, *submitted)
        with self._store.read() as connection:
            moments: dict[str, dict[str, dt.datetime]] = {}
            for row in connection.execute(happened):
                moments.setdefault(row.subject, {})[row.action] = row.at
            return [
                self._case(row, moments.get(row.number, {})) for row in connection.execute(query)
            ]

    def events(self, seen: Seen, period: Period, actions: tuple[str, ...]) -> list[Event]:
        """Return what happened for the first time in a period, whenever it was submitted."""
        first = _first_moments(actions, seen).subquery()
        query = select(first.c.action, first.c.at).where(*_within(first.c.at, period))
        with self._store.read() as connection:
            return [Event(row.action, china_date(row.at)) for row in connection.execute(query)]

    def listed(self, seen: Seen, period: Period) -> list[Listed]:
        """Return the list of what was submitted in a period, oldest first."""
        query = _with_names(seen, *_within(_APPLICATION.created_at, period))
        with self._store.read() as connection:
            return [
                Listed(
                    row.number,
                    masked_name(self._fields(row)["name"]),
                    row.matter,
                    row.place,
                    AidState(row.state),
                    row.urgent,
                    china_date(row.created_at),
                    row.decide_by,
                    _day(row.decided_at),
                    _day(row.assigned_at),
                    _day(row.closed_at),
                    row.lawyer or "",
                    row.office or "",
                )
                for row in connection.execute(query)
            ]

    def finished(self, seen: Seen, period: Period) -> list[Finished]:
        """Return what was closed in a period, oldest first."""
        query = _with_names(
            seen,
            _APPLICATION.state == AidState.CLOSED,
            *_within(_APPLICATION.closed_at, period),
        )
        with self._store.read() as connection:
            return [
                Finished(
                    row.number,
                    row.matter,
                    row.lawyer or "",
                    row.licence or "",
                    row.office or "",
                    _day(row.assigned_at),
                    _day(row.closed_at),
                    self._closing(row),
                )
                for row in connection.execute(query)
            ]

    def office_name(self, office_id: int) -> str:
        query = select(offices.c.name).where(offices.c.id == office_id)
        with self._store.read() as connection:
            return connection.execute(query).scalar() or ""

    def record(self, actor: str, action: str, subject: str, note: str) -> None:
        with self._store.write() as connection:
            self._aid.record(connection, actor, action, subject, note)

    def _case(self, row: Any, moments: Mapping[str, dt.datetime]) -> Case:
        fields = self._fields(row)
        # The columns hold the last decision, which may have followed an objection.
        decisions = [moments[action] for action in (GRANTED, REFUSED) if action in moments]
        return Case(
            row.matter,
            fields.get("for_whom", ""),
            fields.get("group", ""),
            row.place,
            AidState(row.state),
            row.urgent,
            china_date(row.created_at),
            row.decide_by,
            row.waited_days,
            _day(min(decisions, default=row.decided_at)),
            _day(moments.get(GRANTED)),
            _day(moments.get(ASSIGNED, row.assigned_at)),
            ASKED in moments,
            OBJECTION in moments,
            # A lawyer hands the report in before the case is closed by it.
            str(self._closing(row).get("result") or "") if row.state == AidState.CLOSED else "",
        )

    def _fields(self, row: Any) -> Mapping[str, str]:
        found: Mapping[str, str] = self._store.cipher.decrypt_json(FIELDS, row.fields_enc)
        return found

    def _closing(self, row: Any) -> Mapping[str, Any]:
        if row.closing_enc is None:
            return {}
        found: Mapping[str, Any] = self._store.cipher.decrypt_json(CLOSING, row.closing_enc)
        return found


def _within(moment: Any, period: Period) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return moment >= period.starts, moment < period.ends


def _first_moments(actions: tuple[str, ...], *which: ColumnElement[bool]) -> Select[Any]:
    """Select of each application when each action was done first."""
    return (
        select(audit.c.subject, audit.c.action, func.min(audit.c.at).label("at"))
        .join(aid_applications, _APPLICATION.number == audit.c.subject)
        .where(audit.c.action.in_(actions), *which)
        .group_by(audit.c.subject, audit.c.action)
    )


def _with_names(*which: ColumnElement[bool]) -> Select[Any]:
    """Select applications with the names of their lawyer and their office."""
    return (
        select(
            aid_applications,
            staff.c.name.label("lawyer"),
            staff.c.licence,
            offices.c.name.label("office"),
        )
        .outerjoin(staff, staff.c.id == _APPLICATION.staff_id)
        .outerjoin(offices, offices.c.id == _APPLICATION.office_id)
        .where(*which)
        .order_by(_APPLICATION.id)
    )


def _day(moment: dt.datetime | None) -> dt.date | None:
    return None if moment is None else china_date(moment)
