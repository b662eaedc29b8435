"""Figures and lists as tables in words, the same for the page and for the exported files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.aid.form import AidForm
from bot.aid.service import STATE_ACTION
from bot.domain.aid import AidState
from bot.domain.clock import CHINA
from bot.statistics.figures import Counts, Figures, Level, Pace, region_of
from bot.statistics.period import Period
from bot.statistics.records import Finished, Listed
from bot.statistics.sheets import Cell, Percent, Sheet
from bot.statistics.small import Shown, Veiled
from bot.statistics.wording import Wording
from knowledge_base.rules.aid_periods import FORMS

MONTHLY = {
    "granted": AidState.APPROVED,
    "refused": AidState.REFUSED,
    "withdrawn": AidState.WITHDRAWN,
    "assigned": AidState.ASSIGNED,
    "closed": AidState.CLOSED,
    "terminated": AidState.TERMINATED,
}
"""What the table of months counts, and the state that it is about."""
HAPPENED = tuple(STATE_ACTION + state for state in MONTHLY.values())
REPORTED = ("form", "hearings", "days", "documents", "result")
"""What the report at the close holds for the subsidy."""


@dataclass(frozen=True)
class Tables:
    """Every table of a period: counts with shares, and those of another shape."""

    counts: tuple[Sheet, ...]
    times: Sheet
    others: Sheet
    months: Sheet
    cross: Sheet | None


@dataclass(frozen=True)
class Reported:
    """The words for the codes in a report at the close; a code without words stands for itself."""

    results: Mapping[str, str]
    documents: Mapping[str, str]


class Drawing:
    """Puts words to figures and to the lines of the lists."""

    def __init__(self, form: AidForm, wording: Wording, reported: Reported) -> None:
        self._form = form
        self._say = wording.say
        self._urgent: Mapping[str, str] = wording.get("urgent")
        self._wording = wording
        self._reported = reported

    def tables(self, figures: Figures) -> Tables:
        say = self._say
        counted: dict[str, Counts] = {
            "matter": figures.matter,
            "group": figures.group,
            "for_whom": figures.for_whom,
            "region": figures.region,
            "state": {self._state(state): n for state, n in figures.state.items()},
            "urgent": {self._urgency(code): n for code, n in figures.urgent.items()},
            "outcome": {say(f"outcomes.{o}"): n for o, n in figures.outcome.items()},
            "result": {self._result(code): n for code, n in figures.result.items()},
        }
        return Tables(
            tuple(self._counts(key, counts) for key, counts in counted.items() if counts),
            self._times(figures),
            self._others(figures),
            self._months(figures),
            self._cross(figures) if figures.cross.rows else None,
        )

    def sheets(
        self, figures: Figures, period: Period, scope: str, now: dt.datetime
    ) -> tuple[Sheet, ...]:
        """Return every table for a file, led by what it is about."""
        tables = self.tables(figures)
        cross = () if tables.cross is None else (tables.cross,)
        return (
            self._about(period, scope, now, small=bool(cross)),
            *tables.counts,
            tables.times,
            tables.others,
            tables.months,
            *cross,
        )

    def cases(self, listed: Sequence[Listed]) -> Sheet:
        columns = (
            "number", "name", "matter", "region", "state", "urgent", "submitted", "decide_by",
            "decided", "assigned", "closed", "lawyer", "office",
        )  # fmt: skip
        rows: list[tuple[Cell, ...]] = [
            (
                each.number,
                each.masked_name,
                each.matter,
                region_of(each.place, Level.COUNTY) or self._say("no_place"),
                self._state(each.state),
                self._urgency(each.urgent) if each.urgent else "",
                each.submitted_on,
                each.decide_by,
                each.decided_on,
                each.assigned_on,
                each.closed_on,
                each.lawyer,
                each.office,
            )
            for each in listed
        ]
        return self._sheet("cases", columns, rows)

    def subsidy(self, finished: Sequence[Finished]) -> Sheet:
        """Return the data of the subsidy; what a report lacks is left empty and named."""
        columns = (
            "number", "matter", "form", "lawyer", "licence", "office", "assigned", "closed",
            "between", "hearings", "days", "documents", "result", "missing",
        )  # fmt: skip
        return self._sheet("subsidy", columns, [self._subsidy(each) for each in finished])

    def _subsidy(self, each: Finished) -> tuple[Cell, ...]:
        report = {key: _told(each.closing.get(key)) for key in REPORTED}
        form, result = report["form"], report["result"]
        documents = each.closing.get("documents")
        if isinstance(documents, list | tuple):
            # None at all is an answer as well.
            named = [self._reported.documents.get(str(code), str(code)) for code in documents]
            report["documents"] = self._say("subsidy.list").join(named)
        between = (
            (each.closed_on - each.assigned_on).days
            if each.closed_on and each.assigned_on
            else None
        )
        missing = [key for key in REPORTED if report[key] is None]
        return (
            each.number,
            each.matter,
            FORMS.get(form, form) if isinstance(form, str) else form,
            each.lawyer,
            each.licence,
            each.office,
            each.assigned_on,
            each.closed_on,
            between,
            report["hearings"],
            report["days"],
            report["documents"],
            self._result(result) if isinstance(result, str) else result,
            self._say("subsidy.list").join(self._say(f"subsidy.{key}") for key in missing),
        )

    def _sheet(self, name: str, columns: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> Sheet:
        header = tuple(self._say(f"{name}.{column}") for column in columns)
        return Sheet(self._say(f"{name}.title"), header, tuple(rows))

    def _counts(self, key: str, counts: Counts) -> Sheet:
        total = sum(counts.values())
        title = self._say(f"tables.{key}")
        return Sheet(
            title,
            (title, self._say("count"), self._say("share")),
            tuple(
                (name or self._say("unknown"), n, Percent(n / total)) for name, n in counts.items()
            ),
        )

    def _times(self, figures: Figures) -> Sheet:
        rows = [
            *self._pace(("decided", "decision"), figures.decision),
            *self._pace(("assigned", "assignment"), figures.assignment),
        ]
        return self._named("times", rows)

    def _pace(self, names: tuple[str, str], pace: Pace) -> list[tuple[str, Cell]]:
        done, what = names
        share = None if pace.in_time is None else Percent(pace.in_time)
        return [
            (done, pace.done),
            (f"{what}_median", pace.median),
            (f"{what}_most", pace.most),
            (f"{what}_in_time", share),
            (f"{what}_late_open", pace.late_open),
        ]

    def _others(self, figures: Figures) -> Sheet:
        rows: list[tuple[str, Cell]] = [
            ("asked", figures.asked),
            ("withdrawn", figures.withdrawn),
            ("objected", figures.objected),
        ]
        return self._named("others", rows)

    def _named(self, table: str, rows: Sequence[tuple[str, Cell]]) -> Sheet:
        say = self._say
        return Sheet(
            say(f"tables.{table}"),
            (say("item"), say("value")),
            tuple((say(f"{table}.{name}"), value) for name, value in rows),
        )

    def _months(self, figures: Figures) -> Sheet:
        columns = ("month", "submitted", *MONTHLY)
        return Sheet(
            self._say("tables.months"),
            tuple(self._say(f"months.{column}") for column in columns),
            tuple(
                (
                    f"{month.first:%Y-%m}",
                    month.submitted,
                    *(month.happened.get(action, 0) for action in HAPPENED),
                )
                for month in figures.months
            ),
        )

    def _cross(self, figures: Figures) -> Sheet:
        unknown = self._say("unknown")
        return Sheet(
            self._say("tables.cross"),
            (self._say("cross.region"), *(group or unknown for group in figures.cross.groups)),
            tuple(
                (region or unknown, *(self._veiled(count) for count in row))
                for region, row in figures.cross.rows
            ),
        )

    def _veiled(self, count: Shown) -> Cell:
        return self._say(f"cross.{count.value}") if isinstance(count, Veiled) else count

    def _about(self, period: Period, scope: str, now: dt.datetime, *, small: bool) -> Sheet:
        say = self._say
        rows: list[tuple[Cell, ...]] = [
            (say("about.period"), say("periods.both", first=period.first, last=period.last)),
            (say("about.scope"), scope),
            (say("about.made"), f"{now.astimezone(CHINA):%Y-%m-%d %H:%M}"),
            (say("about.basis"), say("about.basis_says")),
        ]
        if small:
            rows.append((say("about.small"), say("about.small_says")))
        return Sheet(say("tables.about"), (say("item"), say("value")), tuple(rows))

    def _state(self, state: AidState) -> str:
        return self._form.texts.say(f"states.{state}.label")

    def _result(self, code: str) -> str:
        return self._reported.results.get(code, code)

    def _urgency(self, code: str) -> str:
        return self._urgent.get(code, self._urgent["any"]) if code else self._urgent["none"]


def _told(value: Any) -> Cell:
    """Return what a report says of one thing; None where it says nothing."""
    plain = isinstance(value, int | float | str) and not isinstance(value, bool)
    return value if plain and value != "" else None
