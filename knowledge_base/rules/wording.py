"""What a citizen is told about an assessment; the sentences stand in ``legal_aid.yml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from knowledge_base.rules.eligibility import Assessment
from knowledge_base.rules.regions import LocalBasis

_FILE = Path(__file__).with_name("legal_aid.yml")


@dataclass(frozen=True)
class CheckQuestion:
    """How one fact is asked for: by options of value and label, or by a ``kind`` of value."""

    id: str
    ask: str
    options: tuple[tuple[str, str], ...]
    kind: str = ""


@dataclass(frozen=True)
class Check:
    """The questions that lead to an assessment; ``plan`` is their order by matter."""

    title: str
    triggers: tuple[str, ...]
    outcomes: Mapping[str, str]
    plan: Mapping[str, tuple[str, ...]]
    questions: tuple[CheckQuestion, ...]


@dataclass(frozen=True)
class AidWording:
    """The sentences by outcome, what is added, the names of missing facts, and the questions."""

    sentences: Mapping[str, str]
    urgent: str
    detained: str
    local: str
    """Which regional rules the outcome rests on."""
    local_example: str
    means: Mapping[str, str]
    """By means state."""
    missing: Mapping[str, str]
    check: Check

    @classmethod
    def load(cls, path: Path = _FILE) -> AidWording:
        """Read the sentences."""
        table: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(
            table["say"],
            table["urgent"],
            table["detained"],
            table["local"],
            table["local_example"],
            table["means"],
            table["missing"],
            _check(table["check"]),
        )

    def say(self, found: Assessment, *, detained: bool = False) -> str:
        """Return what the citizen is told; never a promise."""
        missing = "、".join(self.missing[name] for name in found.missing)
        told = [self.sentences[found.say].format(missing=missing)]
        if found.local:
            told.append(self.local_said(found.local))
        if found.urgent:
            told.append(self.urgent)
        if detained and found.outcome in ("MAY_QUALIFY", "NEED_INFO"):
            told.append(self.detained)
        return "".join(told)

    def local_said(self, bases: Sequence[LocalBasis]) -> str:
        """Name the regional rules that a result rests on, and say where they are only examples."""
        regions = "、".join(dict.fromkeys(basis.region for basis in bases))
        sources = "；".join(dict.fromkeys(basis.source for basis in bases))
        said = self.local.format(regions=regions, sources=sources)
        return said + (self.local_example if any(basis.example for basis in bases) else "")


def _check(table: Mapping[str, Any]) -> Check:
    questions = tuple(
        CheckQuestion(
            each["id"],
            each["ask"],
            tuple((option["value"], option["label"]) for option in each.get("options", ())),
            each.get("kind", ""),
        )
        for each in table["questions"]
    )
    plan = {matter: tuple(names) for matter, names in table["plan"].items()}
    return Check(table["title"], tuple(table["triggers"]), table["outcomes"], plan, questions)
