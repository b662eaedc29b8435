"""How fresh the law base is: up to which day it reaches, and what in it rests on changed law.

The ledger is drawn from the register of versions and the curated data; ``bot kb freshness`` prints
and stores it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from knowledge_base.citations import key_parts
from knowledge_base.comparison import answer_text
from knowledge_base.consultations import load_interviews
from knowledge_base.models import KnowledgeBase, Version
from knowledge_base.safety import load_safety_lanes
from knowledge_base.tools import load_calculators, load_documents
from knowledge_base.verifier import Verdict, Verifier
from knowledge_base.versions import HISTORY, Register, same_day

GAPS = HISTORY / "gaps.yml"
COLLECTIONS = ("just-laws", "lawrefbook")
"""Sources that hold everything of their kind; a single imported file says nothing of the rest."""
LOOKING_AHEAD = dt.timedelta(days=400)
_KEY = re.compile(r"[\"'(（\[ ]((?:[一-龥《》（）]{2,60})/[1-9]\d{0,3}(?:-\d{1,2})?)[\"')）\],: ]")

Kind = Literal[
    "source", "law", "article", "answer", "case", "rule", "calculator", "document", "interview",
    "safety", "test", "coming", "gap",
]  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line of the ledger."""

    kind: Kind
    subject: str
    note: str


@dataclass(frozen=True)
class Coverage:
    """The day up to which the sources reach, by level of law."""

    days: Mapping[str, dt.date]

    def of(self, levels: Iterable[str]) -> dt.date | None:
        """Return the day up to which all these levels are covered; None if one is not at all."""
        found = [self.days.get(level) for level in levels]
        known = [day for day in found if day is not None]
        return min(known) if known and len(known) == len(found) else None


def coverage(register: Register) -> Coverage:
    """Return how far the sources reach: each to the newest text it holds, of whatever kind.

    The day is the earliest that is certain; a source may have been kept up a little longer.
    """
    reach: dict[str, dt.date] = {}
    levels: dict[str, set[str]] = {}
    for law in register.laws:
        for row in register.history(law):
            passed = row.version.passed
            for source in row.version.source.split(","):
                if source in COLLECTIONS and passed is not None:
                    reach[source] = max(reach.get(source, passed), passed)
                    levels.setdefault(row.version.level, set()).add(source)
    return Coverage(
        {level: max(reach[source] for source in sources) for level, sources in levels.items()}
    )


def draw(
    kb: KnowledgeBase, root: Path, verifier: Verifier, today: dt.date, tests: Path | None = None
) -> list[Line]:
    """Return the whole ledger; ``root`` is the curated base's folder."""
    return [
        *_sources(verifier.register),
        *_laws(kb, verifier.register, today),
        *_coming(kb, verifier.register, today),
        *_curated(kb, root, verifier, today),
        *(_tests(tests, verifier, today) if tests and tests.is_dir() else ()),
        *(Line("gap", entry["law"], entry["note"]) for entry in _gaps()),
    ]


def _gaps() -> list[dict[str, str]]:
    gaps: list[dict[str, str]] = yaml.safe_load(GAPS.read_text(encoding="utf-8"))
    return gaps


def _sources(register: Register) -> Iterator[Line]:
    """Laws of which one collection holds a newer text than the other."""
    for law in register.laws:
        newest: dict[str, dt.date] = {}
        for row in register.history(law):
            for source in row.version.source.split(","):
                if source in COLLECTIONS and row.version.passed:
                    newest[source] = row.version.passed
        if len(newest) > 1 and len(set(newest.values())) > 1:
            behind, ahead = sorted(newest, key=lambda source: newest[source])[:2]
            yield Line(
                "source", law, f"{behind} 只到 {newest[behind]}，{ahead} 有 {newest[ahead]} 的文本"
            )


def _laws(kb: KnowledgeBase, register: Register, today: dt.date) -> Iterator[Line]:
    """Curated laws of which the register knows another text in force."""
    versions: dict[Version, int] = {}
    for article in kb.articles.values():
        versions[article.version] = versions.get(article.version, 0) + 1
    for version, count in sorted(versions.items(), key=lambda pair: pair[0].law):
        now = register.in_force(version.law, today)
        repeal = register.repeal(version.law)
        begins = version.in_force_from or version.passed
        if repeal is not None and repeal.since <= today:
            yield Line("law", version.law, f"{count} 条要点；已由{repeal.by}取代")
        elif (
            now is not None
            and not same_day(now.passed, version.passed)
            and (begins is None or begins <= today)
        ):
            said = f"{count} 条要点按 {version.passed}；现行是 {now.passed}"
            yield Line("law", version.law, said)


def _coming(kb: KnowledgeBase, register: Register, today: dt.date) -> Iterator[Line]:
    """Laws of the curated base of which a new text has been passed and is still to come."""
    for law in sorted({article.version.law for article in kb.articles.values()}):
        for row in register.history(law):
            if today < row.begins <= today + LOOKING_AHEAD:
                yield Line("coming", law, f"{row.version.passed} 的文本 {row.begins} 起施行")


def _curated(kb: KnowledgeBase, root: Path, verifier: Verifier, today: dt.date) -> Iterator[Line]:
    """Entries whose keys or words cite law that has changed."""
    told: list[tuple[Kind, str, Sequence[str], str]] = []
    told += [("article", a.key, (a.key,), a.gist) for a in kb.articles.values()]
    told += [("answer", a.id, a.basis, answer_text(a)) for a in kb.answers.values()]
    told += [("case", c.id, c.articles, f"{c.holding}\n{c.point}") for c in kb.cases.values()]
    told += [("rule", t.id, (*t.articles, *t.basis), "") for t in kb.transitions]
    told += [
        ("calculator", c.name, c.articles, f"{c.formula}\n{c.example}")
        for c in load_calculators(root)
    ]
    told += [("document", d.name, d.basis, d.when) for d in load_documents(root)]
    told += [
        ("interview", i.id, (), "\n".join(o.say for o in i.outcomes)) for i in load_interviews(root)
    ]
    told += [("safety", lane.lane, lane.articles, "") for lane in load_safety_lanes(root)]
    for kind, name, keys, text in told:
        for verdict in (*_judged(keys, verifier, today), *verifier.doubts(text, today)):
            if verdict.status != "in_force":
                yield Line(kind, name, _said(verdict))


def _tests(folder: Path, verifier: Verifier, today: dt.date) -> Iterator[Line]:
    """Article keys in our tests that no longer hold; some are there on purpose."""
    for path in sorted((*folder.rglob("*.py"), *folder.rglob("*.yml"))):
        keys = dict.fromkeys(_KEY.findall(path.read_text(encoding="utf-8")))
        known = [key for key in keys if verifier.register.knows(key.rpartition("/")[0])]
        for verdict in _judged(known, verifier, today):
            if verdict.status == "changed":
                yield Line("test", path.relative_to(folder).as_posix(), _said(verdict))


def _judged(keys: Iterable[str], verifier: Verifier, today: dt.date) -> Iterator[Verdict]:
    for key in keys:
        parts = key_parts(key)
        if parts is not None:
            yield verifier.judge(*parts, today)


def _said(verdict: Verdict) -> str:
    if verdict.status == "unknown":
        return f"{verdict.key} 查不到"
    return f"{verdict.key} 已变动，现为 {verdict.now or '（无对应条文）'}"
