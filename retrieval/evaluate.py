"""Judged questions in, a TREC run and metrics out: lexical, dense and full system in one run."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from knowledge_base.citations import key_of
from knowledge_base.models import Kind
from retrieval.index import size_in_bytes
from retrieval.search import Searcher, System
from retrieval.vectors import use_threads

SYSTEMS: tuple[System, ...] = get_args(System)
ARTICLES: frozenset[Kind] = frozenset({"article"})
DEPTHS = (1, 5, 10, 20, 50, 100)

Ranking = Sequence[str]
"""Article keys, best first."""


@dataclass(frozen=True)
class Query:
    """A judged question; ``gold`` are the keys that answer it and that the index holds."""

    id: str
    text: str
    gold: frozenset[str]


class QueryFileError(ValueError):
    """The file of queries cannot be read; the message is one line."""


@dataclass(frozen=True)
class QueryFile:
    """The queries of a file, the gold names that the index does not hold, and the bad lines."""

    queries: tuple[Query, ...]
    missing: tuple[str, ...]
    errors: tuple[Mapping[str, Any], ...]


def read_queries(path: Path, held: frozenset[str]) -> QueryFile:
    """Read queries against an index that holds the article keys ``held``.

    Raises ``QueryFileError`` if the file itself cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QueryFileError(f"cannot read {path}: {error}") from error
    queries: list[Query] = []
    missing: list[str] = []
    errors: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            names = [str(article["name"]) for article in entry["articles"]]
            query_id, text = str(entry["query_id"]), str(entry["text"])
        except (ValueError, KeyError, TypeError) as error:
            errors.append({"line": number, "error": f"{type(error).__name__}: {error}"})
            continue
        gold: set[str] = set()
        for name in names:
            key = key_of(name)
            if key is not None and key in held:
                gold.add(key)
            else:
                missing.append(name)
        queries.append(Query(query_id, text, frozenset(gold)))
    return QueryFile(tuple(queries), tuple(missing), tuple(errors))


def metrics(rankings: Sequence[Ranking], queries: Sequence[Query]) -> dict[str, float]:
    """Return the means over the queries with gold, as fractions."""
    judged = [(r, q.gold) for r, q in zip(rankings, queries, strict=True) if q.gold]
    names = [f"R@{depth}" for depth in DEPTHS] + ["hit@3", "MRR@10", "nDCG@10"]
    totals = dict.fromkeys(names, 0.0)
    for ranking, gold in judged:
        for depth in DEPTHS:
            totals[f"R@{depth}"] += len(gold & set(ranking[:depth])) / len(gold)
        ranks = [rank for rank, key in enumerate(ranking[:10], start=1) if key in gold]
        totals["hit@3"] += bool(ranks) and ranks[0] <= 3
        totals["MRR@10"] += 1 / ranks[0] if ranks else 0.0
        ideal = sum(1 / np.log2(rank + 1) for rank in range(1, min(len(gold), 10) + 1))
        totals["nDCG@10"] += sum(1 / np.log2(rank + 1) for rank in ranks) / ideal
    return {name: round(float(total) / (len(judged) or 1), 4) for name, total in totals.items()}


def evaluate(searcher: Searcher, queries: Sequence[Query], run: Path | None) -> dict[str, Any]:
    """Rank every query with every system, one at a time on one thread.

    The run file holds the full system alone, as tools that read TREC runs expect.
    """
    use_threads(1)
    report: dict[str, Any] = {}
    lines: list[str] = []
    for system in SYSTEMS:
        rankings: list[Ranking] = []
        took: list[float] = []
        for query in queries[:5]:
            searcher.order(query.text, system, kinds=ARTICLES, limit=DEPTHS[-1])
        for query in queries:
            started = time.perf_counter()
            ranked = searcher.order(query.text, system, kinds=ARTICLES, limit=DEPTHS[-1])
            took.append((time.perf_counter() - started) * 1000)
            rankings.append([key for key, _ in ranked])
            if system == "full":
                lines += [
                    f"{query.id} Q0 {key} {rank} {score:.6f} lawbridge"
                    for rank, (key, score) in enumerate(ranked, start=1)
                ]
        report[system] = metrics(rankings, queries) | _latency(took)
    if run is not None:
        run.parent.mkdir(parents=True, exist_ok=True)
        run.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return report


def evaluate_files(
    directory: Path, queries_file: Path, report_file: Path, run: Path | None
) -> Mapping[str, Any]:
    """Evaluate the index in ``directory`` and write the report as JSON."""
    searcher = Searcher.load(directory)
    index = searcher.index
    articles = frozenset(
        key for key, kind in zip(index.keys, index.kinds.tolist(), strict=True) if kind == 0
    )
    read = read_queries(queries_file, articles)
    report = evaluate(searcher, read.queries, run) | {
        "queries": len(read.queries),
        "gold_missing": list(read.missing),
        "errors": list(read.errors),
        "articles": len(articles),
        "build_s": index.info.build_s,
        "index_bytes": size_in_bytes(directory),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    report_file.parent.mkdir(parents=True, exist_ok=True)
    report_file.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    return report


def _latency(milliseconds: Sequence[float]) -> dict[str, float]:
    if not milliseconds:
        return {"p50_ms": 0.0, "p95_ms": 0.0}
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50_ms": round(float(p50), 3), "p95_ms": round(float(p95), 3)}
