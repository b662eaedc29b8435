"""Judges citations in three states: in force on a day, changed since, or unknown.

It says what the register of versions knows; whether the base holds a text to show is another
question (see ``bot.dialogue.guard``).
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import Literal

from knowledge_base.citations import Citation, parse
from knowledge_base.lawnames import LawNames, known_laws
from knowledge_base.models import Version
from knowledge_base.renumbering import Renumbering, load_renumbering
from knowledge_base.versions import Dated, Register, load_register

Status = Literal["in_force", "changed", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What a citation is worth on a day."""

    key: str
    status: Status
    now: str | None = None
    """The key that the article bears on that day, where it changed and that is certain."""
    version: Version | None = None
    """The version meant: the one in force, or the former one that had the article."""


class Verifier:
    """Judges article keys against the register; read-only and safe to share."""

    def __init__(self, register: Register, renumbering: Renumbering) -> None:
        self.register = register
        self.renumbering = renumbering

    def judge(self, law: str, number: str, on: dt.date, edition: str = "") -> Verdict:
        """Judge one article as it is cited on a day; ``edition`` as in :class:`Citation`."""
        key = f"{law}/{number}"
        rows = self.register.history(law)
        now = self.register.row(law, on)
        meant = self._edition(rows, now, edition, on)
        if meant is not None:
            has = self._has(meant, number, rows)
            if not has:
                return Verdict(key, "unknown")
            return self._changed(key, meant, number, on)
        if now is not None and self._has(now, number, rows):
            return Verdict(key, "in_force", version=now.version)
        # The last earlier text that had the number tells what became of it.
        for row in reversed(rows):
            ended = row.version.in_force_until
            if ended is not None and ended <= on and self._has(row, number, rows):
                return self._changed(key, row, number, on)
        repeal = self.register.repeal(law)
        if not rows and repeal is not None and repeal.since <= on and number != "0":
            return Verdict(key, "changed")
        return Verdict(key, "unknown")

    def citations(self, text: str) -> list[Citation]:
        """Parse a text; every law of the register is known by its name."""
        return parse(text, laws=self._names)

    def verdicts(self, text: str, on: dt.date) -> list[Verdict]:
        """Judge every citation of a text, in reading order."""
        return [self.of(citation, on) for citation in self.citations(text)]

    def doubts(self, text: str, on: dt.date) -> list[Verdict]:
        """Return the citations in a person's words that do not hold on a day.

        One that names the former law as such (原《合同法》, 2018年公司法) is no mistake.
        """
        judged = ((citation, self.of(citation, on)) for citation in self.citations(text))
        return [
            verdict
            for citation, verdict in judged
            if verdict.status == "unknown" or (verdict.status == "changed" and not citation.edition)
        ]

    def of(self, citation: Citation, on: dt.date) -> Verdict:
        """Judge a parsed citation."""
        return self.judge(citation.law, citation.number, on, citation.edition)

    @functools.cached_property
    def _names(self) -> LawNames:
        return known_laws().with_names((*self.register.laws, *self.register.repealed_laws))

    def _changed(self, key: str, row: Dated, number: str, on: dt.date) -> Verdict:
        successor = self.renumbering.successor(row, number, on, self.register)
        return Verdict(key, "changed", successor, row.version)

    def _edition(
        self, rows: tuple[Dated, ...], now: Dated | None, edition: str, on: dt.date
    ) -> Dated | None:
        """Return the former version that a citation names, or None if it means the present one."""
        if not edition:
            return None
        past = [r for r in rows if r.version.in_force_until and r.version.in_force_until <= on]
        if edition == "former":
            # 原《合同法》 is a law repealed, 旧公司法 the text before the present one.
            return past[-1] if past and now is not None else None
        year = int(edition)
        if now is not None and year in _years(now):
            return None
        named = next((row for row in reversed(past) if year in _years(row)), None)
        if named is not None:
            return named
        # No text of that year: 2024年的治安管理处罚法 is the one that held then.
        held = self.register.row(rows[-1].version.law, dt.date(year, 12, 31)) if rows else None
        return held if held in past else None

    def _has(self, row: Dated, number: str, rows: tuple[Dated, ...]) -> bool:
        """Say whether a version has the article; of a lost text its neighbours tell."""
        if row.numbers is not None:
            return number in row.numbers
        place = rows.index(row)
        # What was inserted later (之N) did not stand in an earlier text.
        is_inserted = "-" in number
        later = next((r for r in rows[place + 1 :] if r.numbers is not None), None)
        earlier = next((r for r in reversed(rows[:place]) if r.numbers is not None), None)
        near = (earlier,) if is_inserted and earlier is not None else (later, earlier)
        return any(r is not None and number in (r.numbers or ()) for r in near)


def _years(row: Dated) -> set[int]:
    days = (row.version.passed, row.version.in_force_from)
    return {day.year for day in days if day is not None}


@functools.cache
def load_verifier() -> Verifier:
    """Return the verifier over the committed register and tables, read once."""
    return Verifier(load_register(), load_renumbering())
