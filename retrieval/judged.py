"""The judged questions that may teach: STARD's training half and the LawBench halves a.

They are read from the folder of corpora and never copied from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge_base.citations import key_of, parse

# A scenario's answer quotes the article it names; where it shares less than this with the text of
# that number today, the number is that of an older text.
_QUOTED = 0.3
# An answer that quotes several shares words with each of them.
_QUOTED_AMONG_OTHERS = 0.5
_NOT_CHINESE = re.compile(r"[^一-龥]+")


@dataclass(frozen=True)
class Question:
    """A question with the keys of the articles that answer it."""

    id: str
    text: str
    keys: tuple[str, ...]
    answer: str = ""


def read_stard(path: Path, held: Collection[str]) -> list[Question]:
    """Read laypeople's questions; keys that are not ``held`` are left out."""
    found: list[Question] = []
    for entry in _lines(path):
        keys = (key_of(article["name"]) for article in entry["articles"])
        kept = tuple(dict.fromkeys(key for key in keys if key in held))
        answer = entry.get("answer")
        if kept:
            found.append(
                Question(
                    str(entry["query_id"]),
                    entry["text"],
                    tuple(key for key in kept if key),
                    answer if isinstance(answer, str) else "",
                )
            )
    return found


def read_scenarios(path: Path, texts: Mapping[str, str]) -> list[Question]:
    """Read scenarios whose answer names an article first and repeats what ``texts`` say there."""
    found: list[Question] = []
    for entry in _lines(path):
        keys = [cited.key for cited in parse(entry["answer"]) if cited.key in texts]
        if keys and _shared(texts[keys[0]], entry["answer"]) >= _QUOTED:
            found.append(Question(entry["query_id"], entry["text"], (keys[0],), entry["answer"]))
    return found


def read_consultations(path: Path, texts: Mapping[str, str]) -> list[Question]:
    """Read consultations; their articles are those that the answer names and quotes, if any.

    ``texts`` are those of today's articles, by key.
    """
    found: list[Question] = []
    for entry in _lines(path):
        answer = entry["answer"]
        keys = dict.fromkeys(cited.key for cited in parse(answer) if cited.key in texts)
        quoted = tuple(key for key in keys if _shared(texts[key], answer) >= _QUOTED_AMONG_OTHERS)
        found.append(Question(entry["query_id"], entry["text"], quoted, answer))
    return found


def _shared(article: str, answer: str) -> float:
    """Return the part of the shorter text's pairs of characters that both have."""
    one, other = _pairs(article), _pairs(answer)
    return len(one & other) / max(1, min(len(one), len(other)))


def _pairs(text: str) -> set[str]:
    plain = _NOT_CHINESE.sub("", text)
    return {plain[i : i + 2] for i in range(len(plain) - 1)}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
