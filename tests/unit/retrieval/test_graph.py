"""Citations between the passages of an index."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from knowledge_base.models import Passage
from retrieval.graph import Graph


def _article(key: str, body: str) -> Passage:
    return Passage("article", key, key, body, "其他", ())


PASSAGES = [
    _article("劳动合同法/38", "用人单位未足额支付劳动报酬的，可以解除。"),
    _article("劳动合同法/46", "依照本法第三十八条规定解除的，应当补偿。"),
    _article("劳动合同法/47", "补偿按年限。本条所称月工资，见第四十六条。"),
    _article("仲裁法/9", "《劳动合同法》第四十六条、第四十七条另有规定。"),
]


@pytest.fixture
def graph() -> Graph:
    return Graph.build(PASSAGES)


def test_articles_cite_their_own_law_and_others(graph: Graph) -> None:
    citing, cited = graph.among(np.arange(4))
    pairs = set(zip(citing.tolist(), cited.tolist(), strict=True))
    assert {(1, 0), (3, 1), (3, 2)} <= pairs


def test_only_citations_between_the_candidates_are_told(graph: Graph) -> None:
    citing, cited = graph.among(np.asarray([0, 3]))
    assert citing.tolist() == cited.tolist() == []
    citing, cited = graph.among(np.asarray([1, 3]))
    assert (citing.tolist(), cited.tolist()) == ([1], [0])


def test_no_candidates_have_no_citations(graph: Graph) -> None:
    citing, cited = graph.among(np.zeros(0, np.int64))
    assert citing.tolist() == cited.tolist() == []


def test_a_graph_comes_back_from_disk(graph: Graph, tmp_path: Path) -> None:
    graph.save(tmp_path)
    assert Graph.load(tmp_path).cited.tolist() == graph.cited.tolist()
