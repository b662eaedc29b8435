"""``bot kb regressions`` on an index of the curated base."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.kb_commands import kb_app
from knowledge_base.loader import load
from knowledge_base.passages import passages
from retrieval.building import build


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    labour = [p for p in passages(load()) if p.key.startswith("劳动")]
    build(labour, folder)
    return folder


@pytest.mark.parametrize(
    ("cases", "code", "said"),
    [
        ("没签合同能要双倍工资吗\t劳动合同法/82\n", 0, "1 题，前三条命中 1 题"),
        ("没签合同能要双倍工资吗\t劳动法/44\n", 1, "应为 劳动法/44"),
    ],
)
def test_the_report_says_what_no_longer_is_found(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cases: str, code: int, said: str
) -> None:
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BOT_INDEX_DIR", str(index))
    (tmp_path / "regressions.tsv").write_text(cases, encoding="utf-8")
    result = CliRunner().invoke(kb_app, ["regressions"])
    assert result.exit_code == code
    assert said in result.output


def test_without_an_index_it_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BOT_INDEX_DIR", str(tmp_path / "none"))
    result = CliRunner().invoke(kb_app, ["regressions"])
    assert result.exit_code == 2
    assert "no search index" in result.output
