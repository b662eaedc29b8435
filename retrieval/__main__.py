"""Commands: build an index, evaluate it on judged questions, train the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from knowledge_base.loader import load as load_knowledge
from knowledge_base.sources import SOURCES
from retrieval.building import build as build_index
from retrieval.corpus import passages
from retrieval.encoders import MODEL, EmbeddingConfig
from retrieval.evaluate import QueryFileError, evaluate_files
from retrieval.index import IN_PROCESS

CASES = Path("var/train/cases.pickle")

app = typer.Typer(help="法律知识检索：建索引、评测、训练", no_args_is_help=True)


def _fail(message: str) -> typer.Exit:
    Console(stderr=True).print(message, style="red", soft_wrap=True)
    return typer.Exit(2)


def _sources(pairs: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for pair in pairs:
        name, equals, folder = pair.partition("=")
        if not equals or name not in SOURCES:
            raise _fail(f"--laws wants NAME=DIR with NAME one of {', '.join(SOURCES)}: {pair}")
        if not Path(folder).is_dir():
            raise _fail(f"no such folder: {folder}")
        found[name] = Path(folder)
    return found


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="索引目录")],
    laws: Annotated[list[str] | None, typer.Option(help="法规来源，如 just-laws=目录")] = None,
    model: Annotated[str, typer.Option(help="builtin、目录或模型名")] = "builtin",
    prompt: Annotated[str, typer.Option(help="查询前缀")] = "",
    store: Annotated[str, typer.Option(help="faiss，或 Milvus 的地址")] = IN_PROCESS,
) -> None:
    """建立索引；内容未变时什么也不做。"""
    sources = _sources(laws or [])
    try:
        info = build_index(
            passages(load_knowledge(), sources),
            out,
            embedding=EmbeddingConfig(model, prompt),
            store=store,
            show_progress=True,
        )
    except (OSError, ValueError) as error:
        raise _fail(str(error)) from error
    print(f"{info.passages} passages, {info.articles} articles, built in {info.build_s} s")


@app.command()
def evaluate(
    index: Annotated[Path, typer.Option(help="索引目录")],
    queries: Annotated[Path, typer.Option(help="问题文件（JSONL）")],
    json: Annotated[Path, typer.Option(help="结果文件")],
    run: Annotated[Path | None, typer.Option(help="TREC run 文件")] = None,
) -> None:
    """用标注好的问题评测索引。"""
    try:
        report = evaluate_files(index, queries, json, run)
    except (QueryFileError, OSError, ValueError) as error:
        raise _fail(str(error)) from error
    for system in ("bm25", "dense", "full"):
        print(system, report[system])


@app.command()
def train(
    corpora: Annotated[Path, typer.Option(help="语料目录")] = Path("../shared/corpora"),
    out: Annotated[Path, typer.Option(help="模型目录")] = MODEL,
    cases: Annotated[Path, typer.Option(help="交叉验证的结果，供 tables 使用")] = CASES,
) -> None:
    """重新训练内置模型。"""
    if not (corpora / "consultations" / "stard-train.jsonl").exists():
        raise _fail(f"no judged questions in {corpora}")
    # Imported here: torch and gensim are wanted by training alone.
    from retrieval.train import train as run_training

    run_training(load_knowledge(), corpora, out, cases, Console())


@app.command()
def tables(
    cases: Annotated[Path, typer.Option(help="train 留下的交叉验证结果")] = CASES,
    plots: Annotated[Path, typer.Option(help="图")] = Path("docs/images"),
    results: Annotated[Path, typer.Option(help="数字")] = Path("benchmarks/retrieval-results.json"),
) -> None:
    """重算文档里的表和图。"""
    if not cases.exists():
        raise _fail(f"no {cases}; run `make train` first")
    # Imported here: LightGBM is wanted by training alone.
    from retrieval.tables import write_tables

    write_tables(cases, plots, results, print)


if __name__ == "__main__":
    app()
