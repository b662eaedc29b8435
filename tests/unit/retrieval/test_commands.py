"""The commands say in one line what is wrong, and end with 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from retrieval.__main__ import app


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    file = tmp_path / "queries.jsonl"
    line = '{"query_id": "1", "text": "狗咬人", "articles": [{"name": "民法典第一千二百四十五条"}]}'
    file.write_text(line + "\n", encoding="utf-8")
    return file


def _complaint(*arguments: str) -> str:
    """Run a command that must fail, and return the one line that it says."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    (line,) = result.stderr.strip().splitlines()
    return line


def _evaluate(index: Path, queries: Path, out: Path) -> str:
    where = ("--index", str(index), "--queries", str(queries))
    return _complaint("evaluate", *where, "--json", str(out / "out.json"))


def test_a_milvus_that_does_not_answer(tmp_path: Path) -> None:
    command = ("build", "--out", str(tmp_path), "--store", "http://127.0.0.1:9")
    assert "does not answer" in _complaint(*command)


@pytest.mark.parametrize("laws", ["nonsense", "lawrefbook=/no/such/folder"])
def test_a_source_that_is_none(tmp_path: Path, laws: str) -> None:
    said = _complaint("build", "--out", str(tmp_path), "--laws", laws)
    assert laws.rpartition("=")[2] in said


def test_a_model_that_is_none(tmp_path: Path) -> None:
    said = _complaint("build", "--out", str(tmp_path), "--model", "no such model")
    assert "no such embedding" in said


def test_an_index_that_is_not_there(tmp_path: Path, queries: Path) -> None:
    assert "no search index" in _evaluate(tmp_path, queries, tmp_path)


def test_an_index_that_is_damaged(tmp_path: Path, queries: Path) -> None:
    (tmp_path / "CURRENT").write_text("broken", encoding="utf-8")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "info.json").write_text("{", encoding="utf-8")
    assert "build it again" in _evaluate(tmp_path, queries, tmp_path)


def test_questions_that_cannot_be_read(tmp_path: Path, tiny_index: Path) -> None:
    assert "none.jsonl" in _evaluate(tiny_index, tmp_path / "none.jsonl", tmp_path)


def test_training_without_the_corpora(tmp_path: Path) -> None:
    assert "no judged questions" in _complaint("train", "--corpora", str(tmp_path))


def test_tables_before_training(tmp_path: Path) -> None:
    assert "make train" in _complaint("tables", "--cases", str(tmp_path / "none"))
