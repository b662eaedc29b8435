"""More ways in which people ask for an entry: one line of a table an entry, or several together.

The curated files hold the first few questions of their entries; these tables hold further ones,
and those of articles that we do not retell but may be imported. A line is the key and the
questions, separated by tabs. A key is that of an article, or ``answer:``, ``case:`` or
``service:`` with the entry's own. Where it takes several articles to answer, their keys stand
before the first tab, the best first, separated by commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.citations import key_parts
from knowledge_base.reading import Flaw

SHORTEST, LONGEST = 4, 120
"""Characters of a question."""

_ENTRY = re.compile(r"(answer|case|service):([\w.-]+)")


@dataclass(frozen=True)
class Asked:
    """The questions of one line, and the entries that answer each of them."""

    keys: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True)
class AskedFiles:
    """The lines that could be read with the file each stands in, and what is wrong elsewhere."""

    lines: tuple[tuple[str, Asked], ...]
    flaws: tuple[Flaw, ...]


def read_asked(files: Iterable[Path], root: Path) -> AskedFiles:
    """Read every line of the tables without judging whether the articles exist."""
    lines: list[tuple[str, Asked]] = []
    flaws: list[Flaw] = []
    for path in files:
        name = str(path.relative_to(root))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            first, *questions = line.split("\t")
            keys = tuple(first.split(","))
            if problem := _problem(keys, questions):
                flaws.append(Flaw(name, f"第 {number} 行", problem))
            else:
                lines.append((name, Asked(keys, tuple(questions))))
    return AskedFiles(tuple(lines), tuple(flaws))


def entry_parts(key: str) -> tuple[str, str] | None:
    """Split the key of an answer, case or service into kind and key; None for any other."""
    found = _ENTRY.fullmatch(key)
    return (found[1], found[2]) if found else None


def _problem(keys: tuple[str, ...], questions: list[str]) -> str:
    for key in keys:
        if key_parts(key) is None and entry_parts(key) is None:
            return f"{key} 不是条文编号（如 民法典/1079），也不是 answer:、case: 或 service: 加编号"
    if not questions:
        return "没有问法；编号和问法之间用制表符分开"
    for question in questions:
        if not SHORTEST <= len(question) <= LONGEST or question != question.strip():
            return f"问法要有 {SHORTEST} 到 {LONGEST} 个字，前后没有空格：{question}"
    return ""
