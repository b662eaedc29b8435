"""Who may read the figures and who may take lists with them; every file taken is recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bot.aid.form import load_form
from bot.aid.visibility import visible
from bot.domain.clock import Clock, china_date
from bot.domain.people import Role, Staff
from bot.errors import BadInput, Forbidden
from bot.statistics.figures import Figures, Level, count
from bot.statistics.period import Period, Quick, read_period, usual_periods
from bot.statistics.repository import Seen, StatisticsRepository
from bot.statistics.sheets import Kind, Sheet, written
from bot.statistics.tables import HAPPENED, Drawing, Reported, Tables
from bot.statistics.wording import load_wording

log = structlog.get_logger(__name__)

READERS = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.ADMIN})
"""Roles that see the figures."""
EXPORTERS = frozenset({Role.OFFICER, Role.ADMIN})
"""Roles that take lists of single cases with them."""
EXPORTED = "export"


@dataclass(frozen=True)
class Shown:
    """The figures of a period, and what they cover."""

    period: Period
    said: str
    """The period in words."""
    level: Level
    scope: str
    total: int
    tables: Tables


@dataclass(frozen=True)
class Export:
    name: str
    kind: Kind
    body: bytes


class StatisticsService:
    def __init__(self, repository: StatisticsRepository, clock: Clock, reported: Reported) -> None:
        self._repository = repository
        self._clock = clock
        self._wording = load_wording()
        self._drawing = Drawing(load_form(), self._wording, reported)

    def today(self) -> dt.date:
        return china_date(self._clock.now())

    def period(self, first: str, last: str) -> Period:
        """Return the period that was typed.

        Raises:
            BadInput: it is none.
        """
        return read_period(first, last, self.today(), self._wording)

    def level(self, typed: str) -> Level:
        """Return how finely places are told apart.

        Raises:
            BadInput: there is no such level.
        """
        try:
            return Level(typed) if typed else Level.COUNTY
        except ValueError as error:
            raise BadInput(self._wording.say("refusals.level")) from error

    def usual(self) -> tuple[Quick, ...]:
        return usual_periods(self.today(), self._wording)

    def levels(self) -> tuple[tuple[Level, str], ...]:
        return tuple((level, self._wording.say(f"levels.{level}")) for level in Level)

    def may_export_cases(self, person: Staff) -> bool:
        return person.role in EXPORTERS

    def require_reader(self, person: Staff) -> None:
        """Let nobody pass who may not see the figures.

        Raises:
            Forbidden: this person may not.
        """
        if person.role not in READERS:
            raise Forbidden(self._wording.say("refusals.not_readers"))

    def shown(self, person: Staff, period: Period, level: Level) -> Shown:
        """Return the figures of what this person oversees.

        Raises:
            Forbidden: this person may not see them.
        """
        figures = self._figures(person, period, level)
        tables = self._drawing.tables(figures)
        said = self._wording.say("periods.both", first=period.first, last=period.last)
        return Shown(period, said, level, self._scope(person), figures.total, tables)

    def export_figures(self, person: Staff, period: Period, level: Level, kind: Kind) -> Export:
        """Return the figures as a file, and record who took it.

        Raises:
            Forbidden: this person may not see them.
        """
        figures = self._figures(person, period, level)
        sheets = self._drawing.sheets(figures, period, self._scope(person), self._clock.now())
        return self._export(person, "figures", sheets, period, kind)

    def export_cases(self, person: Staff, period: Period, kind: Kind) -> Export:
        """Return the list of what was submitted as a file, and record who took it.

        Raises:
            Forbidden: this person may not take it.
        """
        self._require_exporter(person)
        sheet = self._drawing.cases(self._repository.listed(_seen_by(person), period))
        return self._export(person, "cases", [sheet], period, kind)

    def export_subsidy(self, person: Staff, period: Period, kind: Kind) -> Export:
        """Return the data of the subsidy of what was closed, and record who took it.

        Raises:
            Forbidden: this person may not take it.
        """
        self._require_exporter(person)
        sheet = self._drawing.subsidy(self._repository.finished(_seen_by(person), period))
        return self._export(person, "subsidy", [sheet], period, kind)

    def _figures(self, person: Staff, period: Period, level: Level) -> Figures:
        self.require_reader(person)
        seen = _seen_by(person)
        cases = self._repository.cases(seen, period)
        events = self._repository.events(seen, period, HAPPENED)
        return count(cases, events, period, level, self.today())

    def _export(
        self, person: Staff, what: str, sheets: Sequence[Sheet], period: Period, kind: Kind
    ) -> Export:
        rows = sum(len(sheet.rows) for sheet in sheets)
        body = written(sheets, kind)
        say = self._wording.say
        # Recorded before it leaves: a file of which nobody knows must not exist.
        self._repository.record(
            f"{person.id}:{person.name}",
            EXPORTED,
            f"{what}:{period.first}/{period.last}",
            say("audit", rows=rows, kind=kind),
        )
        log.info("statistics_exported", what=what, rows=rows, kind=str(kind), staff_id=person.id)
        named = say(f"files.{what}")
        name = say("files.name", what=named, first=period.first, last=period.last, kind=kind)
        return Export(name, kind, body)

    def _require_exporter(self, person: Staff) -> None:
        if person.role not in EXPORTERS:
            raise Forbidden(self._wording.say("refusals.not_exporters"))

    def _scope(self, person: Staff) -> str:
        if person.role is Role.ADMIN or person.office_id is None:
            return self._wording.say("scope.all")
        name = self._repository.office_name(person.office_id)
        return self._wording.say("scope.office", name=name)


def _seen_by(person: Staff) -> Seen:
    """Return what the figures cover; a supervisor oversees an office as its officers do."""
    overseeing = replace(person, role=Role.OFFICER) if person.role is Role.SUPERVISOR else person
    return visible(overseeing)
