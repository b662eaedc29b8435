"""How time, memory and recall of a search grow with the number of articles, up to a million.

The articles at hand are repeated with noise: terms are dropped, vectors are moved. A million
take minutes and some 5 GB; ``--sizes 60000 250000`` is enough to see the slope.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from knowledge_base.loader import load
from retrieval.bm25 import LexicalIndex
from retrieval.corpus import passages
from retrieval.encoders import StaticEncoder
from retrieval.terms import Terms, terms_of
from retrieval.tokenize import default_tokenizer, normalise
from retrieval.vectors import FaissVectors, Structure, use_threads

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
SIZES = (60_000, 125_000, 250_000, 500_000, 1_000_000)
STRUCTURES: tuple[Structure, ...] = ("exact", "hnsw", "ivf")
QUERIES = 200
DROPPED = 0.2
MOVED = 0.35


def percentiles(call: Callable[[Any], object], asked: Sequence[Any]) -> tuple[float, float]:
    """Return the median and the 95th percentile of one call, in milliseconds."""
    took = []
    for one in asked:
        started = time.perf_counter()
        call(one)
        took.append((time.perf_counter() - started) * 1000)
    p50, p95 = np.percentile(took, [50, 95])
    return round(float(p50), 2), round(float(p95), 2)


def repeated_terms(terms: Terms, size: int, random: np.random.Generator) -> Terms:
    """Return the terms of ``size`` documents: copies that each lost some of their terms."""
    columns, documents = [], []
    for copy in range(-(-size // terms.size)):
        kept = random.random(len(terms.columns)) >= (DROPPED if copy else 0.0)
        place = terms.documents[kept].astype(np.int64) + copy * terms.size
        inside = place < size
        columns.append(terms.columns[kept][inside])
        documents.append(place[inside].astype(np.int32))
    return Terms(terms.hashes, np.concatenate(columns), np.concatenate(documents), size)


def repeated_vectors(vectors: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    """Return ``size`` unit vectors: copies that were each moved a little."""
    copies = np.resize(vectors, (size, vectors.shape[1]))
    noise = random.normal(0.0, MOVED / np.sqrt(vectors.shape[1]), copies.shape)
    copies[len(vectors) :] += noise[len(vectors) :].astype(np.float32)
    moved: np.ndarray = copies / np.linalg.norm(copies, axis=1, keepdims=True)
    return moved


def size_of(index: LexicalIndex) -> int:
    """Return the bytes of a lexical index."""
    arrays = (index.terms, index.indptr, index.rows, index.scores, index.peaks)
    return sum(array.nbytes for array in arrays)


def measure(size: int, terms: Terms, vectors: np.ndarray, queries: Sequence[str]) -> list[dict]:
    """Return a row for each structure at one size."""
    random = np.random.default_rng(0)
    tokenizer, encoder = default_tokenizer(), StaticEncoder.load()
    started = time.perf_counter()
    lexical = LexicalIndex.build(repeated_terms(terms, size, random))
    lexical_s = time.perf_counter() - started

    def words(query: str) -> None:
        scores = lexical.score(dict.fromkeys(tokenizer.terms(query), 1.0))
        np.argpartition(-scores, 120)

    words_ms = percentiles(words, queries)
    many = repeated_vectors(vectors, size, random)
    asked = list(encoder.encode_questions([normalise(query) for query in queries]))
    exact: list[set[int]] = []
    rows = []
    for structure in STRUCTURES:
        use_threads(os.cpu_count() or 1)
        started = time.perf_counter()
        store = FaissVectors.build(many, structure)
        built = time.perf_counter() - started
        # Building may use every core; what a visitor waits for is measured on one.
        use_threads(1)
        found = [set(store.nearest(vector, 100)[0].tolist()) for vector in asked]
        exact = exact or found
        rows.append(
            {
                "articles": size,
                "structure": structure,
                "build_s": round(built, 1),
                "lexical_build_s": round(lexical_s, 1),
                "lexical_ms": words_ms,
                "vectors_ms": percentiles(lambda v, s=store: s.nearest(v, 160), asked),
                "recall": round(
                    float(np.mean([len(a & b) / 100 for a, b in zip(exact, found, strict=True)])), 3
                ),
                "lexical_mb": round(size_of(lexical) / 2**20),
                "vectors_mb": round(many.size / 2**20),
            }
        )
    return rows


def main() -> None:
    """Print one row a size and structure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--json", type=Path, default=Path("var/scaling.json"))
    options = parser.parse_args()
    sources = {name: CORPORA / name for name in ("lawrefbook", "just-laws")}
    found = passages(load(), sources if CORPORA.is_dir() else None)
    texts = [normalise(f"{p.title}\n{p.body}") for p in found]
    terms = terms_of(texts, default_tokenizer())
    vectors = StaticEncoder.load().encode(texts)
    questions = [question for passage in found for question in passage.questions]
    queries = questions[:: max(1, len(questions) // QUERIES)][:QUERIES]
    rows: list[dict] = []
    for size in track(options.sizes, "规模"):
        measured = measure(size, terms, vectors, queries)
        for row in measured:
            print(row, flush=True)
        rows += measured
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
