"""The memory-mapped lexical index against bm25s itself."""

from __future__ import annotations

from pathlib import Path

import bm25s
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.bm25 import LexicalIndex
from retrieval.terms import Terms

_WORDS = st.lists(st.sampled_from("甲乙丙丁戊己"), min_size=1, max_size=8)


@settings(max_examples=50, deadline=None)
@given(st.lists(_WORDS, min_size=2, max_size=6), _WORDS)
def test_scores_equal_those_of_bm25s(documents: list[list[str]], query: list[str]) -> None:
    engine = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    engine.index(documents, show_progress=False)
    known = [term for term in query if any(term in document for document in documents)]
    expected = engine.get_scores(known) if known else np.zeros(len(documents))
    weights = {term: float(query.count(term)) for term in query}
    ours = LexicalIndex.build(Terms.of(documents)).score(weights)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


def test_a_saved_index_scores_the_same_and_is_mapped(tmp_path: Path) -> None:
    index = LexicalIndex.build(Terms.of([["工资", "拖欠"], ["离婚"], []]))
    index.save(tmp_path)
    loaded = LexicalIndex.load(tmp_path)
    assert isinstance(loaded.scores.base, np.memmap)
    assert loaded.score({"工资": 1.0}).tolist() == index.score({"工资": 1.0}).tolist()


def test_unknown_terms_and_empty_documents_score_nothing() -> None:
    assert LexicalIndex.build(Terms.of([[], []])).score({"工资": 1.0}).tolist() == [0.0, 0.0]
    assert LexicalIndex.build(Terms.of([["离婚"]])).score({"工资": 1.0}).tolist() == [0.0]


def test_no_document_scores_above_the_ceiling() -> None:
    index = LexicalIndex.build(Terms.of([["工资", "拖欠"], ["工资", "离婚"], ["狗"]]))
    query = {"工资": 1.0, "拖欠": 2.0, "新词": 1.0}
    assert index.score(query).max() <= index.ceiling(query) + 1e-6
    assert index.ceiling(query, unknown=3.0) > index.ceiling(query)
