"""The commands say in one line what is wrong, and end with 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from retrieval.__main__ import app


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    file = tmp_path / "queries.jsonl"
    line = '{"query_id": "1", "text": "狗咬人", "articles": [{"name": "民法典第一千二百四十五条"}]}'
    file.write_text(line + "\n", encoding="utf-8")
    return file


def _says(result: Result, word: str) -> None:
    assert result.exit_code == 2
    assert word in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.output


def test_a_milvus_that_does_not_answer(tmp_path: Path) -> None:
    _says(_run("build", "--out", str(tmp_path), "--store", "http://127.0.0.1:9"), "does not answer")


@pytest.mark.parametrize("laws", ["nonsense", "lawrefbook=/no/such/folder"])
def test_a_source_that_is_none(tmp_path: Path, laws: str) -> None:
    _says(_run("build", "--out", str(tmp_path), "--laws", laws), laws.rpartition("=")[2])


def test_a_model_that_is_none(tmp_path: Path) -> None:
    _says(_run("build", "--out", str(tmp_path), "--model", "no such model"), "no such embedding")


def test_an_index_that_is_not_there(tmp_path: Path, queries: Path) -> None:
    out = str(tmp_path / "out.json")
    result = _run("evaluate", "--index", str(tmp_path), "--queries", str(queries), "--json", out)
    _says(result, "no search index")


def test_an_index_that_is_damaged(tmp_path: Path, queries: Path) -> None:
    (tmp_path / "CURRENT").write_text("broken", encoding="utf-8")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "info.json").write_text("{", encoding="utf-8")
    out = str(tmp_path / "out.json")
    result = _run("evaluate", "--index", str(tmp_path), "--queries", str(queries), "--json", out)
    _says(result, "build it again")


def test_questions_that_cannot_be_read(tmp_path: Path, tiny_index: Path) -> None:
    out = str(tmp_path / "out.json")
    missing = str(tmp_path / "none.jsonl")
    _says(
        _run("evaluate", "--index", str(tiny_index), "--queries", missing, "--json", out),
        "none.jsonl",
    )


def test_training_without_the_corpora(tmp_path: Path) -> None:
    _says(_run("train", "--corpora", str(tmp_path)), "no judged questions")


def test_tables_before_training(tmp_path: Path) -> None:
    _says(_run("tables", "--cases", str(tmp_path / "none")), "make train")
