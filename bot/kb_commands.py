"""``bot kb``: check the curated base, import statute texts, compare sources, draw the ledger."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.copilot.learned import LearnedFiles
from bot.copilot.regressions import regressions
from bot.core import make_store, open_law_base
from bot.domain.clock import SystemClock, china_date
from bot.errors import LawbridgeError, StorageUnavailable
from bot.lawbase.repository import LawRepository
from bot.lawbase.service import ImportResult, LawImport
from bot.log import configure
from bot.settings import ROOT, Settings
from knowledge_base.freshness import Kind, draw
from knowledge_base.loader import load
from knowledge_base.sources import SOURCES, NotASource, Problem, SourceReport
from retrieval.search import Searcher

kb_app = typer.Typer(no_args_is_help=True, help="知识库：检查、导入法规全文、核对新旧")
import_app = typer.Typer(
    no_args_is_help=True, help="导入法规全文；随时可以重来，没变的不会重复写入"
)
kb_app.add_typer(import_app, name="import")

LEDGER_TITLES: dict[Kind, str] = {
    "law": "要点所据的版本已不是现行版本",
    "article": "要点引用了变动的法律",
    "answer": "解答引用了变动的法律",
    "case": "案例引用了变动的法律",
    "rule": "新旧衔接规则引用了变动的法律",
    "calculator": "算法引用了变动的法律",
    "document": "文书引用了变动的法律",
    "interview": "引导咨询引用了变动的法律",
    "safety": "安全提示引用了变动的法律",
    "coming": "已通过、将要施行的新文本",
    "source": "一个来源比另一个旧",
    "test": "测试里引用的旧法（多为有意）",
    "gap": "已知缺失",
}
STALE = frozenset(LEDGER_TITLES) - {"coming", "source", "test", "gap"}

console = Console(stderr=True)
SHOWN = 10
Yes = Annotated[bool, typer.Option("--yes", help="即使会撤下大量已有版本也导入")]
Folder = Annotated[Path, typer.Argument(help="法规文本所在的目录")]


@kb_app.command("check")
def check(
    corpora: Annotated[Path | None, typer.Option(help="法规全文目录，用来核对数字")] = None,
) -> None:
    """检查知识库的结构、引用和数字。"""
    from knowledge_base.check import main

    arguments = ["--corpora", str(corpora)] if corpora else []
    raise typer.Exit(main(arguments))


@import_app.command("lawrefbook")
def import_lawrefbook(folder: Folder, yes: Yes = False) -> None:
    """导入 LawRefBook/Laws 的目录（法律、行政法规、司法解释、部门规章）。"""
    _import("lawrefbook", lambda advance: SOURCES["lawrefbook"](folder, advance), force=yes)


@import_app.command("just-laws")
def import_just_laws(folder: Folder, yes: Yes = False) -> None:
    """导入 just-laws 的目录（现行法律）。"""
    _import("just-laws", lambda advance: SOURCES["just-laws"](folder, advance), force=yes)


@import_app.command("docx")
def import_docx(
    files: Annotated[list[Path], typer.Argument(help="国家法律法规数据库下载的 .docx 文件")],
) -> None:
    """导入国家法律法规数据库下载的 .docx；只增补所给的法规，不动其他。"""
    from knowledge_base.sources.docx import read_files

    _import("docx", lambda advance: read_files(files, advance), whole=False)


@kb_app.command("differences")
def differences() -> None:
    """列出两个来源对同一版本说法不一的条文（制表符分隔）。"""
    with _explained():
        found = list(_service().differences())
    for one in found:
        passed = one.passed.isoformat() if one.passed else ""
        typer.echo(
            "\t".join((one.law, passed, f"第{one.number}条", "｜".join(one.sources), one.problem))
        )
    console.print(f"共 {len(found)} 处不一致。以国家法律法规数据库的文本为准核对。")


@kb_app.command("freshness")
def freshness(
    tests: Annotated[Path | None, typer.Option(help="测试目录，一并查其中引用的旧法")] = None,
) -> None:
    """核对新旧：哪些来源更新、哪些要点和解答引用了变动的法律；结果存入数据库。"""
    settings = Settings()
    with _explained():
        clock = SystemClock()
        base = open_law_base(make_store(settings), clock)
        kb, today = load(settings.knowledge_dir), china_date(clock.now())
        folder = tests or ROOT / "tests"
        lines = draw(kb, settings.knowledge_dir, base.verifier, today, folder)
        as_of = base.coverage.of({"法律"}) or kb.as_of
        base.texts.keep_ledger(as_of, [asdict(line) for line in lines])
    for level, day in sorted(base.coverage.days.items(), key=lambda pair: pair[1], reverse=True):
        typer.echo(f"法律库截至 {day}：{level}")
    for kind, title in LEDGER_TITLES.items():
        found = [line for line in lines if line.kind == kind]
        if found:
            typer.echo(f"\n{title}（{len(found)}）")
        for line in found:
            typer.echo(f"  {line.subject}\t{line.note}")
    stale = sum(line.kind in STALE for line in lines)
    console.print(f"\n共 {len(lines)} 行，其中自带内容引用了变动法律的 {stale} 处；已存入数据库。")
    raise typer.Exit(1 if stale else 0)


def _import(
    source: str,
    read: Callable[[Callable[[int, int], None]], SourceReport],
    *,
    whole: bool = True,
    force: bool = False,
) -> None:
    configure("ERROR", json=False)
    with _explained(), _progress() as progress:
        reading = progress.add_task("读取文件", total=None)
        report = read(lambda done, total: progress.update(reading, completed=done, total=total))
        writing = progress.add_task("写入新的文本", total=None)
        service = _service(
            waiting=lambda: progress.console.print(
                "数据库正忙，等一等再写；按 Ctrl-C 中止，以后可接着导入。"
            )
        )
        result = service.run(
            source,
            report,
            whole=whole,
            force=force,
            advance=lambda done, total: progress.update(writing, completed=done, total=total),
        )
        progress.update(writing, total=max(1, result.new), completed=max(1, result.new))
    _tell(result)
    if result.source == "docx" and result.files > result.versions:
        raise typer.Exit(1)


def _tell(result: ImportResult) -> None:
    console.print(
        f"[green]✓[/] {result.source}：读了 {result.files} 个文件，"
        f"{result.versions} 个版本，{result.articles} 条"
        f"（新增 {result.new}，没变 {result.unchanged}，撤下 {result.gone}；"
        f"索引、案例、修正案等 {len(result.skipped)} 个文件不是法规，未导入）",
        soft_wrap=True,
    )
    lost = result.files - result.versions if result.source == "docx" else 0
    if lost > 0:
        console.print(f"[red]有 {lost} 个文件没有导入[/]，原因如下：")
    if result.problems:
        console.print(f"[yellow]有 {len(result.problems)} 处没能读成条文：[/]")
        for kind, count in Counter(_kind(p) for p in result.problems).most_common():
            console.print(f"  {count:>4} 处  {kind}")
        path = _written(result.source, result.problems)
        console.print(f"  每一处的文件和行号见 {path}", soft_wrap=True)
        for problem in result.problems[:SHOWN]:
            where = f"  {problem.file}:{problem.line}  {problem.problem}"
            console.print(where, highlight=False, soft_wrap=True)
    console.print("两个来源的不一致：bot kb differences；哪些内容过时：bot kb freshness")
    console.print("正在运行的服务，重启后采用新的版本登记。")


def _kind(problem: Problem) -> str:
    if problem.problem.startswith("文本中没有第"):
        return "条号不连续"
    if "是同一版本" in problem.problem:
        return "两个文件是同一版本"
    if "重复，前一处" in problem.problem:
        return "条号重复"
    return problem.problem


def _written(source: str, problems: tuple[Problem, ...]) -> Path:
    path = Settings().data_dir / "imports" / f"{source}.problems.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (f"{p.file}\t{p.line}\t{p.problem}" for p in problems)
    path.write_text("文件\t行\t问题\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def _service(waiting: Callable[[], None] = lambda: None) -> LawImport:
    clock = SystemClock()
    repository = LawRepository(make_store(Settings()), clock)
    return LawImport(repository, clock, waiting=waiting)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except StorageUnavailable:
        console.print(
            "[red]✗[/] 数据库一直被占用或写不进去（磁盘满了？）。处理后再运行同一命令，会接着导入。"
        )
        raise typer.Exit(1) from None
    except (LawbridgeError, NotASource) as error:
        console.print(f"[red]✗[/] {error}", highlight=False)
        raise typer.Exit(1) from None
    except FileNotFoundError as error:
        console.print(f"[red]✗[/] 没有 {error.filename or error}", highlight=False)
        raise typer.Exit(1) from None
    except OSError as error:
        console.print(
            f"[red]✗[/] {error.filename or ''} 读写不了：{error.strerror}", highlight=False
        )
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("已中止。原有的法规文本照常使用；再运行同一命令会接着导入。")
        raise typer.Exit(130) from None


@kb_app.command("regressions")
def try_regressions() -> None:
    """用律师改错收录的问题检查检索：对的条文在不在前三条；有不在的，以 1 退出。"""
    settings = Settings()
    console = Console()
    try:
        report = regressions(
            Searcher.load(settings.resolved_index_dir),
            LearnedFiles(settings.data_dir).regressions,
            held=load(settings.knowledge_dir).articles,
            on=china_date(SystemClock().now()),
        )
    except (OSError, ValueError) as error:
        Console(stderr=True).print(str(error), style="red", soft_wrap=True)
        raise typer.Exit(2) from error
    missing = f"；库里没有的 {len(report.not_held)} 题" if report.not_held else ""
    console.print(f"{report.cases} 题，前三条命中 {report.hits} 题{missing}", soft_wrap=True)
    for one in report.failures:
        found = "、".join(one.found) or "无"
        expected = "、".join(one.expected)
        console.print(f"  {one.question}：应为 {expected}，得到 {found}", soft_wrap=True)
    raise typer.Exit(1 if report.failures else 0)
