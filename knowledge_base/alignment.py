"""Aligns the articles of two texts, so that an old article number leads to the present one.

``python -m knowledge_base.alignment --corpora DIR`` writes the table of every pair of successive
texts the sources hold, as numbers. Only pairs that are certain are kept: each the other's best
match, clearly better than the next, and for versions of one law in the order of both.
"""

from __future__ import annotations

import argparse
import bisect
import datetime as dt
import itertools
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge_base.history import read_sources
from knowledge_base.lawnames import folded
from knowledge_base.renumbering import RENUMBERING, Table, merge_tables, read_tables, write_tables
from knowledge_base.sources import Law
from knowledge_base.versions import Register, load_register, same_day

Matrix = npt.NDArray[np.float32]

CLEAR = 0.62
"""Cosine of two articles' rare character pairs from which they are one article, reworded."""
LIKELY = 0.42
"""The same between neighbours that are certain, where nothing else competes."""
MARGIN = 0.12
_NOT_CHINESE = re.compile(r"[^一-龥]+")
_CLOSING = re.compile(r"自.{2,18}起(?:施行|实施|生效)|同时废止")
_LONGEST_CLOSING = 80
"""Characters up to which an article with a day of entry into force says nothing else: the closing
articles of two texts are alike in words and mean different days."""
_SHORTEST = 12
"""Characters below which an article says too little to be told from others by its words."""


def similarity(old: Sequence[str], new: Sequence[str]) -> Matrix:
    """Return the cosine of rarity-weighted character pairs: float32, (len(old), len(new))."""
    bags = [_pairs(text) for text in (*old, *new)]
    seen = Counter(pair for bag in bags for pair in bag)
    columns = {pair: place for place, pair in enumerate(seen)}
    weights = np.array([math.log(1 + len(bags) / n) for n in seen.values()], dtype=np.float32)
    table = np.zeros((len(bags), len(columns)), dtype=np.float32)
    for row, bag in enumerate(bags):
        for pair, count in bag.items():
            table[row, columns[pair]] = math.sqrt(count)
    table *= weights
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
    product: Matrix = table[: len(old)] @ table[len(old) :].T
    return product


def align(
    old: Mapping[str, str], new: Mapping[str, str], *, same_law: bool
) -> dict[str, tuple[str, ...]]:
    """Return the certain successors of articles, by number; both mappings are in text order."""
    before, after = list(old), list(new)
    if not before or not after:
        return {}
    scores = similarity([old[n] for n in before], [new[n] for n in after])
    certain = _mutual(scores, CLEAR)
    if same_law:
        certain = _in_order(certain, scores)
        certain += _between(certain, scores)
    return {
        before[i]: (after[j],)
        for i, j in sorted(certain)
        if _says_enough(old[before[i]]) or (before[i] == after[j] and same_law)
        if not _is_closing(old[before[i]])
    }


def _says_enough(text: str) -> bool:
    return len(_NOT_CHINESE.sub("", text)) >= _SHORTEST


def _is_closing(text: str) -> bool:
    return len(text) <= _LONGEST_CLOSING and _CLOSING.search(text) is not None


def _pairs(text: str) -> Counter[str]:
    plain = _NOT_CHINESE.sub("", text)
    return Counter(plain[i : i + 2] for i in range(len(plain) - 1))


def _mutual(scores: Matrix, least: float) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    best_old = scores.argmax(axis=0)
    for i, row in enumerate(scores):
        j = int(row.argmax())
        runner_up = float(np.partition(row, -2)[-2]) if len(row) > 1 else 0.0
        if best_old[j] == i and row[j] >= least and row[j] - runner_up >= MARGIN:
            found.append((i, j))
    return found


def _in_order(pairs: list[tuple[int, int]], scores: Matrix) -> list[tuple[int, int]]:
    """Keep the heaviest sequence of pairs that rises in both texts, and moves that stand out."""
    best: list[tuple[float, int]] = []
    for place, (i, j) in enumerate(pairs):
        weight, link = float(scores[i, j]), -1
        for earlier in range(place):
            if pairs[earlier][1] < j and best[earlier][0] + scores[i, j] > weight:
                weight, link = best[earlier][0] + float(scores[i, j]), earlier
        best.append((weight, link))
    place = max(range(len(best)), key=lambda p: best[p][0], default=-1)
    kept: set[tuple[int, int]] = set()
    while place >= 0:
        kept.add(pairs[place])
        place = best[place][1]
    # An article moved to another chapter is believed only if its words leave no doubt.
    return sorted(kept | {(i, j) for i, j in pairs if scores[i, j] >= 0.8})


