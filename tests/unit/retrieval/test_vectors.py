"""One contract for every place that vectors may lie in, Milvus included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retrieval.milvus import MilvusVectors
from retrieval.vectors import (
    EXACT_UP_TO,
    HNSW_UP_TO,
    FaissVectors,
    Labels,
    VectorStore,
    Within,
    structure_for,
)

COUNT, WIDTH = 600, 32
Make = Callable[[Path, np.ndarray], VectorStore]


def _vectors() -> np.ndarray:
    vectors = np.random.default_rng(1).normal(size=(COUNT, WIDTH)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _labels() -> Labels:
    kinds = (np.arange(COUNT) % 4).astype(np.uint8)
    since = np.where(np.arange(COUNT) % 2, 700_000, -(2**31)).astype(np.int32)
    return Labels(kinds, since, np.full(COUNT, 2**31 - 1, np.int32))


def _milvus(folder: Path, vectors: np.ndarray) -> VectorStore:
    uri = str(folder / "milvus.db")
    MilvusVectors.build(uri, "abc", vectors, _labels())
    return MilvusVectors.open(uri, "abc", len(vectors))


def _saved(folder: Path, vectors: np.ndarray) -> VectorStore:
    FaissVectors.build(vectors, "exact").save(folder)
    return FaissVectors.load(folder)


MAKERS: dict[str, Make] = {
    "exact": lambda _, vectors: FaissVectors.build(vectors, "exact"),
    "saved": _saved,
    "hnsw": lambda _, vectors: FaissVectors.build(vectors, "hnsw"),
    "ivf": lambda _, vectors: FaissVectors.build(vectors, "ivf"),
    "milvus": _milvus,
}


@pytest.fixture(scope="module", params=MAKERS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VectorStore:
    return MAKERS[request.param](tmp_path_factory.mktemp("vectors"), _vectors())


def test_the_nearest_are_those_of_the_largest_cosine(store: VectorStore) -> None:
    vectors = _vectors()
    for row in range(0, COUNT, 60):
        rows, cosines = store.nearest(vectors[row], 10)
        wanted = np.argsort(-(vectors @ vectors[row]))[:10]
        assert rows[0] == row
        assert len(set(rows.tolist()) & set(wanted.tolist())) >= 9
        np.testing.assert_allclose(cosines, vectors[rows] @ vectors[row], atol=0.02)
        assert (np.diff(cosines) <= 1e-6).all()


def test_given_rows_are_scored_in_their_order(store: VectorStore) -> None:
    vectors = _vectors()
    rows = np.asarray([7, 3, 3, 599])
    np.testing.assert_allclose(
        store.cosines(vectors[5], rows), vectors[rows] @ vectors[5], atol=0.02
    )


def test_only_what_is_within_is_found(store: VectorStore) -> None:
    labels = _labels()
    allowed = np.isin(labels.kinds, (0, 1)) & (labels.since <= 600_000)
    rows, _ = store.nearest(_vectors()[9], 50, Within(allowed, (0, 1), 600_000))
    assert len(rows) == 50
    assert allowed[rows].all()


def test_more_than_there_is_may_be_asked_for(store: VectorStore) -> None:
    rows, _ = store.nearest(_vectors()[0], COUNT * 2)
    assert len(set(rows.tolist())) == len(rows) <= COUNT


def test_milvus_and_faiss_rank_alike(tmp_path: Path) -> None:
    vectors = _vectors()
    milvus, local = _milvus(tmp_path, vectors), FaissVectors.build(vectors, "exact")
    for row in range(0, COUNT, 100):
        query = vectors[row]
        np.testing.assert_allclose(
            milvus.nearest(query, 20)[1], local.nearest(query, 20)[1], atol=0.01
        )
        np.testing.assert_allclose(
            milvus.cosines(query, np.arange(50)), local.cosines(query, np.arange(50)), atol=1e-4
        )


def test_a_collection_that_is_missing_or_not_whole_is_refused(tmp_path: Path) -> None:
    uri = str(tmp_path / "milvus.db")
    MilvusVectors.build(uri, "abc", _vectors(), _labels())
    with pytest.raises(FileNotFoundError, match="build the index again"):
        MilvusVectors.open(uri, "xyz", COUNT)
    with pytest.raises(ValueError, match=f"holds {COUNT} of {COUNT + 1}"):
        MilvusVectors.open(uri, "abc", COUNT + 1)


def test_a_milvus_that_does_not_answer_is_said() -> None:
    with pytest.raises(ConnectionError, match="does not answer"):
        MilvusVectors.open("http://127.0.0.1:9", "abc", 1)


def test_the_structure_grows_with_the_number() -> None:
    sizes = [1, EXACT_UP_TO, EXACT_UP_TO + 1, HNSW_UP_TO, HNSW_UP_TO + 1]
    assert [structure_for(size) for size in sizes] == ["exact", "exact", "hnsw", "hnsw", "ivf"]


def test_what_a_structure_costs_in_recall_is_said() -> None:
    said: list[str] = []
    FaissVectors.build(_vectors(), "ivf", said.append)
    assert said[0].startswith("ivf: ")
    assert "%" in said[0]
