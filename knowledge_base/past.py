"""Traces an article of today back to the text that stood in its place on an earlier day."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from knowledge_base.models import Former, KnowledgeBase, Version
from knowledge_base.verifier import Verifier
from knowledge_base.versions import same_day


@dataclass(frozen=True)
class Traced:
    """An article on a day: the version then in force, its number there, and our words for it."""

    version: Version
    number: str
    former: Former | None = None
    """None if it is the text of today, or one that we have not retold."""

    @property
    def key(self) -> str:
        return f"{self.version.law}/{self.number}"


class Past:
    """Read-only and safe to share."""

    def __init__(self, kb: KnowledgeBase, verifier: Verifier) -> None:
        self._former = kb.former
        self._verifier = verifier
        self._by_successor: defaultdict[str, list[Former]] = defaultdict(list)
        for found in kb.former.values():
            for former in found:
                for now in former.now:
                    self._by_successor[now].append(former)
        for key, listed in self._by_successor.items():
            # The one whose main successor this is, and of several the latest.
            listed.sort(key=lambda f: (f.now[0] != key, -_passed(f).toordinal()))

    def trace(self, key: str, on: dt.date, today: dt.date) -> Traced | None:
        """Return where an article of today stood on a day; None if that is not certain."""
        law, _, number = key.rpartition("/")
        register = self._verifier.register
        for former in self._by_successor.get(key, ()):
            version = former.article.version
            begins, until = version.in_force_from, version.in_force_until
            if begins and until and begins <= on < until:
                return Traced(version, former.article.number, former)
        now, then = register.in_force(law, today), register.in_force(law, on)
        if now is not None and then is not None and same_day(now.passed, then.passed):
            return Traced(now, number)
        found = self._verifier.renumbering.predecessor(law, number, today, on, register)
        if found is None:
            return None
        row, old_number = found
        return Traced(row.version, old_number, self.former_of(row.version, old_number))

    def former_of(self, version: Version, number: str) -> Former | None:
        """Return our own words for an article of a former version, if we have any."""
        for former in self._former.get(f"{version.law}/{number}", ()):
            if same_day(former.article.version.passed, version.passed):
                return former
        return None


def _passed(former: Former) -> dt.date:
    return former.article.version.passed or dt.date.min
