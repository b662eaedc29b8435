"""Finds long runs of Chinese characters that curated text shares with a statute collection.

The project retells the law in its own words; a run of 26 identical characters is a copy, and so
is a shorter question that is a public one from beginning to end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

RUN = 26
SHORTEST = 8
"""Characters of a whole text from which equality is no accident."""
_BLOCK = RUN // 2
# Any run of 26 holds a whole block of 13 that begins at a multiple of 13 in the corpus.
_NOT_CHINESE = re.compile(r"[^一-龥]+")
_TITLE = re.compile(r"《[^《》]*(?:《[^《》]*》[^《》]*)*》")


@dataclass(frozen=True)
class Copied:
    """A run found in a curated text (by its index) and the corpus file it also stands in."""

    text: int
    run: str
    source: str


def copied_runs(texts: list[str], corpus: Iterable[tuple[str, str]]) -> list[Copied]:
    """Return what each text has first in common with the corpus.

    That is a run of 26 or more Chinese characters, or the whole of both. ``corpus`` yields names
    and texts. Titles in 《》 and punctuation do not count.
    """
    plain = [_chinese(_TITLE.sub("", text)) for text in texts]
    whole: dict[str, list[int]] = {}
    for index, text in enumerate(plain):
        if SHORTEST <= len(text) < RUN:
            whole.setdefault(text, []).append(index)
    blocks: dict[str, list[tuple[int, int]]] = {}
    for index, text in enumerate(plain):
        for place in range(len(text) - _BLOCK + 1):
            blocks.setdefault(text[place : place + _BLOCK], []).append((index, place))
    found: dict[int, Copied] = {}
    for name, text in corpus:
        other = _chinese(text)
        for index in whole.get(other, ()):
            found.setdefault(index, Copied(index, other, name))
        for there in range(0, len(other) - _BLOCK + 1, _BLOCK):
            for index, here in blocks.get(other[there : there + _BLOCK], ()):
                if index in found:
                    continue
                run = _run_around(plain[index], here, other, there)
                if len(run) >= RUN:
                    found[index] = Copied(index, run, name)
    return [found[index] for index in sorted(found)]


def _run_around(text: str, here: int, other: str, there: int) -> str:
    before = 0
    while before < min(here, there) and text[here - before - 1] == other[there - before - 1]:
        before += 1
    length = _BLOCK
    while (
        here + length < len(text)
        and there + length < len(other)
        and text[here + length] == other[there + length]
    ):
        length += 1
    return text[here - before : here + length]


def _chinese(text: str) -> str:
    return _NOT_CHINESE.sub("", text)


def corpus_texts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield every text below ``root``: Markdown files whole, JSON lines value by value."""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".md":
            yield name, path.read_text(encoding="utf-8")
        elif path.suffix == ".jsonl":
            with path.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, start=1):
                    for value in _strings(json.loads(line)):
                        yield f"{name}:{number}", value


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
