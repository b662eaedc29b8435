"""Metrics against ir-measures, and the report's form."""

from __future__ import annotations

import json
from pathlib import Path

import ir_measures
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG
from typer.testing import CliRunner

from retrieval.__main__ import app
from retrieval.evaluate import Query, metrics, read_queries

_KEYS = [f"法/{i}" for i in range(30)]
_CASES = st.lists(
    st.tuples(
        st.permutations(_KEYS), st.sets(st.sampled_from(_KEYS), min_size=1), st.integers(0, 30)
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(_CASES)
def test_metrics_equal_those_of_ir_measures(cases: list[tuple[list[str], set[str], int]]) -> None:
    queries = [Query(str(i), "", frozenset(gold)) for i, (_, gold, _) in enumerate(cases)]
    rankings = [order[:cut] for order, _, cut in cases]
    qrels = {str(i): dict.fromkeys(gold, 1) for i, (_, gold, _) in enumerate(cases)}
    run = {
        str(i): {key: float(100 - rank) for rank, key in enumerate(ranking)}
        for i, ranking in enumerate(rankings)
    }
    names = {R @ 1: "R@1", R @ 10: "R@10", R @ 20: "R@20", Success @ 3: "hit@3"}
    names |= {RR @ 10: "MRR@10", nDCG @ 10: "nDCG@10"}
    expected = ir_measures.calc_aggregate(list(names), qrels, run)
    ours = metrics(rankings, queries)
    for measure, name in names.items():
        assert ours[name] == pytest.approx(expected[measure], abs=1e-4), name


def test_queries_without_gold_do_not_count() -> None:
    queries = [Query("1", "", frozenset({"法/1"})), Query("2", "", frozenset())]
    assert metrics([["法/1"], ["法/2"]], queries)["R@1"] == 1.0


def _write(path: Path, *lines: object) -> Path:
    text = "".join(
        (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n"
        for line in lines
    )
    path.write_text(text, encoding="utf-8")
    return path


def test_gold_names_go_through_the_citation_parser(tmp_path: Path) -> None:
    gold = [{"name": "中华人民共和国劳动合同法第八十二条"}, {"name": "渔业法第三条"}]
    file = _write(tmp_path / "q.jsonl", {"query_id": 1, "text": "问", "articles": gold})
    read = read_queries(file, frozenset({"劳动合同法/82"}))
    assert read.queries[0].gold == {"劳动合同法/82"}
    assert read.missing == ("渔业法第三条",)


def test_a_wrong_line_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    file = _write(tmp_path / "q.jsonl", "{", {"query_id": "2", "text": "问", "articles": []})
    read = read_queries(file, frozenset())
    assert [query.id for query in read.queries] == ["2"]
    assert read.errors[0]["line"] == 1


def test_the_report_has_the_documented_form(tiny_index: Path, tmp_path: Path) -> None:
    questions = _write(
        tmp_path / "q.jsonl",
        {"query_id": "a", "text": "狗咬人", "articles": [{"name": "民法典第一千二百四十五条"}]},
        {"query_id": "b", "text": "没签合同", "articles": [{"name": "劳动合同法第八十二条"}]},
    )
    report, run = tmp_path / "out" / "report.json", tmp_path / "out" / "run.trec"
    arguments = ["--index", tiny_index, "--queries", questions, "--json", report, "--run", run]
    done = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    found = json.loads(report.read_text(encoding="utf-8"))
    for system in ("bm25", "dense", "full"):
        assert set(found[system]) == {
            *("R@1", "R@5", "R@10", "R@20", "R@50", "R@100"),
            *("hit@3", "MRR@10", "nDCG@10", "p50_ms", "p95_ms"),
        }
    assert found["full"]["R@1"] == 1.0
    assert (found["queries"], found["articles"], found["gold_missing"]) == (2, 4, [])
    assert found["build_s"] > 0
    assert found["index_bytes"] > 1000
    assert found["peak_mb"] > 10
    lines = [line.split() for line in run.read_text(encoding="utf-8").splitlines()]
    assert {len(line) for line in lines} == {6}
    assert lines[0][:4] == ["a", "Q0", "民法典/1245", "1"]


def test_a_missing_file_is_one_line_and_exit_2(tiny_index: Path, tmp_path: Path) -> None:
    arguments = ["--index", tiny_index, "--queries", tmp_path / "none", "--json", tmp_path / "o"]
    done = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_an_unknown_statute_source_is_exit_2(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["build", "--out", str(tmp_path), "--laws", "elsewhere=/x"])
    assert done.exit_code == 2
