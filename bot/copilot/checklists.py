"""What a lawyer still has to ask, which evidence was named, and which periods may be running.

Read from the visitor's own words by the patterns of three YAML files; pure, nothing is searched.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from knowledge_base.citations import article_title
from knowledge_base.factdates import FactDate, mentioned_dates, without_dates
from knowledge_base.verifier import Verifier

HERE = Path(__file__).parent
OTHER = "其他"
LOOK_BACK = 14
"""Characters before a kind of evidence in which its want may be said."""

_CLAUSES = re.compile(r"[，,。；;！!？?\n]+")
_MONTH_AND_DAY = re.compile(r"(?<![\d年./-])(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]")
_NAMED_YEAR = re.compile(r"年\s*$")


@dataclass(frozen=True)
class Said:
    """Words of the visitor, masked and canonical, and the day on which they were said."""

    words: str
    on: dt.date


@dataclass(frozen=True)
class Question:
    """One thing a lawyer has to know, and the pattern that shows it was told."""

    label: str
    ask: str
    met: str


@dataclass(frozen=True)
class Missing:
    """One thing a lawyer still has to ask."""

    label: str
    ask: str


@dataclass(frozen=True)
class EvidenceKind:
    name: str
    words: str


@dataclass(frozen=True)
class Evidence:
    """A kind of evidence that the visitor named; ``held`` is False where it is said to lack."""

    kind: str
    held: bool
    said: str


@dataclass(frozen=True)
class Period:
    """A period of the law, from deadlines.yml."""

    id: str
    topics: tuple[str, ...]
    name: str
    article: str
    say: str
    words: str = ""
    """Pattern to be met in the visitor's words; always shown for its topics if empty."""
    starts: str = ""
    """Pattern of the event that begins it; without one the last day is never computed."""
    years: int = 0
    months: int = 0
    days: int = 0

    def end(self, start: dt.date) -> dt.date:
        """Return the last day; the day of the event itself does not count (民法典 201、202)."""
        month = start.month - 1 + self.months
        year, month = start.year + self.years + month // 12, month % 12 + 1
        day = min(start.day, calendar.monthrange(year, month)[1])
        return dt.date(year, month, day) + dt.timedelta(days=self.days)


@dataclass(frozen=True)
class Deadline:
    """A period that may be running in this conversation."""

    id: str
    name: str
    article: str
    title: str
    say: str
    began: str = ""
    """The visitor's words for the day it began, if there are any."""
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    days_left: int | None = None
    """Negative when the last day is past."""


@dataclass(frozen=True)
class Checklists:
    """The three lists, compiled once; read-only and safe to share."""

    questions: Mapping[str, tuple[Question, ...]]
    kinds: tuple[EvidenceKind, ...]
    lacks_before: str
    lacks_after: str
    files: str
    """How uploaded files are named among the evidence."""
    periods: tuple[Period, ...]
    remarks: Mapping[str, str]
    """What is added to a period on the day from which it was counted, or was not."""

    def missing(self, topic: str, said: Sequence[Said]) -> tuple[Missing, ...]:
        """Return what the visitor has not told yet of what the topic needs."""
        told = "\n".join(one.words for one in said)
        asked = self.questions.get(topic) or self.questions[OTHER]
        return tuple(Missing(q.label, q.ask) for q in asked if not re.search(q.met, told))

    def evidence(self, said: Sequence[Said], files: int = 0) -> tuple[Evidence, ...]:
        """Return the kinds of evidence named, each once; what is held counts before what lacks."""
        found: dict[str, Evidence] = {}
        for kind in self.kinds:
            for one in said:
                for match in re.finditer(kind.words, one.words):
                    held = not self._lacks(one.words, match)
                    if kind.name not in found or (held and not found[kind.name].held):
                        found[kind.name] = Evidence(kind.name, held, match[0])
        uploaded = (Evidence(self.files, True, str(files)),) if files else ()
        return (*uploaded, *found.values())

    def _lacks(self, words: str, match: re.Match[str]) -> bool:
        before = _CLAUSES.split(words[max(0, match.start() - LOOK_BACK) : match.start()])[-1]
        after = words[match.end() : match.end() + LOOK_BACK]
        return bool(re.search(self.lacks_before, before) or re.match(self.lacks_after, after))

    def deadlines(
        self, topic: str, said: Sequence[Said], today: dt.date, verifier: Verifier
    ) -> tuple[Deadline, ...]:
        """Return the periods that may be running, with the last day where its start was said."""
        told = "\n".join(one.words for one in said)
        fitting = [
            period
            for period in self.periods
            if topic in period.topics and (not period.words or re.search(period.words, told))
        ]
        return tuple(
            self._deadline(period, said, today, verifier)
            for period in fitting
            if _holds(verifier, period.article, today)
        )

    def _deadline(
        self, period: Period, said: Sequence[Said], today: dt.date, verifier: Verifier
    ) -> Deadline:
        title = article_title(period.article)
        plain = Deadline(period.id, period.name, period.article, title, period.say)
        began = _beginning(period, said)
        if began is None:
            return plain
        start = began.first if began.first == began.last else None
        if start is None:
            remark = self.remarks["vague"].format(said=began.said)
            return replace(plain, began=began.said, say=plain.say + remark)
        if not _holds(verifier, period.article, start):
            remark = self.remarks["earlier"].format(start=start)
            return replace(plain, began=began.said, starts_on=start, say=plain.say + remark)
        end = period.end(start)
        return replace(
            plain,
            began=began.said,
            starts_on=start,
            ends_on=end,
            days_left=(end - today).days,
            say=plain.say + self.remarks["counted"].format(start=start),
        )


