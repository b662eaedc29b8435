"""An index is rebuilt when its content changes, and only then."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.models import Passage
from retrieval import building as indexing
from retrieval.encoders import EmbeddingConfig, StaticEncoder, Tables, make_encoder
from retrieval.index import FORMAT, load
from retrieval.search import Searcher

Passages = tuple[Passage, ...]


def _folders(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir() if path.is_dir()}


def test_the_same_passages_are_not_indexed_twice(tmp_path: Path, tiny_passages: Passages) -> None:
    indexing.build(tiny_passages, tmp_path)
    marker = next(path for path in tmp_path.iterdir() if path.is_dir()) / "info.json"
    before = marker.stat().st_mtime_ns
    indexing.build(tiny_passages, tmp_path)
    assert marker.stat().st_mtime_ns == before


def test_a_changed_question_makes_a_new_index_and_removes_the_old(
    tmp_path: Path, tiny_passages: Passages
) -> None:
    indexing.build(tiny_passages, tmp_path)
    old = _folders(tmp_path)
    changed = (replace(tiny_passages[0], questions=("没合同怎么要工资",)), *tiny_passages[1:])
    indexing.build(changed, tmp_path)
    new = _folders(tmp_path)
    assert len(new) == 1
    assert new.isdisjoint(old)


def test_a_reader_keeps_its_index_while_another_is_built(
    tmp_path: Path, tiny_passages: Passages
) -> None:
    indexing.build(tiny_passages, tmp_path)
    reader = Searcher.load(tmp_path)
    indexing.build(tiny_passages[:2], tmp_path)
    assert reader.search("被狗咬了", kinds={"article"}).hits[0].key == "民法典/1245"


def test_a_build_that_fails_leaves_the_old_index(tmp_path: Path, tiny_passages: Passages) -> None:
    indexing.build(tiny_passages, tmp_path)
    with pytest.raises(ValueError, match="不存在的领域"):
        indexing.build((replace(tiny_passages[0], topic="不存在的领域"),), tmp_path)
    assert len(_folders(tmp_path)) == 1
    assert Searcher.load(tmp_path).search("没签合同").hits


def test_loading_from_an_empty_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no search index"):
        Searcher.load(tmp_path)


def test_an_index_of_another_model_is_refused(tiny_index: Path) -> None:
    static = StaticEncoder.load()
    ones = np.ones((static.tokens.get_vocab_size(), 4))
    other = StaticEncoder(static.tokens, Tables(ones, ones), "other")
    with pytest.raises(ValueError, match="another embedding model"):
        Searcher(load(tiny_index), encoder=other)


def test_an_index_of_another_version_is_refused(tiny_index: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_index, tmp_path / "index")
    info = next((tmp_path / "index").glob("*/info.json"))
    table = json.loads(info.read_text())
    info.write_text(json.dumps(table | {"format": FORMAT + 1}))
    with pytest.raises(ValueError, match="another version; build it again"):
        Searcher.load(tmp_path / "index")


@pytest.mark.parametrize(
    "name",
    ["columns.npz", "passages.json", "dense/vectors.faiss", "dense/starts.npy", "body/rows.npy"],
)
def test_a_file_broken_off_is_named(tiny_index: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(tiny_index, tmp_path / "index")
    path = next((tmp_path / "index").glob(f"*/{name}"))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=f"{path.name} is missing or broken off"):
        Searcher.load(tmp_path / "index")


def test_a_damaged_description_of_an_index_is_refused(tiny_index: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_index, tmp_path / "index")
    next((tmp_path / "index").glob("*/info.json")).write_text("{")
    with pytest.raises(ValueError, match="unreadable; build it again"):
        Searcher.load(tmp_path / "index")


def test_a_missing_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no model in"):
        StaticEncoder.load(tmp_path)


def test_a_model_that_is_neither_folder_nor_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no such embedding model"):
        make_encoder(EmbeddingConfig(model="../no such/model"))


def test_the_best_question_of_each_passage(tiny_index: Path) -> None:
    index = load(tiny_index)
    scores = np.random.default_rng(3).random(len(index.asker)).astype(np.float32)
    best = index.best_of_questions(scores)
    counts = np.diff(index.question_starts)
    assert counts.min() == 0
    for passage, count in enumerate(counts.tolist()):
        own = scores[index.asker == passage]
        assert best[passage] == (own.max() if count else 0.0)