def _between(certain: list[tuple[int, int]], scores: Matrix) -> list[tuple[int, int]]:
    """Add likely pairs inside the gap that their certain neighbours leave on both sides."""
    rising = [pair for pair in certain if _rises(pair, certain)]
    lefts = [i for i, _ in rising]
    taken_old, taken_new = {i for i, _ in certain}, {j for _, j in certain}
    added: list[tuple[int, int]] = []
    for i in range(scores.shape[0]):
        if i in taken_old:
            continue
        place = bisect.bisect(lefts, i)
        low = rising[place - 1][1] if place else -1
        high = rising[place][1] if place < len(rising) else scores.shape[1]
        choices = [j for j in range(low + 1, high) if j not in taken_new]
        ranked = sorted(choices, key=lambda j: -scores[i, j])
        if not ranked or scores[i, ranked[0]] < LIKELY:
            continue
        second = scores[i, ranked[1]] if len(ranked) > 1 else 0.0
        rivals = [k for k in range(scores.shape[0]) if k not in taken_old and k != i]
        strongest = max((scores[k, ranked[0]] for k in rivals), default=0.0)
        if scores[i, ranked[0]] - max(second, strongest) >= MARGIN:
            added.append((i, ranked[0]))
            taken_new.add(ranked[0])
    return added


def _rises(pair: tuple[int, int], pairs: Sequence[tuple[int, int]]) -> bool:
    i, j = pair
    return all((a < i) == (b < j) for a, b in pairs if (a, b) != pair and abs(a - i) < 6)


def tables(laws: Sequence[Law], register: Register) -> list[Table]:
    """Align every text with its successor: the next version, or the law that repealed it."""
    texts: defaultdict[str, dict[dt.date | None, Law]] = defaultdict(dict)
    for law in laws:
        if law.articles:
            texts[folded(law.version.law)].setdefault(law.version.passed, law)
    found: list[Table] = []
    for name in sorted(texts):
        rows = [r for r in register.history(name) if r.numbers is not None]
        held = [(row, _text_of(row.version.passed, texts[name])) for row in rows]
        for (row, old), (following, new) in itertools.pairwise(held):
            if old and new and row.version.passed and following.version.passed:
                found.append(_table(old, new, row.version.passed, following.version.passed))
        repeal = register.repeal(name)
        if repeal is None or not held or folded(repeal.by) not in texts:
            continue
        successor = register.in_force(repeal.by, repeal.since)
        last, text = held[-1]
        by = _text_of(successor.passed, texts[folded(repeal.by)]) if successor else None
        if text and by and successor and last.version.passed and successor.passed:
            found.append(_table(text, by, last.version.passed, successor.passed))
    return [table for table in found if table.articles]


def _text_of(passed: dt.date | None, texts: Mapping[dt.date | None, Law]) -> Law | None:
    for day, law in texts.items():
        if day == passed or same_day(day, passed):
            return law
    return None


def _table(old: Law, new: Law, old_day: dt.date, new_day: dt.date) -> Table:
    same = folded(old.version.law) == folded(new.version.law)
    articles = align(
        {a.number: a.text or "" for a in old.articles},
        {a.number: a.text or "" for a in new.articles},
        same_law=same,
    )
    return Table(old.version.law, old_day, new.version.law, new_day, "aligned", articles)


def main(arguments: list[str] | None = None) -> int:
    """Align all pairs, keep the reviewed tables as they are, and write the file."""
    parser = argparse.ArgumentParser(
        prog="python -m knowledge_base.alignment", description="比对新旧文本，整理条号对照表"
    )
    parser.add_argument("--corpora", type=Path, required=True, help="内有 lawrefbook 和 just-laws")
    parser.add_argument("--out", type=Path, default=RENUMBERING)
    options = parser.parse_args(arguments)
    if not options.corpora.is_dir():
        print(f"没有法规文本目录 {options.corpora}", file=sys.stderr)
        return 2
    reports = read_sources(options.corpora)
    laws = [law for report in reports.values() for law in report.laws]
    reviewed = [t for t in read_tables(options.out) if t.method == "reviewed"]
    merged = merge_tables(reviewed, tables(laws, load_register()))
    write_tables(options.out, merged)
    print(
        f"已写入 {options.out.name}：{len(merged)} 张表，{sum(len(t.articles) for t in merged)} 条"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
