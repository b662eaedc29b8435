"""The floor: the full statutes, judged by the questions that training never read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from knowledge_base.loader import load
from retrieval.corpus import passages
from retrieval.evaluate import evaluate_files
from retrieval.index import build
from retrieval.train_split import is_held_out

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"
QUESTIONS = CORPORA / "consultations" / "stard-train.jsonl"


@pytest.mark.slow
@pytest.mark.corpora
def test_held_out_lay_questions_find_their_statutes(tmp_path: Path) -> None:
    if not QUESTIONS.exists():
        pytest.skip("needs the statute texts and judged questions in ../shared/corpora")
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    held_out = [line for line in lines if is_held_out(str(json.loads(line)["query_id"]))]
    (tmp_path / "queries.jsonl").write_text("\n".join(held_out), encoding="utf-8")
    sources = {name: CORPORA / name for name in ("lawrefbook", "just-laws")}
    build(passages(load(), sources), tmp_path / "index")
    report = evaluate_files(
        tmp_path / "index", tmp_path / "queries.jsonl", tmp_path / "report.json", None
    )
    assert report["queries"] > 200
    assert report["articles"] > 55_000
    assert report["full"]["R@10"] >= 0.55
    assert report["full"]["R@10"] > report["bm25"]["R@10"] + 0.05
    assert report["full"]["MRR@10"] > report["bm25"]["MRR@10"]