def _holds(verifier: Verifier, key: str, on: dt.date) -> bool:
    law, _, number = key.rpartition("/")
    return verifier.judge(law, number, on).status == "in_force"


def _beginning(period: Period, said: Iterable[Said]) -> FactDate | None:
    """Return the last day that was said of the event which begins a period."""
    if not period.starts:
        return None
    found: FactDate | None = None
    for one in said:
        before = ""
        for clause in _CLAUSES.split(one.words):
            if re.search(period.starts, clause):
                days = list(_days(clause, one.on))
                # "10月8日，我被辞退": the clause before holds the day and nothing else.
                if not days and len(without_dates(before, one.on)) <= 2:
                    days = list(_days(before, one.on))
                if days:
                    found = max(days, key=lambda day: (day.first == day.last, day.last))
            before = clause
    return found


def _days(clause: str, on: dt.date) -> Iterator[FactDate]:
    """Yield the days of a clause; 10月8日 without a year is the last one that was."""
    yield from (day for day in mentioned_dates(clause, on) if not day.is_background)
    for match in _MONTH_AND_DAY.finditer(clause):
        if _NAMED_YEAR.search(clause, 0, match.start()):
            continue
        for year in (on.year, on.year - 1):
            try:
                day = dt.date(year, int(match[1]), int(match[2]))
            except ValueError:
                continue
            if day <= on:
                yield FactDate(day, day, match[0])
                break


@cache
def load_checklists(folder: Path = HERE) -> Checklists:
    """Read missing.yml, evidence.yml and deadlines.yml.

    Raises:
        pydantic.ValidationError: a file does not define a list.
        re.error: a pattern cannot be compiled.
    """
    missing, evidence, deadlines = (
        yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        for name in ("missing.yml", "evidence.yml", "deadlines.yml")
    )
    lists = Checklists(
        TypeAdapter(dict[str, tuple[Question, ...]]).validate_python(missing["topics"]),
        TypeAdapter(tuple[EvidenceKind, ...]).validate_python(evidence["kinds"]),
        evidence["lacks_before"],
        evidence["lacks_after"],
        evidence["files"],
        TypeAdapter(tuple[Period, ...]).validate_python(deadlines["deadlines"]),
        deadlines["remarks"],
    )
    for pattern in _patterns(lists):
        re.compile(pattern)
    return lists


def _patterns(lists: Checklists) -> Iterator[str]:
    yield from (lists.lacks_before, lists.lacks_after)
    yield from (kind.words for kind in lists.kinds)
    yield from (question.met for asked in lists.questions.values() for question in asked)
    for period in lists.periods:
        yield from (period.words, period.starts)
