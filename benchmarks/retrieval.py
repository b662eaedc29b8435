"""How much a full search costs beside a bare bm25s search over the same passages, in one run.

Only the ratios travel between machines; absolute times are printed for orientation.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import bm25s
import numpy as np

from knowledge_base.loader import load
from retrieval.building import build
from retrieval.corpus import passages
from retrieval.search import Searcher
from retrieval.tokenize import default_tokenizer
from retrieval.vectors import use_threads

QUERIES = 300


def milliseconds(call: Callable[[str], object], queries: Sequence[str]) -> tuple[float, float]:
    """Return the median and the 95th percentile of one call, after a warm-up."""
    for query in queries[:20]:
        call(query)
    took = []
    for query in queries:
        started = time.perf_counter()
        call(query)
        took.append((time.perf_counter() - started) * 1000)
    p50, p95 = np.percentile(took, [50, 95])
    return float(p50), float(p95)


def main() -> None:
    """Print latencies over the curated base and their ratios."""
    use_threads(1)
    indexed = passages(load())
    tokenizer = default_tokenizer()
    questions = [question for passage in indexed for question in passage.questions]
    questions = questions[:: max(1, len(questions) // QUERIES)]
    bare = bm25s.BM25(method="lucene")
    texts = [f"{p.title}\n{p.body}\n{' '.join(p.questions)}" for p in indexed]
    bare.index([tokenizer.terms(text) for text in texts], show_progress=False)

    def bare_search(query: str) -> object:
        return bare.retrieve(
            [tokenizer.terms(query)], k=min(10, len(indexed)), show_progress=False, n_threads=0
        )

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        build(indexed, Path(folder))
        built = time.perf_counter() - started
        started = time.perf_counter()
        searcher = Searcher.load(Path(folder))
        loaded = time.perf_counter() - started
        bare_ms = milliseconds(bare_search, questions)
        full_ms = milliseconds(searcher.search, questions)
    print(f"{len(indexed)} passages, {len(questions)} questions, one thread")
    print(f"build {built:.1f} s, load {loaded * 1000:.0f} ms")
    print(f"{'':14}{'p50 ms':>8}{'p95 ms':>8}")
    print(f"{'bm25s alone':14}{bare_ms[0]:8.2f}{bare_ms[1]:8.2f}")
    print(f"{'Searcher':14}{full_ms[0]:8.2f}{full_ms[1]:8.2f}")
    print(f"ratio p50 {full_ms[0] / bare_ms[0]:.2f}, p95 {full_ms[1] / bare_ms[1]:.2f}")


if __name__ == "__main__":
    main()
